"""LIVE Multiply Distorted Image Quality Database (Jayaraman et al. 2012)."""

from pathlib import PurePath

import numpy as np

from rankiqa_tf.datasets.data_folder import DataFolder
from rankiqa_tf.datasets.scored_photo import ScoredPhoto

# Each part: its folder, the folder of its images, the second distortion, and both.
_PARTS = (
    ("Part 1", "blurjpeg", "jpeg", "blur_and_jpeg"),
    ("Part 2", "blurnoise", "white_noise", "blur_and_noise"),
)


def read(folder: DataFolder) -> tuple[list[ScoredPhoto], None]:
    """Reads both parts of LIVE-MD: each Imagelists.mat and Scores.mat.

    Each part has 15 references, with 3 strengths of blur, 3 of the other distortion and
    9 of both. Images with both have the levels of our preset `live_md`: level
    3 a + b + 1 has the a-th strength of blur and the b-th of the other distortion,
    counted from 0. The images with blur alone are in both parts, with a score in each.

    That the first column of `distimgdistlevels` is the blur is taken from programs that
    read the data set, not from the data set itself. How it counts levels is unknown, so
    the lowest of four values is read as no distortion and the highest as the strongest.

    Args:
        folder: contains `Part 1/blurjpeg` and `Part 2/blurnoise`.

    Returns:
        The photos, 450; mos is 100 - DMOS. There is no official split.

    Raises:
        ValueError: if a file is missing or not as it should be.
    """
    folder = folder.containing("Part 1/Imagelists.mat")
    photos = []
    for part, images, second, both in _PARTS:
        lists, scores_file = f"{part}/Imagelists.mat", f"{part}/Scores.mat"
        names, references, owners, levels = folder.arrays(
            lists, "distimgs", "refimgs", "ref4dist", "distimgdistlevels"
        )
        (scores,) = folder.arrays(scores_file, "DMOSscores")
        total = len(names)
        for variable, array, shape in (
            ("ref4dist", owners, (total,)),
            ("distimgdistlevels", levels, (total, 2)),
            ("DMOSscores", scores, (total,)),
        ):
            if array.shape != shape:
                raise folder.error(
                    f"{variable} of {part} must be of shape {shape}, as there are "
                    f"{total} images, and not {array.shape}"
                )
        blurs, others = (_strengths(column) for column in levels.T)
        if {*blurs} != {*range(4)} or {*others} != {*range(4)}:
            raise folder.error(
                f"distimgdistlevels of {part} must have 4 values in either column"
            )
        for place, name in enumerate(map(str, names)):
            where = f"image {name} of {lists}"
            first, other = blurs[place], others[place]
            if not (first or other):
                raise folder.error(f"{where} has no distortion of either kind")
            owner = int(owners[place])
            if not 1 <= owner <= len(references):
                raise folder.error(
                    f"{where}: reference {owner} is none of the "
                    f"{len(references)} of refimgs"
                )
            if first and other:
                distortion, level = both, 3 * (first - 1) + other
            else:
                distortion = "gaussian_blur" if first else second
                level = first or other
            dmos = folder.number(scores[place], f"score {place + 1} of {scores_file}")
            photos.append(
                ScoredPhoto(
                    folder.file(f"{part}/{images}/{name}"),
                    100 - dmos,
                    PurePath(str(references[owner - 1])).stem,
                    dmos=dmos,
                    distortion=distortion,
                    level=level,
                )
            )
    return photos, None


def _strengths(levels: np.ndarray) -> list[int]:
    """Numbers the levels from 0, the lowest value."""
    return np.unique(levels, return_inverse=True)[1].tolist()
