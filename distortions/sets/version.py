"""One image of a set: what it shows, how to make it, and how it is encoded."""

import dataclasses
import hashlib
import json
from collections.abc import Callable
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from distortions import _uint8
from distortions import jpeg
from distortions import jpeg2000
from distortions.camera import codecs
from distortions.registry import Row
from distortions.sets import ranked_set

# If a distortion is a file's compression, that file is kept.
_ENCODERS: Mapping[Callable[..., tf.Tensor], tuple[str, Callable[..., tf.Tensor]]] = {
    jpeg.jpeg: ("jpg", jpeg.encode_jpeg),
    jpeg2000.jpeg2000: ("jp2", jpeg2000.encode_jpeg2000),
    jpeg2000.jpeg2000_to_psnr: ("jp2", jpeg2000.encode_jpeg2000_to_psnr),
    codecs.webp: ("webp", codecs.encode_webp),
    codecs.avif: ("avif", codecs.encode_avif),
}


@dataclasses.dataclass(frozen=True)
class Version:
    """An image to be made: a photo distorted by a row, or itself if the row is None.

    Attributes:
        content: the photo's path relative to its folder.
        row: the distortion.
        level: 0 for the photo itself.
        seed: for a random distortion.
    """

    content: str
    row: Row | None
    level: int
    seed: tuple[int, int] | None

    @property
    def name(self) -> str:
        """The name of the distortion; empty for the photo itself."""
        return self.row.name if self.row else ""

    @property
    def format(self) -> str:
        """The format it is encoded in: png, jpg, jp2, webp or avif."""
        return self._encoder[0] if self._encoder else "png"

    def encode(self, photo: np.ndarray) -> bytes:
        """Makes the image from the photo, uint8 [h, w, 3], and the file with it."""
        # Called in each thread; a GPU would round differently.
        with tf.device("CPU:0"):
            image = _uint8.to_float(tf.constant(photo))
            if self._encoder:
                _, encode = self._encoder
                return encode(image, *self._arguments.values()).numpy()
            if self.row:
                image = self.row.distort(image, self.level, seed=self.seed)
            # Level 6 saves a tenth, and takes two to four times as long.
            return tf.io.encode_png(_uint8.from_float(image), compression=1).numpy()

    def image(self, file: str, offset: int, length: int) -> ranked_set.Image:
        """Its line of the manifest, when it is in a file."""
        return ranked_set.Image(
            file,
            offset,
            length,
            self.content,
            self.name,
            self.row.number if self.row else None,
            self.level,
            self._arguments,
            self.seed,
        )

    @property
    def _encoder(self) -> tuple[str, Callable[..., tf.Tensor]] | None:
        return _ENCODERS.get(self.row.function) if self.row else None

    @property
    def _arguments(self) -> dict[str, float]:
        return self.row.arguments(self.level) if self.row else {}


def version_seed(seed: int, content: str, row: Row, level: int) -> tuple[int, int]:
    """The seed of one image, two int32, from that of the set."""
    own = 0 if row.shares_seed else level
    named = json.dumps([seed, content, row.name, own])
    digest = hashlib.sha256(named.encode()).digest()
    return (
        int.from_bytes(digest[:4], "little", signed=True),
        int.from_bytes(digest[4:8], "little", signed=True),
    )
