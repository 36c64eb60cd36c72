"""Compares the paper's methods on a data set, over splits by reference.

    python -m rankiqa_tf.benchmark --flagfile=configs/x.cfg --dataset=live --data_dir=DIR --photos=PHOTOS --workdir=runs/live

Baseline is fine-tuned from --init; RankIQA is ranked on --photos, once; RankIQA+FT is
fine-tuned from that ranker. The working folder then holds report.html, table.md,
table.csv, results.json, splits.json, ranked.keras, and a folder a split with models and
predictions; the tables grow with every split. The same command resumes a benchmark that
was stopped.

Exit code: 0 when done; 1 if something failed on the way; 2 if nothing was begun; 130 if
it was stopped by Ctrl-C.
"""  # noqa: E501 - a command is not cut in two.

# ruff: noqa: E402 - what takes long to import comes after the command line is read.

from rankiqa_tf import surroundings

surroundings.settle("distortions")

from absl import flags

from distortions import exit_codes
from distortions import program
from rankiqa_tf import choices
from rankiqa_tf import config as config_lib
from rankiqa_tf import scoring_flags
from rankiqa_tf.config import Config

_WORKDIR = flags.DEFINE_string(
    "workdir", None, "Folder of the benchmark; made if it is not there.", required=True
)
_METHODS = flags.DEFINE_list(
    "methods", list(choices.METHODS), "Which methods to compare, joined by commas."
)
_SPLITS = flags.DEFINE_integer(
    "splits",
    0,
    "How many splits to draw; 0 for 10, as in the paper. If the data set has an "
    "official split, how often to train on it, each time with another seed; 0 for "
    "once.",
    lower_bound=0,
)
_SPLITS_FILE = flags.DEFINE_string(
    "splits_file",
    "",
    "A splits.json, or a CSV file with a column for each split, such as pyiqa's "
    "meta_info files, to take instead of drawing splits.",
)
_RANKED = flags.DEFINE_string(
    "ranked", "", "A ranked model.keras to take instead of ranking --photos."
)
_CROPS = scoring_flags.define_crops()
config_lib.define_flags()
program.begin(
    __name__,
    __doc__,
    {
        "The benchmark": [
            "workdir",
            "methods",
            "splits",
            "splits_file",
            "ranked",
            "crops",
        ],
        **config_lib.OPTION_GROUPS,
    },
)

surroundings.settle_keras()

import dataclasses
import datetime
import shlex
import sys
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rankiqa_tf import datasets
from rankiqa_tf import version
from rankiqa_tf.data import whole_file
from rankiqa_tf.data.versions import Versions
from rankiqa_tf.datasets import splits as splits_lib
from rankiqa_tf.datasets import splits_file
from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.datasets.splits import Split
from rankiqa_tf.evaluation import figures as figures_lib
from rankiqa_tf.evaluation import page
from rankiqa_tf.evaluation import settings as settings_lib
from rankiqa_tf.evaluation import tables
from rankiqa_tf.evaluation.opinion_check import OpinionScores
from rankiqa_tf.model import Model
from rankiqa_tf.training import devices
from rankiqa_tf.training import methods as methods_lib
from rankiqa_tf.training import run_data
from rankiqa_tf.training import run_folder
from rankiqa_tf.training import stages
from rankiqa_tf.training import stopping


@dataclasses.dataclass(frozen=True, kw_only=True)
class Benchmark:
    """What is compared, on what.

    Attributes:
        config: the options of training.
        methods: names in `methods_lib.METHODS`.
        data: the data set.
        splits: of its photos.
        photos: to rank; None where nothing is to be ranked.
        ranked: a ranker's file that is there already, or None.
        crops: what photos are scored by.
        workdir: where everything goes.
    """

    config: Config
    methods: Sequence[str]
    data: datasets.DataSet
    splits: Sequence[Split[list[ScoredPhoto]]]
    photos: Split[Versions] | None
    ranked: Path | None
    crops: str
    workdir: Path

    def run(self, settings: dict[str, Any], stop: stopping.Stop) -> figures_lib.Figures:
        """Trains and tests every method on every split; reports after each split."""
        ranked = self.ranked
        if self.photos:
            ranked = methods_lib.rank(self.photos, self.config, self.workdir, stop=stop)
        results: dict[str, list[OpinionScores]] = {name: [] for name in self.methods}
        for number, split in enumerate(self.splits, start=1):
            seed = (self.config.seed + number - 1) % 2**31
            for name, found in results.items():
                print(f"split {number} of {len(self.splits)}: {name}", file=sys.stderr)
                scores = methods_lib.predict(
                    name,
                    split,
                    dataclasses.replace(self.config, seed=seed),
                    ranked=ranked,
                    crops=self.crops,
                    workdir=self.workdir / f"split_{number:02}",
                    stop=stop,
                )
                found.append(scores)
            last = number == len(self.splits)
            # A thousand draws of ten splits take minutes: only for what stays.
            figures = figures_lib.measure(
                results,
                dataset=self.data.name,
                unscaled=[n for n in results if not methods_lib.METHODS[n].finetunes],
                draws=1000 if last else 100,
            )
            self._report(figures, settings)
        return figures

    def _report(self, figures: figures_lib.Figures, settings: dict[str, Any]) -> None:
        whole_file.write(self.workdir / "table.md", tables.markdown(figures))
        whole_file.write(self.workdir / "table.csv", tables.to_csv(figures))
        run_folder.write_results(self.workdir, figures.summary())
        page.write(
            self.workdir / "report.html",
            figures,
            title=f"RankIQA on {tables.dataset_title(self.data.name)}",
            scale=self.data.scale,
            command=f"python -m rankiqa_tf.benchmark {shlex.join(sys.argv[1:])}",
            versions=version.packages(),
            settings=settings_lib.of_options(settings),
            date=datetime.date.today().isoformat(),
        )


