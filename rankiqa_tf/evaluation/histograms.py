"""Histograms of scores per level: the paper's Figure 2."""

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from distortions import whole_file
from rankiqa_tf.evaluation.ranking_check import LevelScores


def draw(result: LevelScores, folder: Path) -> list[Path]:
    """Draws, for each distortion, the scores of the photos at each level.

    Args:
        result: the scores of held-out photos.
        folder: where `scores_<distortion>.png` are written.

    Returns:
        The files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    num_levels = result.scores.shape[-1]
    colours = matplotlib.colormaps["viridis"](np.linspace(0, 0.9, num_levels))
    # The same axis for all distortions, so that they can be laid side by side.
    edges = np.histogram_bin_edges(result.scores, bins=40).tolist()
    paths = []
    for name, scores in zip(result.names, result.scores.swapaxes(0, 1), strict=True):
        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.subplots()
        for level, colour in enumerate(colours):
            label = "pristine" if level == 0 else f"level {level}"
            axes.hist(scores[:, level], edges, alpha=0.65, color=colour, label=label)
        title = f"{name.replace('_', ' ')}: scores of {len(scores)} held-out photos"
        axes.set(title=title, xlabel="score (higher is better)", ylabel="photos")
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend()
        path = folder / f"scores_{name}.png"
        with whole_file.made_beside(path) as made:
            figure.savefig(made, dpi=120)
        paths.append(path)
    return paths
