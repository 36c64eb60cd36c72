"""BIQ2021, a large-scale blind image quality database (Ahmed and Asif 2022)."""

from rankiqa_tf.datasets import splits
from rankiqa_tf.datasets.data_folder import DataFolder
from rankiqa_tf.datasets.scored_photo import ScoredPhoto

_LISTS = {
    "training": "Train (Images and MOS).csv",
    "held_out": "Test (Images and MOS).csv",
}


def read(folder: DataFolder) -> tuple[list[ScoredPhoto], splits.References]:
    """Reads BIQ2021: columns Image Name and MOS of its two lists, and Images.

    Each photo has its own content and is as people took it: there is no distortion. The
    name of one file differs from the list in case, `ss02 (1014).JPG`.

    Args:
        folder: contains `Train (Images and MOS).csv`, `Test (Images and MOS).csv` and
            Images.

    Returns:
        The photos, 12,000, and the official split: 10,000 to train on and 2,000 to
        test.

    Raises:
        ValueError: if a file is missing or a line is not as it should be.
    """
    folder = folder.containing(*_LISTS.values())
    photos = []
    names: dict[str, list[str]] = {part: [] for part in _LISTS}
    for part, file in _LISTS.items():
        for where, row in folder.csv_rows(file, ("Image Name", "MOS")):
            name = row["Image Name"]
            names[part].append(name)
            mos = folder.number(row["MOS"], where)
            photos.append(ScoredPhoto(folder.file(f"Images/{name}"), mos, name))
    try:
        split = splits.of_references(**names)
    except ValueError as error:
        raise folder.error(f"the two lists are not a split: {error}") from error
    return photos, split