def _options() -> tuple[Config, dict[str, Any]]:
    """Reads the flags, and what a folder remembers of them."""
    methods = list(dict.fromkeys(_METHODS.value))
    unknown = [name for name in methods if name not in methods_lib.METHODS]
    if unknown or not methods:
        raise ValueError(
            f"methods must be some of {', '.join(methods_lib.METHODS)}, not "
            f"{', '.join(unknown) or 'none'}"
        )
    ranks = any(methods_lib.METHODS[name].ranks for name in methods)
    if _RANKED.value and not ranks:
        raise ValueError(
            f"none of {', '.join(methods)} begins with a ranker: leave ranked out"
        )
    # The methods say what is trained, whatever a flagfile has as its stage.
    stage = "both" if ranks and not _RANKED.value else "finetune"
    config = config_lib.from_flags(stage=stage)
    if config.initial_model is not None:
        raise ValueError(
            "init is what Baseline and the ranker begin with: random, imagenet or a "
            f"file of weights, not {config.init}; give a ranker as ranked"
        )
    only_fits = not (_RANKED.value or config.rank_steps or config.finetune_steps)
    if only_fits and {"baseline", "rankiqa_ft"} <= {*methods}:
        raise ValueError(
            "rank_steps and finetune_steps are 0, so that only last layers are fitted: "
            "fine-tuning fits that of the ranker anew, and rankiqa_ft would be "
            "baseline. Give rank_steps, such as 150, or leave one of the two out of "
            "methods"
        )
    own = {
        "methods": methods,
        "splits": _SPLITS.value,
        "crops": _CROPS.value,
        "splits_file": _SPLITS_FILE.value,
        "ranked": _RANKED.value,
    }
    return config, config.options() | own


def _begin(config: Config, options: dict[str, Any], workdir: Path) -> Benchmark:
    """Reads and checks all that can be known before the slow part."""
    run_folder.check(workdir, options)
    data = run_data.data_set(config, workdir)
    if _SPLITS_FILE.value:
        splits = splits_file.read(_SPLITS_FILE.value, data.photos)
    elif data.official_split:
        splits = (_SPLITS.value or 1) * [data.official_split]
    else:
        splits = splits_lib.draw(
            data.photos,
            count=_SPLITS.value or 10,
            holdout=config.holdout,
            seed=config.seed,
        )
    divided = [splits_lib.divide(split, data.photos) for split in splits]
    for photos in divided:
        run_data.check_parts(photos, config)
    run_data.check_readable(data.photos, config)
    # Fails now if network, options and crops do not fit.
    stages.start(config).check_crops(_CROPS.value)
    ranked = Path(_RANKED.value) if _RANKED.value else None
    if ranked:
        Model.load(ranked).check_crops(_CROPS.value)
    to_rank = run_data.photos_to_rank(config) if config.ranks else None
    fingerprint: dict[str, Mapping[str, Any]] = {
        "scored photos": run_data.fingerprint_of_scores(data.photos)
    }
    if to_rank:
        fingerprint["photos"] = to_rank.fingerprint
    run_folder.claim(workdir, options, fingerprint)
    splits_file.write(workdir / "splits.json", splits)
    return Benchmark(
        config=config,
        methods=options["methods"],
        data=data,
        splits=divided,
        photos=to_rank.versions if to_rank else None,
        ranked=ranked,
        crops=_CROPS.value,
        workdir=workdir,
    )


def main(argv: list[str]) -> int:
    """Compares what the flags say and returns the exit code."""
    try:
        if argv[1:]:
            raise ValueError(f"flags only, not {' '.join(argv[1:])}")
        config, options = _options()
        if config.strategy == "multi_worker":
            raise ValueError(
                "a benchmark runs on one machine: give strategy none or mirrored"
            )
        strategy = devices.strategy(config.strategy)
        workdir = Path(_WORKDIR.value)
        program.hold(run_folder.held(workdir))
        benchmark = _begin(config, options, workdir)
    except (ValueError, OSError, ModuleNotFoundError) as error:
        return program.fail(error, exit_codes.NOTHING_BEGUN)
    try:
        with strategy.scope(), stopping.on_signals() as stop:
            figures = benchmark.run(options, stop)
    except stopping.Interrupted as stopped:
        print(f"{stopped}; the same command resumes from here", file=sys.stderr)
        return exit_codes.INTERRUPTED
    except (ValueError, FloatingPointError) as error:
        return program.fail(error, exit_codes.FAILED)
    print(tables.markdown(figures))
    print(f"done: {workdir}/report.html, table.md, table.csv, results.json")
    return exit_codes.DONE


if __name__ == "__main__":
    program.run(main)
