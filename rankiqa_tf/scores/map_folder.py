"""A folder of heat maps, one of each photo, laid out as the photos are."""

import contextlib
import io
import os
from collections.abc import Iterable
from pathlib import Path

from PIL import Image
from PIL import PngImagePlugin

from distortions import whole_file
from rankiqa_tf import scoring
from rankiqa_tf.scores import heat_map
from rankiqa_tf.scores import map_picture
from rankiqa_tf.scores import shared_folder
from rankiqa_tf.scoring import ScoresPlaces

# A text in each PNG, by which it is told from other files.
_KEY, _MARK = "Software", "rankiqa_tf heat map"


class MapFolder:
    """Writes heat maps into a folder as PNG, each whole or not at all.

    The map of a photo is called as the photo, and ".png"; folders in which photos
    differ are kept. No map takes the place of another photo's, nor of a file that is no
    map: it has a number then.

    Args:
        folder: made where it is not there.
        paths: files and folders, in which most photos are.
        model: scores their places.

    Raises:
        ValueError: if the model scores no places of a photo.
        OSError: if the folder cannot be made.
    """

    def __init__(self, folder: Path, paths: Iterable[Path], model: ScoresPlaces):
        model.check_map()
        self._model = model
        self._folder = folder
        self._home = shared_folder.of(
            path if path.is_dir() else path.parent for path in paths
        )
        self._photos: dict[Path, Path] = {}  # By the map's path.
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, photo: str | os.PathLike[str], *, anew: bool = True) -> Path:
        """Writes the map of a photo.

        Args:
            photo: the file.
            anew: whether it is written where there is one already.

        Returns:
            The file.

        Raises:
            PhotoError: if the photo cannot be read.
            OSError: if the file cannot be written.
        """
        path = self._path(photo)
        if not anew and path.exists():
            return path
        pixels = scoring.pixels(photo)
        found = self._model.score_map(pixels, most_crops=heat_map.MOST_CROPS)
        picture = map_picture.draw(pixels, found, self._model.metadata)
        mark = PngImagePlugin.PngInfo()
        mark.add_text(_KEY, _MARK)
        file = io.BytesIO()
        picture.save(file, "PNG", pnginfo=mark)
        path.parent.mkdir(parents=True, exist_ok=True)
        whole_file.write(path, file.getvalue())
        return path

    def _path(self, photo: str | os.PathLike[str]) -> Path:
        whole = shared_folder.absolute(photo)
        inside = shared_folder.inside(whole, self._home)
        # What is outside of the photos' folder is not to be outside of the maps'.
        plain = self._folder.joinpath(
            *("__" if part == ".." else part for part in inside.parts)
        )
        number = 1
        while True:
            end = f"-{number}" if number > 1 else ""
            path = plain.with_name(f"{plain.name}{end}.png")
            owner = self._photos.get(path)
            if owner == whole or (owner is None and not _is_foreign(path)):
                self._photos[path] = whole
                return path
            number += 1


def _is_foreign(path: Path) -> bool:
    """Whether there is something that is no heat map."""
    if not path.exists():
        return False
    with contextlib.suppress(OSError, ValueError), Image.open(path) as image:
        return image.info.get(_KEY) != _MARK
    return True
