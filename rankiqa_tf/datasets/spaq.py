"""Smartphone Photography Attribute and Quality database (Fang et al. 2020)."""

from rankiqa_tf.datasets.data_folder import DataFolder
from rankiqa_tf.datasets.scored_photo import ScoredPhoto

_BOOK = "MOS and Image attribute scores.xlsx"
# Beside the images, or in the folder of the annotations, which its download pages and
# the programs that read it call by these names.
_BOOKS = (f"Annotations/{_BOOK}", _BOOK, f"TestAnnotations/{_BOOK}")
_IMAGES = "TestImage"


def read(folder: DataFolder) -> tuple[list[ScoredPhoto], None]:
    """Reads SPAQ: columns Image name and MOS of its first table, and TestImage.

    Photos are each of a content of their own, and as phones took them: there is no
    distortion. The other columns, of attributes such as brightness, are not read.

    That the sheet is the first one and the columns have these names was gathered from
    programs that read the data set; it was not to be had itself.

    Args:
        folder: with `MOS and Image attribute scores.xlsx`, in it or in a folder
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
