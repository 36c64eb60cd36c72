"""Konstanz Artificially Distorted Image quality Database (Lin, Hosu and Saupe 2019)."""

import re
from pathlib import PurePath

from rankiqa_tf.datasets.data_folder import DataFolder
from rankiqa_tf.datasets.scored_photo import ScoredPhoto

_LIST = "dmos.csv"
_NAME = re.compile(r"I\d\d_(\d\d)_0([1-5])\.png", re.IGNORECASE)

# In the order of their numbers from 1; named as in our presets where these have them.
_KINDS = (
    "gaussian_blur",
    "lens_blur",
    "motion_blur",
    "color_diffusion",
    "color_shift",
    "color_quantization",
    "color_saturation_1",
    "color_saturation_2",
    "jpeg2000",
    "jpeg",
    "white_noise",
    "color_component_noise",
    "impulse_noise",
    "multiplicative_noise",
    "denoising",
    "brighten",
    "darken",
    "mean_shift",
    "jitter",
    "non_eccentricity_patch",
    "pixelate",
    "quantization",
    "color_block",
    "high_sharpen",
    "contrast_change",
)


def read(folder: DataFolder) -> tuple[list[ScoredPhoto], None]:
    """Reads KADID-10k: columns dist_img, ref_img and dmos of dmos.csv, and images.

    `IXX_YY_ZZ.png` shows reference XX with distortion YY at level ZZ. Despite its name,
    `dmos` is the mean of ratings from 1 to 5, and higher is better: it is `mos` here.

    Args:
        folder: contains dmos.csv and images.

    Returns:
        The photos, 10,125. There is no official split.

    Raises:
        ValueError: if a file is missing or a line is not as it should be.
    """
    folder = folder.containing(_LIST)
    photos = []
    for where, row in folder.csv_rows(_LIST, ("dist_img", "ref_img", "dmos")):
        match = _NAME.fullmatch(row["dist_img"])
        if not match or not 1 <= int(match[1]) <= len(_KINDS):
            raise folder.error(
                f"{where}: dist_img must be a name such as I01_01_01.png, not "
                f"{row['dist_img']!r}"
            )
        photos.append(
            ScoredPhoto(
                folder.file(f"images/{row['dist_img']}"),
                folder.number(row["dmos"], where),
                PurePath(row["ref_img"]).stem,
                distortion=_KINDS[int(match[1]) - 1],
                level=int(match[2]),
            )
        )
    return photos, None
