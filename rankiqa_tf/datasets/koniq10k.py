"""KonIQ-10k (Hosu, Lin, Sziranyi and Saupe 2020)."""

from rankiqa_tf.datasets import splits
from rankiqa_tf.datasets.data_folder import DataFolder
from rankiqa_tf.datasets.scored_photo import ScoredPhoto

_LIST = "koniq10k_distributions_sets.csv"
_SIZES = ("1024x768", "512x384")


def read(
    folder: DataFolder, *, size: str = "1024x768"
) -> tuple[list[ScoredPhoto], splits.References]:
    """Reads KonIQ-10k: columns image_name, MOS and set of its list, and the images.

    Photos are each of a content of their own, and as people took them: there is no
    distortion.

    Args:
        folder: with koniq10k_distributions_sets.csv and the folder of images; the list
            is also in the repository subpic/koniq.
        size: the folder of images, "1024x768" or "512x384". People saw the former.

    Returns:
        The photos, 10,073, and the official split: 7,058 to train on, 1,000 to validate
        and 2,015 to test.

    Raises:
        ValueError: if size is another, or if a file is missing or a line is not as it
            should be.
    """
    if size not in _SIZES:
        raise ValueError(f"size must be one of {', '.join(_SIZES)}, not {size!r}")
    photos = []
    sets: dict[str, list[str]] = {"training": [], "validation": [], "test": []}
    for where, row in folder.csv_rows(_LIST, ("image_name", "MOS", "set")):
        name = row["image_name"]
        if row["set"] not in sets:
            raise folder.error(
                f"{where}: set must be one of {', '.join(sets)}, not {row['set']!r}"
            )
        sets[row["set"]].append(name)
        mos = folder.number(row["MOS"], where)
        photos.append(ScoredPhoto(folder.file(f"{size}/{name}"), mos, name))
    try:
        split = splits.of_references(
            training=sets["training"],
            validation=sets["validation"],
            held_out=sets["test"],
        )
    except ValueError as error:
        raise folder.error(f"{_LIST}: {error}") from error
    return photos, split
