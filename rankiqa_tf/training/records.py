"""What a stage records during training: a history by step, and TensorBoard logs.

All stages use the same names. TensorBoard groups them by the part before the first
slash: `training/loss`, `held_out/srocc`, `pair_accuracy_by_kind/jpeg`,
`scores_by_level/jpeg, level 1`, `worst_pairs/1`; and `at_the_end/srocc` for the end.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image
from PIL import ImageDraw

from rankiqa_tf.evaluation import history
from rankiqa_tf.evaluation import order_kept
from rankiqa_tf.evaluation import worst_pairs
from rankiqa_tf.evaluation.ranking_check import LevelScores
from rankiqa_tf.evaluation.worst_pairs import Pair
from rankiqa_tf.pages import terms

_BY_KIND = ("pair_accuracy", "srocc")
_PAIRS = 4
_BINS = 20
_GAP, _LINE, _FONT = 6, 17, 13  # Pixels: between pictures, of a line, of letters.


class Records:
    """Records the figures of a stage.

    Args:
        folder: of the run.
        stage: its name.
        done: number of steps done before, whose history is kept.
    """

    def __init__(self, folder: Path, stage: str, *, done: int):
        self._history = history.History(history.path_of(folder, stage), done=done)
        self._folder = tensorboard_folder(folder, stage)

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Writes to TensorBoard inside the `with` block."""
        writer = tf.summary.create_file_writer(str(self._folder))
        with writer.as_default():
            try:
                yield
            finally:
                tf.summary.experimental.set_step(None)

    def trained(self, step: int, figures: Mapping[str, float], *, rate: float) -> None:
        """Records the figures of a training step.

        Args:
            step: its number.
            figures: by name.
            rate: images per second; not part of the history, as it differs each time.
        """
        self._history.add(step, figures)
        for name, value in {**figures, "images_per_second": rate}.items():
            tf.summary.scalar(f"training/{name}", value, step=step)

    @contextmanager
    def evaluating(self, step: int) -> Iterator[None]:
        """Lets the code inside the `with` block write to TensorBoard at this step."""
        tf.summary.experimental.set_step(step)
        yield

    def evaluated(self, step: int, figures: Mapping[str, float]) -> None:
        """Records the figures of an evaluation after a step."""
        self._history.add(step, figures)
        for name, value in figures.items():
            tf.summary.scalar(_tag(name), value, step=step)

    def write(self) -> None:
        """Writes the history; call it before saving a checkpoint at the same step."""
        self._history.write()


def tensorboard_folder(folder: Path, stage: str) -> Path:
    """Returns the folder of a stage's TensorBoard logs in a run."""
    return folder / "tensorboard" / stage


def _tag(name: str) -> str:
    """Groups the figures of single distortions, as there may be dozens."""
    match name.split("/", maxsplit=2):
        case [_, figure, kind] if figure in _BY_KIND:
            return f"{figure}_by_kind/{kind}"
    return name


def show_options(options: Mapping[str, object]) -> None:
    """Writes options to TensorBoard as a table, if there is a writer."""
    rows = "\n".join(
        f"| {name} | {terms.in_words(value)} |" for name, value in options.items()
    )
    tf.summary.text("options", f"| option | value |\n| --- | --- |\n{rows}", step=0)


def show_levels(scores: LevelScores, *, group: str, suffix: str = "") -> None:
    """Writes to TensorBoard how scores are distributed at each level, and their order.

    Does nothing without a writer.

    Args:
        scores: of held-out photos.
        group: name of the group of figures over all distortions.
        suffix: ending of the names of the other groups.
    """
    for name, of_kind in zip(scores.names, scores.scores.swapaxes(0, 1), strict=True):
        for level, values in enumerate(of_kind.T):
            tag = f"scores_by_level{suffix}/{name}, level {level}"
            tf.summary.histogram(tag, values, buckets=_BINS)
    kept = order_kept.measure(scores)
    for row in kept:
        tag = f"photo_above_versions_by_kind{suffix}/{row.name}"
        tf.summary.scalar(tag, row.above)
    for name, value in order_kept.means(kept).items():
        tf.summary.scalar(f"{group}/order_kept_{name}", value)


def show_worst_pairs(
    scores: LevelScores, picture: Callable[[int, str, int], np.ndarray]
) -> None:
    """Writes to TensorBoard the pairs whose order is most wrong.

    Args:
        scores: of held-out photos.
        picture: returns a version by photo, distortion and level, uint8 [h, w, 3].
    """
    for number, pair in enumerate(worst_pairs.find(scores, count=_PAIRS), start=1):
        versions = [
            picture(pair.photo, pair.kind, level) for level in (pair.better, pair.worse)
        ]
        beside = _side_by_side(versions, pair)
        tf.summary.image(f"worst_pairs/{number}", beside[np.newaxis])


def _side_by_side(versions: list[np.ndarray], pair: Pair) -> np.ndarray:
    """Draws both pictures, the better one on the left, with captions below."""
    height, width = versions[0].shape[:2]
    lines = [
        pair.kind.replace("_", " "),
        *(
            f"{side}: {worst_pairs.level_in_words(level)}, score {score:.3g}"
            for side, level, score in zip(
                ("left", "right"), (pair.better, pair.worse), pair.scores, strict=True
            )
        ),
    ]
    least = 7 * max(map(len, lines))  # Wide enough for the captions.
    size = (max(2 * width + _GAP, least), height + _LINE * len(lines) + _GAP)
    whole = Image.new("RGB", size, "white")
    for number, version in enumerate(versions):
        whole.paste(Image.fromarray(version), (number * (width + _GAP), 0))
    draw = ImageDraw.Draw(whole)
    for number, line in enumerate(lines):
        draw.text((2, height + 2 + _LINE * number), line, fill="black", font_size=_FONT)
    return np.asarray(whole)


@contextmanager
def writing(folder: Path, stage: str, *, step: int) -> Iterator[None]:
    """Lets the `with` block write what is known before or after a stage to TensorBoard.

    Args:
        folder: of the run.
        stage: its name; it may have no steps.
        step: the step to show it at.
    """
    writer = tf.summary.create_file_writer(str(tensorboard_folder(folder, stage)))
    with writer.as_default(step=step):
        yield
    writer.close()


def show_end(figures: Mapping[str, float], scores: LevelScores | None) -> None:
    """Writes the final results of a stage to TensorBoard, in separate groups.

    Evaluations between steps use other photos, and single crops.

    Args:
        figures: by name.
        scores: of whole photos at each level; None if there are none.
    """
    for name, value in figures.items():
        tf.summary.scalar(f"at_the_end/{name}", value)
    if scores is not None:
        show_levels(scores, group="at_the_end", suffix="_at_the_end")
