"""Trains a model, evaluates it on what was held out, and exports it.

    python -m rankiqa_tf.train --flagfile=configs/quickstart.cfg --workdir=runs/first

The working folder then holds model.keras, saved_model/, model.tflite, report.html,
figures/, results.json, and what is needed to go on. Stopped anywhere, the same command
goes on where it was. With --strategy=multi_worker it is started on each machine, with
the same flags and TF_CONFIG as TensorFlow wants it; only the first, the chief, writes.

Exit code: 0 when done, 1 when something failed on the way, 2 if nothing could be begun,
75 if another machine was lost, 130 if it was stopped by Ctrl-C. After 75 and 130 the
same command goes on, on all machines.
"""

import contextlib
import functools
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from rankiqa_tf import surroundings

if not surroundings.settle("distortions", "export"):
    sys.exit(surroundings.FAILED)

from absl import flags

from distortions import program
from export import forms
from export import gate
from export import saved_model
from export import tflite
from rankiqa_tf import config as config_lib
from rankiqa_tf.evaluation import metrics
from rankiqa_tf.evaluation import run_page
from rankiqa_tf.model import Model
from rankiqa_tf.training import run as run_lib
from rankiqa_tf.training import stopping
from rankiqa_tf.training import workers

_WORKDIR = flags.DEFINE_string(
    "workdir", None, "Folder of the run; made if it is not there.", required=True
)
config_lib.define_flags()
flags.adopt_module_key_flags(config_lib)


_LOST = 75  # What sysexits.h calls a failure that is worth another try.


def export_model(workdir: Path, photos: Sequence[Path]) -> dict[str, float]:
    """Exports the saved model, and returns how far the exports are from it.

    It is loaded anew: one that several devices share cannot be exported.

    Raises:
        ValueError: if an export cannot be made, or is too far from the model.
    """
    model = Model.load(workdir / run_lib.MODEL)
    # Photos alone: distorted versions of them tell more where precision is lost.
    passes = gate.Gate(forms.Keras(model), photos=photos, distort=False)
    try:
        agreements = [
            *passes.write(
                functools.partial(saved_model.write, model), workdir / "saved_model"
            ),
            *passes.write(
                functools.partial(tflite.write, model), workdir / "model.tflite"
            ),
        ]
    except RuntimeError as error:  # Of the process that converts.
        raise ValueError(str(error)) from error
    names = ("saved_model/bytes", "saved_model/pixels", "tflite")
    return {
        f"agreement/{name}": agreement.difference
        for name, agreement in zip(names, agreements, strict=True)
    }


def main(argv: list[str]) -> int:
    """Runs what the flags say and returns the exit code."""
    with contextlib.ExitStack() as stack:
        return _main(argv, stack)


def _main(argv: list[str], stack: contextlib.ExitStack) -> int:
    workdir = Path(_WORKDIR.value)
    try:
        if argv[1:]:
            raise ValueError(f"flags only, not {' '.join(argv[1:])}")
        config = config_lib.from_flags()
        stack.enter_context(run_lib.held(config, workdir))
        run = run_lib.prepare(config, workdir)
    except workers.Lost as lost:
        print(f"{lost}; the same command on all machines begins anew", file=sys.stderr)
        return _LOST
    except (ValueError, OSError, ModuleNotFoundError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    try:
        with stopping.on_signals() as stop:
            figures = run_lib.carry_out(
                run,
                stop=stop,
                export=export_model,
                command=f"python -m rankiqa_tf.train {shlex.join(sys.argv[1:])}",
            )
    except stopping.Interrupted as stopped:
        print(f"{stopped}; the same command goes on from here", file=sys.stderr)
        return 130
    except workers.Lost as lost:
        print(
            f"{lost}; the same command on all machines goes on from the last "
            "checkpoint",
            file=sys.stderr,
        )
        return _LOST
    except (ValueError, FloatingPointError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if not run.worker.is_chief:
        run.worker.leave(workdir)
        print("done: the chief has the model")
        return 0
    print(metrics.to_json(figures, indent=2))
    print(
        f"done: {workdir}/{run_lib.MODEL}, saved_model/, model.tflite, results.json, "
        f"and a page of it all: {workdir}/{run_page.NAME}"
    )
    return 0


if __name__ == "__main__":
    program.run(main)
