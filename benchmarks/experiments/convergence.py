"""All pairs against random pairs and hard-negative mining: the paper's Figure 3.

    python -m benchmarks.experiments.convergence --photos=photos

The three samplers pass equally many images through the network per step: 3 photos x 4
distortions x 6 levels = 72, or 36 pairs. They are compared by the ranking loss over all
pairs of each held-out photo, with one crop per image. Writes convergence.md, .png and
.json. On a larger machine, --network=alexnet --init=random --crop_size=0
--rank_steps=50000 --hard_every=5000 --evaluate_every=500 is the paper's size.
"""

import dataclasses
import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from absl import flags

from benchmarks.experiments import random_pairs
from benchmarks.experiments import ranking_run
from rankiqa_tf import config as config_lib
from rankiqa_tf.datasets.splits import Split
from rankiqa_tf.training.stages import preparation

SAMPLERS = {
    "all": "all pairs",
    "hard": "hard-negative mining",
    "random": "random pairs",
}

_OUTPUT = flags.DEFINE_string(
    "output", "benchmarks/experiments", "The folder to write to."
)
_SEEDS = flags.DEFINE_integer("seeds", 3, "Runs of each sampler.", lower_bound=1)
_HELD_OUT = flags.DEFINE_integer(
    "held_out_photos", 24, "How many held-out photos to evaluate on.", lower_bound=1
)
_PAIRS = flags.DEFINE_integer(
    "pairs_per_batch", 36, "Pairs in a batch of random pairs.", lower_bound=1
)
_HARD_EVERY = flags.DEFINE_integer(
    "hard_every", 5000, "After how many steps more pairs are hard.", lower_bound=1
)
_HARD_RISE = flags.DEFINE_float(
    "hard_rise", 0.1, "The share of pairs that becomes hard then.", lower_bound=0.0
)
config_lib.define_flags()


def curve(run: ranking_run.Run, margin: float) -> dict[int, list[float]]:
    """Returns the loss of each distortion by the number of steps."""
    return {
        step: ranking_run.ranking_loss(scores, margin=margin).tolist()
        for step, scores in run.evaluations.items()
    }


def pairs_of(hard):
    """Makes a sampler of random pairs, some of which are replaced by hard ones."""

    def sampler(model, training, config):
        batches = random_pairs.RandomPairs(
            training,
            pairs=_PAIRS.value,
            crop_size=preparation.training_crop_size(model, config),
            seed=config.seed,
        )
        loss = random_pairs.make_loss(
            training.better, config, pairs=_PAIRS.value, hard=hard
        )
        return batches, loss

    return sampler


def draw(names, curves, images_a_step, path):
    """Draws a panel per distortion, a line per sampler: mean and range over seeds."""
    figure, panels = plt.subplots(2, 2, figsize=(9, 7), sharex=True, layout="tight")
    for kind, (name, panel) in enumerate(zip(names, panels.flat, strict=True)):
        for sampler, label in SAMPLERS.items():
            steps = sorted(curves[sampler][0])
            losses = np.array([[c[s][kind] for s in steps] for c in curves[sampler]])
            images = np.array(steps) * images_a_step
            (line,) = panel.plot(images, losses.mean(0), label=label)
            panel.fill_between(
                images, losses.min(0), losses.max(0), alpha=0.2, color=line.get_color()
            )
        panel.set_title(name.replace("_", " "))
        panel.set_ylim(bottom=0)
    for panel in panels[-1]:
        panel.set_xlabel("images through the network")
    for panel in panels[:, 0]:
        panel.set_ylabel("held-out ranking loss")
    panels[0, 0].legend()
    figure.savefig(path, dpi=100)


def table(title, names, curves, of_curve):
    """Returns a table with a row per sampler and a column per distortion."""
    rows = [
        [title, *(name.replace("_", " ") for name in names)],
        ["---"] * (1 + len(names)),
    ]
    for sampler, label in SAMPLERS.items():
        found = np.array([of_curve(each) for each in curves[sampler]])
        cells = [
            f"{mean:.3f} ({least:.3f} to {most:.3f})"
            for mean, least, most in zip(
                found.mean(0), found.min(0), found.max(0), strict=True
            )
        ]
        rows.append([label, *cells])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def mean_of(curve):
    """Returns the mean over all evaluations, for each distortion."""
    return np.mean([*curve.values()], 0)


def main(argv):
    del argv
    config = config_lib.from_flags()
    photos = ranking_run.Photos.of(config).split(seed=0)
    known = photos.training
    few = np.arange(min(_HELD_OUT.value, photos.held_out.num_photos))
    unknown = ranking_run.SomePhotos(photos.held_out, few)
    photos = Split(training=known, held_out=unknown)
    hard = random_pairs.HardNegatives(every=_HARD_EVERY.value, rise=_HARD_RISE.value)
    samplers = {
        "all": ranking_run.all_pairs,
        "hard": pairs_of(hard),
        "random": pairs_of(None),
    }
    curves, minutes = {name: [] for name in SAMPLERS}, 0.0
    for seed in range(_SEEDS.value):
        for sampler in SAMPLERS:
            run = ranking_run.run(
                dataclasses.replace(config, seed=seed),
                photos,
                sampler=samplers[sampler],
                shown=lambda scores: scores.summary("held_out"),
            )
            curves[sampler].append(curve(run, config.margin))
            minutes += run.seconds / 60
    output = Path(_OUTPUT.value, "convergence")
    images_a_step = 2 * _PAIRS.value
    draw(known.names, curves, images_a_step, output.with_suffix(".png"))
    output.with_suffix(".json").write_text(json.dumps(curves, indent=1))
    text = f"""# All pairs, hard-negative mining, random pairs

    python -m benchmarks.experiments.convergence --photos=photos

{config.network} from {config.init} weights, crops of {config.crop_size},
{images_a_step} images a step, {config.rank_steps} steps, {_SEEDS.value} seeds;
{known.num_photos} photos to train on, {unknown.num_photos} held out; preset
{config.preset}. {minutes:.0f} minutes of training and evaluation.

{table("Last held-out ranking loss", known.names, curves, lambda c: c[max(c)])}

{table("Mean over the evaluations", known.names, curves, mean_of)}

Mean over the seeds, with minimum and maximum.

![curves](convergence.png)
"""
    output.with_suffix(".md").write_text(text)
    print(text)


if __name__ == "__main__":
    ranking_run.start(main, __file__)
