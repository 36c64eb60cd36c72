"""KonIQ-10k (Hosu, Lin, Sziranyi and Saupe 2020)."""

from rankiqa_tf.datasets import splits
from rankiqa_tf.datasets.data_folder import DataFolder
from rankiqa_tf.datasets.scored_photo import ScoredPhoto

_LIST = "koniq10k_distributions_sets.csv"
_SOURCE = (
    "https://raw.githubusercontent.com/subpic/koniq/master/metadata/"
    "koniq10k_distributions_sets.csv"
)
# Beside the images, unpacked to a folder of its own, or in a clone of subpic/koniq.
_LISTS = (_LIST, f"koniq10k_distributions_sets/{_LIST}", f"metadata/{_LIST}")
_SIZES = ("1024x768", "512x384")
# The archives of images hold a folder of the size's name; some programs unpack each
# into a folder of the archive's name.
_IMAGES = ("{}", "koniq10k_{}/{}", "koniq10k_{}", "images/{}")


def read(
    folder: DataFolder, *, size: str = "1024x768"
) -> tuple[list[ScoredPhoto], splits.References]:
    """Reads KonIQ-10k: columns image_name, MOS and set of its list, and the images.

    Photos are each of a content of their own, and as people took them: there is no
    distortion.

    The list that tells the sets is not in the archives of the site, whose own
    (koniq10k_scores_and_distributions.csv) has none, but in the repository
    subpic/koniq.

    Args:
        folder: with koniq10k_distributions_sets.csv, in it or in a folder
            `koniq10k_distributions_sets` or `metadata`; and the folder of images,
            `1024x768`, in it or in `koniq10k_1024x768`, the archive's name, or
            `images`.
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
    folder = folder.containing(*_LISTS)
    photos = []
    sets: dict[str, list[str]] = {"training": [], "validation": [], "test": []}
    list_file = next(filter(folder.find, _LISTS), None)
    if list_file is None:
        raise folder.error(
            f"there is no file {_LIST}, which tells the sets and is in none of its "
            f"archives; it was looked for as {', '.join(_LISTS)}, here, in the folders "
            "inside and in the one above",
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
