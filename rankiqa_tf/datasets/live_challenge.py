"""LIVE In the Wild Image Quality Challenge Database (Ghadiyaram and Bovik 2016)."""

from rankiqa_tf.datasets.data_folder import DataFolder
from rankiqa_tf.datasets.scored_photo import ScoredPhoto

_NAMES, _SCORES = "Data/AllImages_release.mat", "Data/AllMOS_release.mat"
# Some copies have the images in another folder of the same name.
_IMAGES = ("Images/{}", "Images/Images/{}")
_TRAINING_IMAGES = ("Images/trainingImages/{}", "Images/Images/trainingImages/{}")


def read(
    folder: DataFolder, *, training_images: bool = False
) -> tuple[list[ScoredPhoto], None]:
    """Reads LIVE In the Wild: names and scores of two .mat files, and Images.

    Each photo has its own content and is as people took it: there is no distortion. The
    seven images that people were trained with are recognised by their folder,
    Images/trainingImages. The layout is taken from programs that read the data set and
    from its readme, as they quote it, not from the data set itself.

    Args:
        folder: contains Data/AllImages_release.mat, Data/AllMOS_release.mat and Images.
        training_images: include the seven training images. Papers leave them out.

    Returns:
        The photos, 1,162 without these seven. There is no official split.

    Raises:
        ValueError: if a file is missing or not as it should be.
    """
    folder = folder.containing(_NAMES)
    (names,) = folder.arrays(_NAMES, "AllImages_release")
    (scores,) = folder.arrays(_SCORES, "AllMOS_release")
    if names.ndim != 1 or names.shape != scores.shape:
        raise folder.error(
            f"AllImages_release and AllMOS_release must list as many images as scores, "
            f"and their shapes are {names.shape} and {scores.shape}"
        )
    photos = []
    for place, name in enumerate(map(str, names)):
        file = next(filter(None, (folder.find(f.format(name)) for f in _IMAGES)), None)
        if file is None:
            training = (folder.find(f.format(name)) for f in _TRAINING_IMAGES)
            file = next(filter(None, training), None)
            if file is None:
                raise folder.error(
                    f"there is no file {_IMAGES[0].format(name)}, nor "
                    f"{_TRAINING_IMAGES[0].format(name)}"
                )
            if not training_images:
                continue
        mos = folder.number(scores[place], f"score {place + 1} of {_SCORES}")
        photos.append(ScoredPhoto(file, mos, name))
    return photos, None
