"""Trains a model, evaluates it on what was held out, and exports it.

A model is ranked on photos without scores, fine-tuned on human scores, or both, one
after the other (--stage). The same command resumes a run that was stopped.

    python -m rankiqa_tf.train --flagfile=configs/quickstart.cfg --workdir=runs/first
    python -m rankiqa_tf.train --stage=finetune --init=lite0-ranked --dataset=scores.csv --workdir=runs/mine

The working folder then holds model.keras, saved_model/, model.tflite, report.html,
figures/, results.json, and what is needed to resume. With --strategy=multi_worker it is
started on each machine, with the same flags and TF_CONFIG as TensorFlow wants it; only
the first, the chief, writes.

Exit code: 0 when done; 1 if something failed on the way; 2 if nothing was begun; 75 if
another machine was lost; 130 if it was stopped by Ctrl-C. After 75 and 130 the same
command resumes, on all machines.
"""  # noqa: E501 - a command is not cut in two.

# ruff: noqa: E402 - what takes long to import comes after the command line is read.

from rankiqa_tf import surroundings

surroundings.settle("distortions", "export")

from absl import flags

from distortions import exit_codes
from distortions import program
from rankiqa_tf import config as config_lib

_WORKDIR = flags.DEFINE_string(
    "workdir", None, "Folder of the run; made if it is not there.", required=True
)
config_lib.define_flags()
program.begin(__name__, __doc__, {"The run": ["workdir"], **config_lib.OPTION_GROUPS})

surroundings.settle_keras()

import functools
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from export import forms
from export import gate
from export import saved_model
from export import tflite
from rankiqa_tf.evaluation import metrics
from rankiqa_tf.evaluation import run_page
from rankiqa_tf.model import Model
from rankiqa_tf.training import run as run_lib
from rankiqa_tf.training import stopping
from rankiqa_tf.training import workers


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
    workdir = Path(_WORKDIR.value)
    try:
        if argv[1:]:
            raise ValueError(f"flags only, not {' '.join(argv[1:])}")
        config = config_lib.from_flags()
        program.hold(run_lib.held(config, workdir))
        run = run_lib.prepare(config, workdir)
    except workers.Lost as lost:
        print(f"{lost}; the same command on all machines begins anew", file=sys.stderr)
        return exit_codes.TRY_AGAIN
    except (ValueError, OSError, ModuleNotFoundError) as error:
        return program.fail(error, exit_codes.NOTHING_BEGUN)
    try:
        with stopping.on_signals() as stop:
            figures = run_lib.carry_out(
                run,
                stop=stop,
                export=export_model,
                command=f"python -m rankiqa_tf.train {shlex.join(sys.argv[1:])}",
            )
    except stopping.Interrupted as stopped:
        print(f"{stopped}; the same command resumes from here", file=sys.stderr)
        return exit_codes.INTERRUPTED
    except workers.Lost as lost:
        print(
            f"{lost}; the same command on all machines resumes from the last "
            "checkpoint",
            file=sys.stderr,
        )
        return exit_codes.TRY_AGAIN
    except (ValueError, FloatingPointError) as error:
        return program.fail(error, exit_codes.FAILED)
    if not run.worker.is_chief:
        run.worker.leave(workdir)
        print("done: the chief has the model")
        return exit_codes.DONE
    print(metrics.to_json(figures, indent=2))
    print(
        f"done: {workdir}/{run_lib.MODEL}, saved_model/, model.tflite, results.json, "
        f"and a page of it all: {workdir}/{run_page.NAME}"
    )
    return exit_codes.DONE


if __name__ == "__main__":
    program.run(main)
