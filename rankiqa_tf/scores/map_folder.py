"""A folder of heat maps, one of each photo, laid out as the photos are."""

import io
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path

from distortions import whole_file
from rankiqa_tf import scoring
from rankiqa_tf.scores import heat_map
from rankiqa_tf.scores import map_picture
from rankiqa_tf.scores import shared_folder
from rankiqa_tf.scoring import ScoresPlaces


class MapFolder:
    """Writes heat maps into a folder as PNG, each whole or not at all.

    Args:
        folder: made where it is not there.
        photos: all that there may be maps of.
        model: scores their places.

    Raises:
        ValueError: if the model scores no places of a photo, or a map would take the
            place of one of the photos.
        OSError: if the folder cannot be made.
    """

    def __init__(self, folder: Path, photos: Sequence[Path], model: ScoresPlaces):
        model.check_map()
        self._model = model
        self._paths = {photo: folder / name for photo, name in names(photos).items()}
        own = {shared_folder.absolute(photo) for photo in photos}
        for photo, path in self._paths.items():
            if shared_folder.absolute(path) in own:
                raise ValueError(
                    f"the map of {photo} would take the place of the photo {path}: "
                    "give another folder for the maps"
                )
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, photo: Path) -> Path:
        """Writes the map of a photo.

        Args:
            photo: one of those told before.

        Returns:
            The file.

        Raises:
            PhotoError: if it cannot be read.
            OSError: if the file cannot be written.
        """
        pixels = scoring.pixels(photo)
        found = self._model.score_map(pixels, most_crops=heat_map.MOST_CROPS)
        file = io.BytesIO()
        map_picture.draw(pixels, found, self._model.metadata).save(file, "PNG")
        path = self._paths[photo]
        path.parent.mkdir(parents=True, exist_ok=True)
        whole_file.write(path, file.getvalue())
        return path


def names(photos: Sequence[Path]) -> Mapping[Path, Path]:
    """Names a file for each photo: the folders that photos differ in are kept.

    Args:
        photos: paths, of which two may lead to one file.

    Returns:
        By photo a relative path, such as "holiday/a.jpg.png"; that of another file is
        another.
    """
    _, inside = shared_folder.of(photos)
    return {photo: path.with_name(f"{path.name}.png") for photo, path in inside.items()}
