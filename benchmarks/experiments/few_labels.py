"""How many human scores does fine-tuning need, with and without ranking first?

    python -m benchmarks.experiments.few_labels --dataset=mos.csv --data_dir=images --ranked=runs/ranked/model.keras

The photos of seed 0's split are held out each time. Of the rest, the first so many in a
random order decided by the seed have a label. Writes few_labels.md and few_labels.png
into --output, and few_labels.csv, which a later call of the same command continues.
"""  # noqa: E501 - a command is not cut in two.

import csv
import dataclasses
import tempfile
from pathlib import Path

import keras
import numpy as np
from absl import flags
from matplotlib.figure import Figure

from benchmarks.experiments import ranking_run
from rankiqa_tf import config as config_lib
from rankiqa_tf.data import scored
from rankiqa_tf.datasets import scores_csv
from rankiqa_tf.datasets import splits
from rankiqa_tf.datasets.splits import Split
from rankiqa_tf.evaluation import metrics
from rankiqa_tf.evaluation import opinion_check
from rankiqa_tf.models import heads
from rankiqa_tf.models import ridge
from rankiqa_tf.training import stages
from rankiqa_tf.training import stopping
from rankiqa_tf.training.stages import targets

_RANKED = flags.DEFINE_string("ranked", None, "A ranked model.keras.", required=True)
_COUNTS = flags.DEFINE_list("counts", [50, 100, 200, 500, 1600], "Numbers of labels.")
_SEEDS = flags.DEFINE_integer("seeds", 3, "Draws of the labels.", lower_bound=1)
_OUTPUT = flags.DEFINE_string("output", "benchmarks/experiments", "Folder to write to.")
config_lib.define_flags()

KEYS = ("start", "steps", "mos_scale", "labels", "seed")


class Frozen:
    """Fits only the last layer; the features of each photo are computed once."""

    def __init__(self, config, photos):
        model = stages.start(config)
        extract, self._shares = heads.extractor(model.network)
        crops = scored.recipe_crops(photos, model.metadata.crop_size)
        self._features = np.stack([extract(grid) for grid, _ in crops])
        self._mos_scale = config.mos_scale
        self._photos = {photo.path: place for place, photo in enumerate(photos)}

    def srocc(self, split, seed):
        """Returns the held-out SROCC of a regression on the labelled photos."""
        del seed
        known, unknown = (
            self._features[[self._photos[photo.path] for photo in part]]
            for part in (split.training, split.held_out)
        )
        curve = targets.curve_of(split.training, self._mos_scale)
        learned = [p.mos for p in targets.with_targets(split.training, curve)]
        fitted = ridge.fit(known, np.array(learned), shares=self._shares, penalty=None)
        opinions = [photo.mos for photo in split.held_out]
        return metrics.srocc(fitted.predict(unknown), opinions)


class Tuned:
    """Fine-tunes the network as a training run does."""

    def __init__(self, config, photos):
        del photos
        self._config = config

    def srocc(self, split, seed):
        """Returns the held-out SROCC of a network trained on the labelled photos."""
        keras.backend.clear_session()
        config = dataclasses.replace(self._config, seed=seed)
        with tempfile.TemporaryDirectory() as folder:
            model, _ = stages.finetune(
                stages.start(config), split, config, Path(folder), stop=stopping.never
            )
        found = opinion_check.check(model.score_many, split.held_out)
        return found.summary("test")["test/srocc"]


def draw(found, path):
    """Draws a curve for each start, with bars for the range over seeds."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for start, by_count in found.items():
        counts = sorted(by_count)
        values = [np.array(by_count[count]) for count in counts]
        means = np.array([value.mean() for value in values])
        ends = [means - [v.min() for v in values], [v.max() for v in values] - means]
        ends = np.maximum(ends, 0)  # The mean of equal numbers may be off by rounding.
        axes.errorbar(counts, means, yerr=ends, marker="o", capsize=3, label=start)
    axes.set(xscale="log", xlabel="labels", ylabel="SROCC on the photos held out")
    axes.legend()
    figure.savefig(path, dpi=100)


def table(found):
    """Returns a table with a row per start and a column per number of labels."""
    counts = sorted({count for by_count in found.values() for count in by_count})
    rows = [["SROCC", *map(str, counts)], ["---"] * (1 + len(counts))]
    for start, by_count in found.items():
        cells = [
            f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"
            if values
            else ""
            for values in (by_count.get(count) for count in counts)
        ]
        rows.append([start, *cells])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def measure(config, path):
    """Fills the CSV file of results: a line per start, number of labels and seed."""
    photos = scores_csv.read(config.dataset, config.data_dir or None)
    groups = [photo.reference for photo in photos]
    rest, held_out = splits.hold_out(
        photos, holdout=config.holdout, seed=0, groups=groups
    )
    done = set()
    if path.is_file():
        with path.open(newline="") as file:
            done = {tuple(row[key] for key in KEYS) for row in csv.DictReader(file)}
    else:
        path.write_text(",".join((*KEYS, "srocc")) + "\n")
    for start, init in (("ImageNet", config.init), ("ranked", _RANKED.value)):
        asked = [
            (start, str(config.finetune_steps), config.mos_scale, str(count), str(seed))
            for count in _COUNTS.value
            for seed in range(_SEEDS.value)
        ]
        if done.issuperset(asked):
            continue
        changed = dataclasses.replace(config, init=init)
        way = (Tuned if config.finetune_steps else Frozen)(changed, photos)
        for key in asked:
            if key in done:
                continue
            *_, count, seed = key
            order = np.random.default_rng(int(seed)).permutation(len(rest))
            order = order[: int(count)]
            labels = [rest[place] for place in order]
            labelled = Split(training=labels, held_out=held_out)
            with path.open("a") as file:
                print(*key, way.srocc(labelled, int(seed)), sep=",", file=file)
    return len(rest), len(held_out)


def main(argv):
    del argv
    config = config_lib.from_flags()
    output = Path(_OUTPUT.value, "few_labels")
    num_rest, num_held_out = measure(config, output.with_suffix(".csv"))
    found = {}
    with output.with_suffix(".csv").open(newline="") as file:
        for row in csv.DictReader(file):
            steps = int(row["steps"])
            way = f"fine-tuned, {steps} steps" if steps else "last layer fitted"
            if row["mos_scale"] == "half_ranks":
                way += ", half ranks"
            by_count = found.setdefault(f"{row['start']}, {way}", {})
            by_count.setdefault(int(row["labels"]), []).append(float(row["srocc"]))
    draw(found, output.with_suffix(".png"))
    text = f"""# Few labels

    python -m benchmarks.experiments.few_labels --dataset=mos.csv --data_dir=images --ranked=runs/ranked/model.keras

{config.network}, levels {config.levels}; {num_rest} photos to draw labels from,
{num_held_out} held out.

{table(found)}

Mean over the draws of the labels, with minimum and maximum. With 1,600 labels all
photos are used, so draws of a frozen network do not differ.

![curves](few_labels.png)
"""  # noqa: E501 - a command is not cut in two.
    output.with_suffix(".md").write_text(text)
    print(text)


if __name__ == "__main__":
    ranking_run.start(main, __file__)
