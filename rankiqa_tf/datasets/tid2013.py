"""Tampere Image Database 2013 (Ponomarenko et al. 2015)."""

import re

import distortions
from rankiqa_tf.datasets.data_folder import DataFolder
from rankiqa_tf.datasets.scored_photo import ScoredPhoto

_LIST = "mos_with_names.txt"
_LINE = re.compile(r"(\S+)\s+(I(\d\d)_(\d\d)_([1-5])\.bmp)", re.IGNORECASE)
_SYNTHETIC = 25


def read(
    folder: DataFolder, *, synthetic: bool = False
) -> tuple[list[ScoredPhoto], None]:
    """Reads TID2013: lines `score name` of mos_with_names.txt, and distorted_images.

    `iXX_YY_Z.bmp` shows reference XX with distortion YY at level Z. The names in the
    list and those of the files differ in case.

    Args:
        folder: contains mos_with_names.txt and distorted_images.
        synthetic: include reference 25, which is not a photo; the paper leaves it out.

    Returns:
        The photos, 2,880 or 3,000. There is no official split.

    Raises:
        ValueError: if a file is missing or a line is not as it should be.
    """
    folder = folder.containing(_LIST)
    kinds = {row.number: row.name for row in distortions.PRESETS["tid2013"].rows}
    photos = []
    for where, line in folder.lines(_LIST):
        match = _LINE.fullmatch(line.strip())
        if not match or int(match[4]) not in kinds:
            raise folder.error(
                f"{where} must be a score and a name such as I01_01_1.bmp, not {line!r}"
            )
        score, name, reference, kind, level = match.groups()
        if int(reference) == _SYNTHETIC and not synthetic:
            continue
        photos.append(
            ScoredPhoto(
                folder.file(f"distorted_images/{name}"),
                folder.number(score, where),
                f"I{reference}",
                distortion=kinds[int(kind)],
                level=int(level),
            )
        )
    return photos, None
