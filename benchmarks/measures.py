"""Full-reference measures compared with people: which should decide on pairs?

    python -m benchmarks.measures --table=twin_dev.csv --references=references

Reads image,mos,reference,distortion,level; a reference's photo is <reference>.png in
the folder. Prints, for each measure, how its quality falls from level to level, the
SROCC of each distortion and of all, and the time, as Markdown.
"""

import time
from pathlib import Path

import numpy as np
import tensorflow as tf
from absl import app
from absl import flags

from rankiqa_tf.data import decode
from rankiqa_tf.datasets import scores_csv
from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.evaluation import metrics
from rankiqa_tf.measures import MEASURES

_TABLE = flags.DEFINE_string("table", None, "CSV file of opinions.", required=True)
_REFERENCES = flags.DEFINE_string(
    "references", None, "Folder of the pristine photos.", required=True
)


def floats(path: Path) -> tf.Tensor:
    """Reads a photo as float32 [1, h, w, 3] in 0..1."""
    return tf.constant(decode.read_photo(path), tf.float32)[tf.newaxis] / 255


def measured(photos: list[ScoredPhoto]) -> tuple[np.ndarray, np.ndarray]:
    """Returns photos' quality by each measure, [photos, measures], and seconds."""
    rows, seconds = [], []
    for photo in photos:
        pair = (
            floats(photo.path),
            floats(Path(_REFERENCES.value, f"{photo.reference}.png")),
        )
        row = []
        for each in MEASURES.values():
            started = time.perf_counter()
            row.append(float(each.quality(each.measure(*pair))[0]))
            seconds.append(time.perf_counter() - started)
        rows.append(row)
    return np.array(rows), np.median(np.reshape(seconds, (len(photos), -1)), axis=0)


def main(argv: list[str]) -> None:
    """Prints the two tables."""
    del argv
    photos = scores_csv.read(_TABLE.value)
    quality, seconds = measured(photos)
    opinions = np.array([photo.mos for photo in photos])
    kinds = [str(photo.distortion) for photo in photos]
    levels = np.array([photo.level for photo in photos])
    names = list(dict.fromkeys(kinds))
    numbers = sorted(set(levels.tolist()))
    head = [*(f"level {number}" for number in numbers), "ms"]
    print("| mean quality |", " | ".join(head), "|")
    print("| --- |", " | ".join(["---:"] * len(head)), "|")
    for place, name in enumerate(MEASURES):
        means = [quality[levels == number, place].mean() for number in numbers]
        cells = [*(f"{mean:.2f}" for mean in means), f"{1000 * seconds[place]:.0f}"]
        print(f"| {name} |", " | ".join(cells), "|")
    print("\n| SROCC | ALL |", " | ".join(names), "|")
    print("| --- |", " | ".join(["---:"] * (1 + len(names))), "|")
    for place, name in enumerate(MEASURES):
        cells = []
        for column in (None, *names):
            of = np.array([column in (None, kind) for kind in kinds])
            cells.append(f"{metrics.srocc(quality[of, place], opinions[of]):.3f}")
        print(f"| {name} |", " | ".join(cells), "|")


if __name__ == "__main__":
    app.run(main)
