"""LIVE Image Quality Assessment Database, release 2 (Sheikh et al. 2005, 2006)."""

from pathlib import PurePath

from rankiqa_tf.datasets.data_folder import DataFolder
from rankiqa_tf.datasets.scored_photo import ScoredPhoto

# Folder, distortion and number of images, in the order of the arrays in the .mat files;
# from the readme of the release.
_KINDS = (
    ("jp2k", "jpeg2000", 227),
    ("jpeg", "jpeg", 233),
    ("wn", "white_noise", 174),
    ("gblur", "gaussian_blur", 174),
    ("fastfading", "fast_fading", 174),
)
_TOTAL = sum(count for _, _, count in _KINDS)


def read(
    folder: DataFolder, *, not_realigned: bool = False, copies: bool = False
) -> tuple[list[ScoredPhoto], None]:
    """Reads LIVE: img1.bmp and so on in each of five folders, and the .mat files.

    Images have no levels. The folders' `info.txt`, with the strength of each
    distortion, is not read.

    Args:
        folder: contains jp2k, jpeg, wn, gblur, fastfading, refnames_all.mat and the
            file of the scores.
        not_realigned: read `dmos` of dmos.mat, in which each of the five kinds is on
            the scale of its own experiment: the figures of one kind can be compared
            with others', those of all kinds together hardly. By default `dmos_new` of
            dmos_realigned.mat is read, in which all kinds are on one scale (Sheikh,
            Sabir and Bovik 2006). That this scale goes slightly beyond 0..100 is not
            confirmed.
        copies: include the 203 images that are copies of references (`orgs` is 1), as
            level 0. Their scores are tied, which flatters correlations.

    Returns:
        The photos, 779 without copies; mos is 100 - DMOS. There is no official split.

    Raises:
        ValueError: if a file is missing or not as it should be.
    """
    folder = folder.containing("refnames_all.mat")
    file, variable = (
        ("dmos.mat", "dmos") if not_realigned else ("dmos_realigned.mat", "dmos_new")
    )
    if not not_realigned and not folder.find(file) and folder.find("dmos.mat"):
        raise folder.error(
            f"there is no file {file}; to read the scores of dmos.mat, which are not "
            "realigned, give the data set as live,not_realigned"
        )
    scores, originals = folder.arrays(file, variable, "orgs")
    (references,) = folder.arrays("refnames_all.mat", "refnames_all")
    for name, array in (
        (variable, scores),
        ("orgs", originals),
        ("refnames_all", references),
    ):
        if array.shape != (_TOTAL,):
            raise folder.error(
                f"{name} must hold {_TOTAL} values, and its shape is {array.shape}"
            )
    photos = []
    images = (
        (kind, distortion, number)
        for kind, distortion, count in _KINDS
        for number in range(1, count + 1)
    )
    for place, (kind, distortion, number) in enumerate(images):
        if originals[place] and not copies:
            continue
        dmos = folder.number(scores[place], f"{variable} {place + 1} of {file}")
        photos.append(
            ScoredPhoto(
                folder.file(f"{kind}/img{number}.bmp"),
                100 - dmos,
                PurePath(str(references[place])).stem,
                dmos=dmos,
                distortion=distortion,
                level=0 if originals[place] else None,
            )
        )
    return photos, None
