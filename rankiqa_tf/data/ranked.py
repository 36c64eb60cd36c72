"""Ranked batches: photos distorted at every level, cut to crops, with what is known.

A batch is a dictionary:

    image       float32 [M, crop, crop, 3], in [0, 1]
    distortion  int32 [M], row of the preset
    level       int32 [M], 0 is the pristine photo, higher is worse
    content     int32 [M], number of the photo

Everything random is a function of the seed and of the step's number alone: the
batches of a run that is taken up again are those of one that never stopped, and the
number of parallel calls does not change them.
"""

import dataclasses
import functools
from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf

import distortions
from rankiqa_tf.data import crops
from rankiqa_tf.data import decode
from rankiqa_tf.data import order

# Photos whose distorted versions take less than this are distorted once.
STORE_BYTES = 1 << 30


@dataclasses.dataclass(frozen=True, kw_only=True)
class BatchShape:
    """What a batch is made of. The default is the authors' LIVE batch, 4 x 6 x 2.

    Attributes:
        photos: photos in a batch.
        distortions: kinds in a batch, drawn anew each step, the same for its photos;
            0 for all of the preset.
        levels: levels of each kind, the pristine photo (level 0) always among them
            and the others drawn anew for each photo and kind; 0 for all.
    """

    photos: int = 2
    distortions: int = 0
    levels: int = 0


