"""TID2013's mean opinion of each kind and level of distortion, for any photos.

Nobody was asked about these photos. Each distorted version gets the mean opinion that
TID2013's photos got for the same kind and level of distortion. That is a calibration:
it tells a model how much worse one kind of distortion is than another, which ranking
alone does not. It is never a test of agreement with people.
"""

import math
import os
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from pathlib import PurePosixPath
from types import MappingProxyType

import numpy as np

import distortions
from distortions import cores
from distortions import folder_lock
from rankiqa_tf.datasets.data_folder import DataFolder
from rankiqa_tf.datasets.scored_photo import ScoredPhoto

PRESET = "tid2013"
SCALE = (0, 9)
SOURCE = f"python -m distortions.generate --preset={PRESET}"

# TID2013's MOS, 0 to 9, by number of the kind, for levels 1 to 5: means over the 24
# references that are photos, from the 2,880 scores that RankIQA's authors list
# (github.com/xialeiliu/RankIQA, ft_tid2013_train.txt and ft_tid2013_test.txt). They are
# as people gave them: kind 15 rises with the level, and kind 17 goes up and down.
MEAN_OPINIONS: Mapping[int, tuple[float, ...]] = MappingProxyType(
    {
        1: (5.70, 5.25, 4.87, 4.26, 3.79),
        2: (5.94, 5.88, 5.54, 5.09, 4.51),
        3: (4.79, 4.27, 3.73, 3.21, 2.71),
        4: (5.90, 5.78, 5.49, 5.07, 4.45),
        5: (5.91, 5.66, 5.14, 4.17, 3.25),
        6: (4.73, 4.36, 4.00, 3.65, 3.22),
        7: (5.32, 4.75, 4.16, 3.50, 2.83),
        8: (5.66, 5.03, 4.15, 3.32, 2.48),
        9: (6.08, 5.77, 4.85, 3.46, 2.06),
        10: (5.94, 5.71, 4.94, 3.36, 2.10),
        11: (5.64, 4.99, 3.86, 2.71, 1.14),
        12: (5.73, 5.39, 4.60, 3.83, 2.90),
        13: (4.89, 4.12, 3.62, 2.90, 2.58),
        14: (5.72, 5.93, 5.34, 4.75, 3.89),
        15: (3.29, 3.36, 3.48, 3.73, 4.06),
        16: (6.08, 6.05, 5.63, 5.33, 4.67),
        17: (5.63, 6.47, 4.48, 6.29, 3.46),
        18: (5.04, 4.64, 4.23, 3.92, 3.74),
        19: (5.54, 5.17, 4.73, 4.14, 3.70),
        20: (5.89, 5.55, 5.01, 4.14, 3.28),
        21: (5.53, 5.03, 4.30, 3.54, 2.48),
        22: (5.73, 5.31, 4.62, 3.81, 2.92),
        23: (6.10, 5.86, 5.15, 4.33, 2.89),
        24: (5.78, 5.09, 3.97, 2.56, 0.88),
    }
)


# For `quality`: the MOS assumed for the photo itself, that of the best level 1 among
# the kinds that then get worse (23, chromatic aberration); and the mean step between
# levels of kinds 1 to 22.
_OF_THE_PHOTO = 6.1
_STEP = 0.65
_NUM_LEVELS = 5


def read(folder: DataFolder) -> tuple[list[ScoredPhoto], None]:
    """Reads a ranked set of the preset `tid2013`, with the MOS of the table.

    The photos themselves, level 0, are left out: the table has no opinion of them. A
    reference is the name of a photo without its folders, as in ranking, so the same
    seed and share hold out the same photos in both.

    Args:
        folder: what `make` or `distortions.generate` wrote, as files; with some or all
            kinds of the preset.

    Returns:
        The photos, 5 of each kind for each photo. There is no official split.

    Raises:
        ValueError: if the folder contains another set, or a damaged or unfinished one.
    """
    from distortions.sets import ranked_set  # With TensorFlow; --help lists data sets.

    root = folder.containing("set.json").file("set.json").parent
    found = ranked_set.load(root)
    preset = found.description["preset"]
    if preset != PRESET:
        raise folder.error(f"it was made with preset {preset}")
    if found.sharded:
        raise folder.error("its images are in shards, not in files (--format=files)")
    return [
        ScoredPhoto(
            root / image.file,
            MEAN_OPINIONS[image.number][image.level - 1],
            PurePosixPath(image.content).name,
            distortion=image.distortion,
            level=image.level,
        )
        for image in found.images
        if image.number is not None  # The photo itself has no number.
    ], None


def make(
    photos: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    crop: int,
    seed: int,
) -> None:
    """Makes the set that `read` reads; an unfinished set is continued.

    Photos that cannot be read are named and left out.

    Args:
        photos: a folder of pristine photos.
        folder: the folder to write to.
        crop: side of the square taken from the middle of each photo, in pixels; 0 for
            the whole photo.
        seed: decides everything random.

    Raises:
        ValueError: if no photo can be read, or the folder contains another set or is
            not writable.
    """
    from distortions.sets import generation  # Likewise.

    try:
        with folder_lock.held(Path(folder)):
            work = generation.Generation(
                Path(photos),
                Path(folder),
                distortions.PRESETS[PRESET],
                seed=seed,
                format="files",
                crop=crop,
                workers=cores.available(),
            )
            unreadable = work.run()
    except OSError as error:
        raise ValueError(f"the opinion table cannot be made: {error}") from error
    if len(unreadable) == work.num_photos:
        raise ValueError(
            f"none of the {work.num_photos} photos of {photos} is readable"
        )


def knows(preset: str) -> bool:
    """Returns whether a preset, or one of several joined, is in the table."""
    return PRESET in preset.split(",")


def quality(names: Sequence[str], preset: str) -> np.ndarray:
    """Returns the table in units of levels: the mean step between levels is about 1.

    Args:
        names: the names of distortions.
        preset: their preset; if several are joined, names begin with their own preset.

    Returns:
        float64 [names, 6], for levels 0 to 5; higher is better. NaN for distortions
        that are not in the table. The photo itself is not in it either, and is taken to
        be as good as the best level 1 of a kind that then gets worse.
    """
    numbers = {
        f"{PRESET}.{row.name}": row.number for row in distortions.PRESETS[PRESET].rows
    }
    rows = []
    for name in names:
        number = numbers.get(name if "," in preset else f"{preset}.{name}")
        unknown = (math.nan,) * _NUM_LEVELS
        rows.append((_OF_THE_PHOTO, *MEAN_OPINIONS.get(number or 0, unknown)))
    return np.array(rows) / _STEP


def mos(levels: np.ndarray) -> np.ndarray:
    """Converts quality in levels, as `quality` returns it, back to MOS."""
    return levels * _STEP
