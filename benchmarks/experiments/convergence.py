"""All pairs against random pairs and hard-negative mining: the paper's Figure 3.

    python -m benchmarks.experiments.convergence --photos=photos

The three samplers pass as many images through the network each step: 3 photos x 4
distortions x 6 levels = 72, or 36 pairs. What is looked at is the ranking loss over all
pairs of each held-out photo, one crop an image. Writes convergence.md, .png and .json.
On a larger machine, --network=alexnet --init=random --crop_size=0 --rank_steps=50000
--hard_every=5000 --evaluate_every=500 is the paper's size.
"""

import dataclasses
import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from absl import flags

from benchmarks.experiments import ranking_run
from rankiqa_tf import config as config_lib

SAMPLERS = {
    "all": "all pairs",
    "hard": "hard-negative mining",
    "random": "random pairs",
}

_OUTPUT = flags.DEFINE_string(
    "output", "benchmarks/experiments", "The folder to write to."
)
_SEEDS = flags.DEFINE_integer("seeds", 3, "Runs of each sampler.", lower_bound=1)
_HELD_OUT = flags.DEFINE_integer("held_out_photos", 24, "Photos to look at.")
config_lib.define_flags()


def curve(run: ranking_run.Run, margin: float) -> dict[int, list[float]]:
    """Loss of each distortion by the number of steps."""
    return {
        step: ranking_run.ranking_loss(scores, margin=margin).tolist()
        for step, scores in run.looks.items()
    }


def draw(names, curves, images_a_step, path):
    """One panel a distortion, a line a sampler: mean and range over seeds."""
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
    """A row a sampler, a column a distortion."""
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


def main(argv):
    del argv
    config = config_lib.from_flags()
    known, held_out = ranking_run.Photos.of(config).split(seed=0)
    unknown = ranking_run.SomePhotos(held_out, np.arange(_HELD_OUT.value))
    curves, minutes = {name: [] for name in SAMPLERS}, 0.0
    for seed in range(_SEEDS.value):
        for sampler in SAMPLERS:
            changed = dataclasses.replace(config, pairs=sampler, seed=seed)
            run = ranking_run.run(
                changed, known, unknown, looking=lambda s: s.summary("look")
            )
            curves[sampler].append(curve(run, config.margin))
            minutes += run.seconds / 60
    output = Path(_OUTPUT.value, "convergence")
    images_a_step = 2 * config.pairs_per_batch
    draw(known.names, curves, images_a_step, output.with_suffix(".png"))
    output.with_suffix(".json").write_text(json.dumps(curves, indent=1))
    text = f"""# All pairs, hard-negative mining, random pairs

    python -m benchmarks.experiments.convergence --photos=photos

{config.network} from {config.init} weights, crops of {config.crop_size},
{images_a_step} images a step, {config.rank_steps} steps, {_SEEDS.value} seeds;
{known.num_photos} photos to train on, {unknown.num_photos} held out; preset
{config.preset}. {minutes:.0f} minutes of training and looking.

{table("Last held-out ranking loss", known.names, curves, lambda c: c[max(c)])}

{table("Mean over the looks", known.names, curves, lambda c: np.mean([*c.values()], 0))}

Mean over the seeds, and the least and greatest of them.

![curves](convergence.png)
"""
    output.with_suffix(".md").write_text(text)
    print(text)


if __name__ == "__main__":
    ranking_run.start(main, __file__)
