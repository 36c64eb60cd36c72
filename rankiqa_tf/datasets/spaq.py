"""Smartphone Photography Attribute and Quality database (Fang et al. 2020)."""

from rankiqa_tf.datasets.data_folder import DataFolder
from rankiqa_tf.datasets.scored_photo import ScoredPhoto

_BOOK = "MOS and Image attribute scores.xlsx"
# In a folder of annotations, which programs call by these names, or beside the images.
_BOOKS = (f"Annotations/{_BOOK}", _BOOK, f"TestAnnotations/{_BOOK}")
_IMAGES = "TestImage"


def read(folder: DataFolder) -> tuple[list[ScoredPhoto], None]:
    """Reads SPAQ: columns Image name and MOS of its first table, and TestImage.

    Each photo has its own content and is as a phone took it: there is no distortion.
    The other columns, for attributes such as brightness, are not read.

    That the table is in the first sheet, and the names of the columns, are taken from
    programs that read the data set, not from the data set itself.

    Args:
        folder: contains `MOS and Image attribute scores.xlsx`, directly or in a folder
            Annotations or TestAnnotations; and TestImage.

    Returns:
        The photos, 11,125. There is no official split.

    Raises:
        ValueError: if a file is missing or a row is not as it should be.
    """
    folder = folder.containing(*_BOOKS)
    book = next(filter(folder.find, _BOOKS), _BOOKS[0])
    photos = []
    for where, row in folder.sheet(book, None, ("Image name", "MOS")):
        name = str(row["Image name"]).strip()
        mos = folder.number(row["MOS"], where)
        photos.append(ScoredPhoto(folder.file(f"{_IMAGES}/{name}"), mos, name))
    return photos, None
