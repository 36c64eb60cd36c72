"""Camera Image Database CID2013 (Virtanen, Nuutinen, Vaahteranoksa et al. 2015)."""

import re

from rankiqa_tf.datasets.data_folder import DataFolder
from rankiqa_tf.datasets.scored_photo import ScoredPhoto

_BOOK = "CID2013 data - version 12112014.xlsx"
_SHEET = "CID2013 MOS"
_NAME = re.compile(r"IS_(I{1,3}|IV|VI?)_C(\d+)_D(\d+)", re.IGNORECASE)
_SETS = ("I", "II", "III", "IV", "V", "VI")


def read(folder: DataFolder) -> tuple[list[ScoredPhoto], None]:
    """Reads CID2013: columns Source_ID and Realigned MOS of its table, and the images.

    `IS_II_C03_D05` is the photo of content 3 by camera 5 in image set 2. Its file is
    IS2/co3/IS_II_C03_D05.jpg, or IS_II_C03_D05.jpg beside the table. Each photo is as
    the camera took it: there is no distortion.

    Photos of the same content in different image sets count as one reference, so they
    are never on both sides of a split. Whether these sets really show the same scene is
    not known; this is the safe assumption.

    Each image set was scored in its own experiment; the realigned scores put all six on
    one scale. The names of the sheet, the columns and the folders are taken from
    programs that read the data set, not from the data set itself.

    Args:
        folder: contains `CID2013 data - version 12112014.xlsx` and IS1 to IS6.

    Returns:
        The photos, 474. There is no official split.

    Raises:
        ValueError: if a file is missing or a row is not as it should be.
    """
    folder = folder.containing(_BOOK)
    photos = []
    for where, row in folder.sheet(_BOOK, _SHEET, ("Source_ID", "Realigned MOS")):
        name = str(row["Source_ID"]).strip()
        match = _NAME.fullmatch(name)
        if not match:
            raise folder.error(
                f"{where}: Source_ID must be a name such as IS_I_C01_D01, not {name!r}"
            )
        number, content = _SETS.index(match[1].upper()) + 1, int(match[2])
        places = (
            f"IS{number}/co{content}/{name}.jpg",
            f"IS{number}/co{content:02}/{name}.jpg",
            f"IS{number}/{name}.jpg",
            f"{name}.jpg",
        )
        file = next(filter(folder.find, places), places[0])
        mos = folder.number(row["Realigned MOS"], where)
        photos.append(ScoredPhoto(folder.file(file), mos, f"C{content:02}"))
    return photos, None
