"""Categorical Subjective Image Quality database (Larson and Chandler 2010)."""

from rankiqa_tf.datasets.data_folder import DataFolder
from rankiqa_tf.datasets.scored_photo import ScoredPhoto

_BOOK = "csiq.DMOS.xlsx"
_COLUMNS = ("image", "dst_type", "dst_lev", "dmos")
# By the table's name of a kind: its folder, the name in its files, and our name.
_KINDS = {
    "noise": ("awgn", "AWGN", "white_noise"),
    "blur": ("blur", "BLUR", "gaussian_blur"),
    "jpeg": ("jpeg", "JPEG", "jpeg"),
    "jpeg 2000": ("jpeg2000", "jpeg2000", "jpeg2000"),
    "fnoise": ("fnoise", "fnoise", "pink_noise"),
    "contrast": ("contrast", "contrast", "contrast_change"),
}
_SHARED_WITH_LIVE = ("noise", "blur", "jpeg", "jpeg 2000")


def read(
    folder: DataFolder, *, shared_with_live: bool = False
) -> tuple[list[ScoredPhoto], None]:
    """Reads CSIQ: sheet all_by_image of csiq.DMOS.xlsx, and dst_imgs.

    The table begins a few rows down and a few columns to the right. One reference,
    1600, is a number there. An example of a file is dst_imgs/awgn/1600.AWGN.1.png.

    Args:
        folder: contains csiq.DMOS.xlsx and dst_imgs/<kind>.
        shared_with_live: read only the four kinds that LIVE has too, as in the paper.

    Returns:
        The photos, 866 of all kinds; mos is 1 - DMOS. There is no official split.

    Raises:
        ValueError: if a file is missing or a row is not as it should be.
    """
    folder = folder.containing(_BOOK)
    photos = []
    for where, row in folder.sheet(_BOOK, "all_by_image", _COLUMNS):
        kind, level = row["dst_type"], row["dst_lev"]
        if kind not in _KINDS:
            raise folder.error(
                f"{where}: dst_type must be one of {', '.join(_KINDS)}, not {kind!r}"
            )
        if level not in (1, 2, 3, 4, 5):
            raise folder.error(f"{where}: dst_lev must be 1 to 5, not {level!r}")
        if shared_with_live and kind not in _SHARED_WITH_LIVE:
            continue
        subfolder, infix, distortion = _KINDS[kind]
        image = row["image"]
        # A number may come as 1600.0.
        reference = str(image) if isinstance(image, str) else str(int(image))
        dmos = folder.number(row["dmos"], where)
        photos.append(
            ScoredPhoto(
                folder.file(f"dst_imgs/{subfolder}/{reference}.{infix}.{level:g}.png"),
                1 - dmos,
                reference,
                dmos=dmos,
                distortion=distortion,
                level=int(level),
            )
        )
    return photos, None
