"""KonIQ-10k (Hosu, Lin, Sziranyi and Saupe 2020)."""

from rankiqa_tf.datasets import splits
from rankiqa_tf.datasets.data_folder import DataFolder
from rankiqa_tf.datasets.scored_photo import ScoredPhoto

_LIST = "koniq10k_distributions_sets.csv"
_SOURCE = (
    "https://raw.githubusercontent.com/subpic/koniq/master/metadata/"
    "koniq10k_distributions_sets.csv"
)
# Beside the images, unpacked into its own folder, or in a clone of subpic/koniq.
_LISTS = (_LIST, f"koniq10k_distributions_sets/{_LIST}", f"metadata/{_LIST}")
_SIZES = ("1024x768", "512x384")
# Each archive of images contains a folder named after the size; some programs unpack it
# into a folder named after the archive.
_IMAGES = ("{}", "koniq10k_{}/{}", "koniq10k_{}", "images/{}")


def read(
    folder: DataFolder, *, size: str = "1024x768"
) -> tuple[list[ScoredPhoto], splits.References]:
    """Reads KonIQ-10k: columns image_name, MOS and set of its list, and the images.

    Each photo has its own content and is as people took it: there is no distortion.

    The list with the official sets is in the repository subpic/koniq. The one in the
    archives of the site, koniq10k_scores_and_distributions.csv, does not have them.

    Args:
        folder: contains koniq10k_distributions_sets.csv, directly or in a folder
            `koniq10k_distributions_sets` or `metadata`; and the folder of images,
            `1024x768`, directly or in a folder `koniq10k_1024x768` or `images`.
        size: the folder of images, "1024x768" or "512x384". People saw the former.

    Returns:
        The 10,073 photos, and the official split: 7,058 to train on, 1,000 to validate
        with and 2,015 to test on.

    Raises:
        ValueError: if there is no such size, or a file is missing or a line is wrong.
    """
    if size not in _SIZES:
        raise ValueError(f"size must be one of {', '.join(_SIZES)}, not {size!r}")
    folder = folder.containing(*_LISTS)
    photos = []
    sets: dict[str, list[str]] = {"training": [], "validation": [], "test": []}
    list_file = next(filter(folder.find, _LISTS), None)
    if list_file is None:
        raise folder.error(
            f"there is no file {_LIST}, which has the official sets and is in none of "
            f"its archives; it was looked for as {', '.join(_LISTS)}, here, in the "
            "folders inside and in the one above",
            source=_SOURCE,
        )
    places = [place.format(size, size) for place in _IMAGES]
    images = next(filter(folder.find, places), None)
    if images is None:
        raise folder.error(
            f"there is no folder of images of this size: looked for {', '.join(places)}"
        )
    for where, row in folder.csv_rows(list_file, ("image_name", "MOS", "set")):
        name = row["image_name"]
        if row["set"] not in sets:
            raise folder.error(
                f"{where}: set must be one of {', '.join(sets)}, not {row['set']!r}"
            )
        sets[row["set"]].append(name)
        mos = folder.number(row["MOS"], where)
        photos.append(ScoredPhoto(folder.file(f"{images}/{name}"), mos, name))
    try:
        split = splits.of_references(
            training=sets["training"],
            validation=sets["validation"],
            held_out=sets["test"],
        )
    except ValueError as error:
        raise folder.error(f"{_LIST}: {error}") from error
    return photos, split
