"""A folder of heat maps, one per photo, with the photos' folder structure."""

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

# A text in each PNG that distinguishes it from other files.
_KEY, _MARK = "Software", "rankiqa_tf heat map"


class MapFolder:
    """Writes heat maps into a folder as PNG, each whole or not at all.

    A map is named after its photo plus ".png", in the same subfolder. A map never
    replaces that of another photo, nor a file that is not a map: it gets a number
    instead.

    Args:
        folder: created if it does not exist.
        paths: files and folders that contain most photos.
        model: scores every part of the photos.

    Raises:
        ValueError: if the model cannot make score maps.
        OSError: if the folder cannot be created.
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
            anew: whether to overwrite an existing map.

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
        # Photos outside the common folder still have their maps inside the map folder.
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
    """Whether a path exists and is not a heat map."""
    if not path.exists():
        return False
    with contextlib.suppress(OSError, ValueError), Image.open(path) as image:
        return image.info.get(_KEY) != _MARK
    return True