class RankedBatches:
    """Makes ranked batches of photos.

    Args:
        photos: the files; at least as many as `shape.photos`.
        preset: name of a preset of `distortions`.
        shape: what a batch is made of.
        crop_size: side of the crops in pixels; smaller photos are mirrored.
        seed: decides order, crops, draws and noise.
        store_bytes: if all distorted versions of the photos fit into so many bytes,
            they are made once, before the first step, and kept; the batches are the
            same either way.

    Raises:
        ValueError: if the preset or the photos cannot fill such a batch.
    """

    def __init__(
        self,
        photos: Sequence[Path],
        *,
        preset: str,
        shape: BatchShape,
        crop_size: int,
        seed: int,
        store_bytes: int = STORE_BYTES,
    ):
        self._versions = Versions(preset)
        kinds, levels = self._versions.num_distortions, self._versions.num_levels
        self._kinds = shape.distortions or kinds
        self._levels = shape.levels or levels + 1
        if not 1 <= self._kinds <= kinds:
            raise ValueError(
                f"preset {preset} has {kinds} distortions, not {self._kinds}"
            )
        if not 2 <= self._levels <= levels + 1:
            raise ValueError(
                f"a batch of preset {preset} takes 2 to {levels + 1} levels, with the "
                f"pristine photo, not {self._levels}"
            )
        if not 1 <= shape.photos <= len(photos):
            raise ValueError(
                f"a batch of {shape.photos} photos cannot be drawn from {len(photos)}"
            )
        self._photos = photos
        self._photos_a_batch = shape.photos
        self._crop_size = crop_size
        self._seed = seed
        self.size = shape.photos * self._kinds * self._levels
        self._store_bytes = store_bytes

    def dataset(self, first_step: int, last_step: int) -> tf.data.Dataset:
        """The batches of the steps first_step to last_step - 1, prefetched.

        The first call fills the store, if there is to be one.
        """
        store = self._store  # Here: inside map it would only become a graph.
        slots = tf.data.Dataset.range(
            first_step * self._photos_a_batch, last_step * self._photos_a_batch
        )
        return (
            slots.map(
                lambda slot: self._ranked_photo(slot, store),
                tf.data.AUTOTUNE,
                deterministic=True,
            )
            .batch(self._photos_a_batch, drop_remainder=True)
            .map(self._joined)
            .prefetch(tf.data.AUTOTUNE)
        )

    @functools.cached_property
    def _store(self) -> "_Store | None":
        return _Store.of(self._photos, self._versions, self._store_bytes)

    def _ranked_photo(
        self, slot: tf.Tensor, store: "_Store | None"
    ) -> dict[str, tf.Tensor]:
        """One photo under all distortions and levels of its step."""
        content = order.shuffled(slot, len(self._photos), self._seed)
        # Kinds are drawn for the step, shared by its photos; the rest for the photo.
        step_seed = order.seed_of(self._seed, "step", slot // self._photos_a_batch)
        seed = order.seed_of(self._seed, "photo", slot)
        distortion, level = self._draw(step_seed, seed)
        seeds = tf.random.split(seed, self._kinds * self._levels)
        photo = None if store else self._read(content)

        def crop(item: tuple[tf.Tensor, tf.Tensor, tf.Tensor]) -> tf.Tensor:
            kind, level, seed = item
            if store:
                whole = store.version(content, kind, level)
            else:
                whole = self._versions.whole(photo, kind, level)
            crop_seed, noise_seed = tf.unstack(tf.random.split(seed))
            cut = crops.random_crop(whole, self._crop_size, seed=crop_seed)
            return self._versions.local(cut, kind, level, noise_seed)

        size = self._crop_size
        images = tf.map_fn(
            crop,
            (distortion, level, seeds),
            fn_output_signature=tf.TensorSpec((size, size, 3), tf.uint8),
        )
        return {
            "image": tf.cast(images, tf.float32) / 255,
            "distortion": distortion,
            "level": level,
            "content": tf.fill([self._kinds * self._levels], content),
        }

    def _draw(
        self, step_seed: tf.Tensor, seed: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Distortions and levels of a photo, each int32 [kinds * levels]."""
        kinds = tf.range(self._versions.num_distortions)
        kinds = tf.random.experimental.stateless_shuffle(kinds, step_seed)
        kinds = tf.sort(kinds[: self._kinds])
        levels = tf.range(1, self._versions.num_levels + 1)
        ladders = [
            tf.random.experimental.stateless_shuffle(levels, level_seed)
            for level_seed in tf.unstack(tf.random.split(seed, self._kinds))
        ]
        ladder = tf.sort(tf.stack(ladders)[:, : self._levels - 1])
        ladder = tf.pad(ladder, [[0, 0], [1, 0]])  # Level 0 comes first.
        return tf.repeat(kinds, self._levels), tf.reshape(ladder, [-1])

    def _read(self, content: tf.Tensor) -> tf.Tensor:
        return read_photo_of([str(photo) for photo in self._photos], content)

    def _joined(self, photos: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """From [photos, kinds * levels, ...] to [photos * kinds * levels, ...]."""
        return {
            name: tf.reshape(value, [self.size, *value.shape[2:]])
            for name, value in photos.items()
        }


class Versions:
    """The versions of a photo under a preset, as 8-bit images: what files would hold.

    Args:
        preset: name of a preset of `distortions`.
    """

    def __init__(self, preset: str):
        self._rows = distortions.PRESETS[preset].rows
        self.names = tuple(row.name for row in self._rows)
        self.num_distortions = len(self._rows)
        self.num_levels = distortions.PRESETS[preset].num_levels

    def whole(self, photo: tf.Tensor, kind: tf.Tensor, level: tf.Tensor) -> tf.Tensor:
        """The photo under a distortion that sees more than single pixels.

        Args:
            photo: uint8 [h, w, 3].
            kind: int32 scalar, the row of the preset.
            level: int32 scalar; 0 gives the photo.

        Returns:
            uint8 [h, w, 3]; the photo itself for a distortion of single pixels,
            which `local` does on the crop alone.
        """
        return self._switch(photo, kind, level, None)

    def local(
        self, cut: tf.Tensor, kind: tf.Tensor, level: tf.Tensor, seed: tf.Tensor
    ) -> tf.Tensor:
        """A crop of what `whole` gave, with the distortion of its pixels if any."""
        return self._switch(cut, kind, level, seed)

    def _switch(
        self,
        image: tf.Tensor,
        kind: tf.Tensor,
        level: tf.Tensor,
        seed: tf.Tensor | None,
    ) -> tf.Tensor:
        pixelwise = seed is not None
        branches = {0: lambda: image}
        for number, row in enumerate(self._rows):
            if row.pointwise == pixelwise:
                for n in range(1, self.num_levels + 1):
                    branches[number * self.num_levels + n] = _branch(
                        row, image, n, seed
                    )
        chosen = tf.where(level == 0, 0, kind * self.num_levels + level)
        # A row of the other sort leaves the image as it is.
        places = tf.constant(
            [
                list(branches).index(n) if n in branches else 0
                for n in range(self.num_distortions * self.num_levels + 1)
            ]
        )
        return tf.switch_case(places[chosen], list(branches.values()))


def _branch(
    row: distortions.Row, image: tf.Tensor, level: int, seed: tf.Tensor | None
) -> Callable[[], tf.Tensor]:
    def distorted() -> tf.Tensor:
        made = row.distort(tf.cast(image, tf.float32) / 255, level, seed=seed)
        return tf.cast(tf.round(made * 255), tf.uint8)

    return distorted


class _Store:
    """All versions of all photos in memory, end to end in one tensor of bytes."""

    def __init__(self, photos: list[str], versions: Versions):
        self._levels = versions.num_levels
        self._a_photo = 1 + versions.num_distortions * self._levels
        numbers = [
            (content, kind, level)
            for content in range(len(photos))
            for kind in range(versions.num_distortions)
            for level in range(versions.num_levels + 1)
            if level or not kind  # The pristine photo once.
        ]

        def version(number: tf.Tensor) -> tf.Tensor:
            photo = read_photo_of(photos, number[0])
            return versions.whole(photo, number[1], number[2])

        made = tf.data.Dataset.from_tensor_slices(numbers).map(
            version, tf.data.AUTOTUNE, deterministic=True
        )
        images = list(made)
        self._shapes = tf.constant([image.shape for image in images])
        self._offsets = tf.math.cumsum(
            tf.reduce_prod(tf.cast(self._shapes, tf.int64), 1), exclusive=True
        )
        self._bytes = tf.concat([tf.reshape(image, [-1]) for image in images], 0)

    @classmethod
    def of(
        cls, photos: Sequence[Path], versions: Versions, budget: int
    ) -> "_Store | None":
        """The store, or None where it would take more than the budget."""
        names = [str(photo) for photo in photos]
        needed = 0
        for content in range(len(names)):
            photo = read_photo_of(names, tf.constant(content))
            needed += int(tf.size(photo)) * (
                1 + versions.num_distortions * versions.num_levels
            )
            if needed > budget:
                return None
        return cls(names, versions)

    def version(
        self, content: tf.Tensor, kind: tf.Tensor, level: tf.Tensor
    ) -> tf.Tensor:
        place = tf.where(level == 0, 0, kind * self._levels + level)
        place += content * self._a_photo
        shape = self._shapes[place]
        flat = tf.slice(
            self._bytes,
            self._offsets[place][tf.newaxis],
            tf.cast(tf.reduce_prod(shape), tf.int64)[tf.newaxis],
        )
        return tf.reshape(flat, tf.ensure_shape(shape, [3]))


def read_photo_of(photos: list[str], content: tf.Tensor) -> tf.Tensor:
    """Reads and decodes one of the photos in the graph: uint8 [h, w, 3]."""
    return decode.decode_photo(tf.io.read_file(tf.constant(photos)[content]))
