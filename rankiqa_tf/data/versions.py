"""The versions of photos under a preset, as 8-bit images.

They are made anew each time, kept in memory, or read from a set that
`python -m distortions.generate` wrote (`generated`). All three provide the same kind of
crops for `ranked` and whole images for the checks.
"""

import functools
import os
from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import tensorflow as tf

import distortions
from distortions import chance
from rankiqa_tf.data import crops
from rankiqa_tf.data import decode
from rankiqa_tf.data import parallel


class Versions(Protocol):
    """Photos, each pristine and under every distortion and level.

    Attributes:
        names: the distortions.
        num_levels: number of levels of each, not counting level 0, the photo itself.
        better: bool [distortions, levels + 1, levels + 1], true where the first level
            is known to look better than the second.
        graded: bool [distortions], true where strengths between levels exist, in the
            same order.
        shares_seed: bool [distortions], true where all levels of a photo are made with
            one seed.
        num_photos: number of photos.
    """

    names: tuple[str, ...]
    num_levels: int
    better: np.ndarray
    graded: np.ndarray
    shares_seed: np.ndarray
    num_photos: int

    @property
    def contents(self) -> Sequence[Path | str]:
        """The photos: their files, or their names in a set."""
        ...

    def photo(self, content: tf.Tensor) -> tf.Tensor:
        """Returns what other methods need of a photo, so that it is decoded once."""
        ...

    def whole(
        self, photo: tf.Tensor, kind: tf.Tensor, strength: tf.Tensor, seed: tf.Tensor
    ) -> tf.Tensor:
        """Returns a version of a photo, uint8 [h, w, 3].

        Args:
            photo: from `photo`.
            kind: int32 scalar, number of the distortion.
            strength: int32 or float32 scalar; 0 gives the photo, a whole number a
                level; graded distortions also accept values in between.
            seed: int32 [2], for random distortions.
        """
        ...

    def crop(
        self,
        photo: tf.Tensor,
        kind: tf.Tensor,
        strength: tf.Tensor,
        size: int,
        place_seed: tf.Tensor,
        seed: tf.Tensor,
    ) -> tf.Tensor:
        """Returns a crop of `whole`; a second seed, int32 [2], draws its place."""
        ...

    def in_memory(self, budget: int) -> "Versions":
        """Returns the same versions, cached in memory where that helps and they fit.

        Args:
            budget: maximum number of bytes; distorting the photos takes a while.
        """
        ...


class MadeAnew:
    """Versions distorted on demand; for a crop, only the part it needs is distorted.

    Args:
        photos: the files.
        preset: the distortions.
        in_graph: whether to decode with TensorFlow operations only; see `decode.Ways`.

    Raises:
        ValueError: if in_graph is set and a photo cannot be decoded that way.
    """

    def __init__(
        self,
        photos: Sequence[Path],
        preset: distortions.Preset,
        *,
        in_graph: bool = False,
    ):
        # Created once, here: inside a graph it would become part of each graph, and a
        # graph is limited to 2 GB.
        paths = [os.fsencode(photo.absolute()) for photo in photos]
        self._files = tf.constant(paths, tf.string)
        self._ways = decode.Ways(photos) if in_graph else None
        self.num_photos, self.contents = len(photos), tuple(photos)
        self.preset, self.rows = preset, preset.rows
        self.names = tuple(row.name for row in preset.rows)
        self.num_levels, self.better = preset.num_levels, preset.better()
        self.graded = np.array([row.graded for row in preset.rows])
        self.shares_seed = np.array([row.shares_seed for row in preset.rows])
        self._graphs: dict[Callable, Callable[..., tf.Tensor]] = {}

    def photo(self, content: tf.Tensor) -> tf.Tensor:
        """Returns the photo: uint8 [h, w, 3]."""
        contents = tf.io.read_file(self._files[content])
        if self._ways:
            return self._ways.decode(contents, content)
        return decode.decode_photo(contents)

    def whole(
        self, photo: tf.Tensor, kind: tf.Tensor, strength: tf.Tensor, seed: tf.Tensor
    ) -> tf.Tensor:
        """Returns a version, uint8 [h, w, 3]."""
        strength = tf.cast(strength, tf.float32)
        return self._traced(self._whole, photo, kind, strength, seed)

    def crop(
        self,
        photo: tf.Tensor,
        kind: tf.Tensor,
        strength: tf.Tensor,
        size: int,
        place_seed: tf.Tensor,
        seed: tf.Tensor,
    ) -> tf.Tensor:
        """Returns a crop of a version, uint8 [size, size, 3], distorted by itself."""
        box = crops.random_box(tf.shape(photo)[:2], size, seed=place_seed)
        strength = tf.cast(strength, tf.float32)
        cut = self._traced(self._part, photo, kind, strength, seed, box)
        return tf.ensure_shape(crops.pad_to(cut, size), [size, size, 3])

    def in_memory(self, budget: int) -> Versions:
        """Returns versions in which the non-random ones are cached, if they fit."""
        needed = 0
        for content in range(self.num_photos):
            needed += int(tf.size(self.photo(tf.constant(content)))) * len(_kept(self))
            if needed > budget:
                return self
        return Kept(self)

    def _traced(
        self, make: Callable[..., tf.Tensor], *arguments: tf.Tensor
    ) -> tf.Tensor:
        """Calls a function through its graph, traced once for all data sets."""
        if tf.executing_eagerly():
            return make(*arguments)  # Needs only one branch.
        if make not in self._graphs:
            signature = [
                tf.TensorSpec([None, None, 3], tf.uint8),  # The photo.
                tf.TensorSpec([], tf.int32),  # The kind.
                tf.TensorSpec([]),  # The strength.
                tf.TensorSpec([2], tf.int32),  # The seed.
                tf.TensorSpec([4], tf.int32),  # The box.
            ]
            self._graphs[make] = tf.function(
                make, input_signature=signature[: len(arguments)], autograph=False
            )
        return self._graphs[make](*arguments)

    def _whole(
        self, photo: tf.Tensor, kind: tf.Tensor, strength: tf.Tensor, seed: tf.Tensor
    ) -> tf.Tensor:
        return self._switch(
            photo, kind, lambda row, image: row.at(strength).distort(image, seed=seed)
        )

    def _part(
        self,
        photo: tf.Tensor,
        kind: tf.Tensor,
        strength: tf.Tensor,
        seed: tf.Tensor,
        box: tf.Tensor,
    ) -> tf.Tensor:
        return self._switch(
            photo,
            kind,
            lambda row, image: row.at(strength).distort_box(image, box, seed=seed),
        )

    def _switch(
        self,
        photo: tf.Tensor,
        kind: tf.Tensor,
        distort: Callable[[distortions.Row, tf.Tensor], tf.Tensor],
    ) -> tf.Tensor:
        """Distorts by the row of a kind: one branch per kind, whatever the strength."""

        def branch(row: distortions.Row) -> tf.Tensor:
            made = distort(row, tf.cast(photo, tf.float32) / 255)
            return tf.cast(tf.round(made * 255), tf.uint8)

        branches = [functools.partial(branch, row) for row in self.rows]
        return tf.switch_case(kind, branches)


class Kept:
    """Versions made once and kept in memory, except random ones.

    Random ones are made anew each time, since no two should be alike.

    Args:
        made: the source of versions.
    """

    def __init__(self, made: MadeAnew):
        self._made = made
        self.names, self.num_levels = made.names, made.num_levels
        self.better, self.num_photos = made.better, made.num_photos
        self.contents = made.contents
        self.graded, self.shares_seed = np.zeros_like(made.graded), made.shares_seed
        kept = _kept(made)
        numbers = [
            (content, kind, level)
            for content in range(made.num_photos)
            for kind, level in kept
        ]
        # Index of each version among a photo's kept ones; -1 if it is not kept.
        places = np.full(1 + len(made.names) * made.num_levels, -1, np.int32)
        for place, (kind, level) in enumerate(kept):
            places[int(_place(kind, level, made.num_levels))] = place
        self._places, self._a_photo = tf.constant(places), len(kept)

        def version(number: tf.Tensor) -> tf.Tensor:
            # Nothing that is kept is random, so any seed will do.
            return made.whole(
                made.photo(number[0]), number[1], number[2], tf.constant([0, 0])
            )

        images = list(
            parallel.map_in_order(tf.data.Dataset.from_tensor_slices(numbers), version)
        )
        self._shapes = tf.constant([image.shape for image in images])
        self._offsets = tf.math.cumsum(
            tf.reduce_prod(tf.cast(self._shapes, tf.int64), 1), exclusive=True
        )
        self._bytes = tf.concat([tf.reshape(image, [-1]) for image in images], 0)

    def photo(self, content: tf.Tensor) -> tf.Tensor:
        """Returns the number of the photo's first version."""
        return content * self._a_photo

    def whole(
        self, photo: tf.Tensor, kind: tf.Tensor, strength: tf.Tensor, seed: tf.Tensor
    ) -> tf.Tensor:
        """Returns a version, uint8 [h, w, 3]."""
        place = self._place(kind, strength)
        return tf.cond(
            place < 0,
            lambda: self._made.whole(self._image(photo), kind, strength, seed),
            lambda: self._image(photo + place),
        )

    def crop(
        self,
        photo: tf.Tensor,
        kind: tf.Tensor,
        strength: tf.Tensor,
        size: int,
        place_seed: tf.Tensor,
        seed: tf.Tensor,
    ) -> tf.Tensor:
        """Returns a crop of a version, uint8 [size, size, 3]."""
        place = self._place(kind, strength)
        return tf.cond(
            place < 0,
            lambda: self._made.crop(
                self._image(photo), kind, strength, size, place_seed, seed
            ),
            lambda: crops.random_crop(
                self._image(photo + place), size, seed=place_seed
            ),
        )

    def in_memory(self, budget: int) -> Versions:
        """Returns self: they are in memory already."""
        del budget
        return self

    def _place(self, kind: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
        level = tf.cast(strength, tf.int32)  # Only whole levels are kept.
        return self._places[_place(kind, level, self.num_levels)]

    def _image(self, number: tf.Tensor) -> tf.Tensor:
        shape = self._shapes[number]
        flat = tf.slice(
            self._bytes,
            self._offsets[number][tf.newaxis],
            tf.cast(tf.reduce_prod(shape), tf.int64)[tf.newaxis],
        )
        return tf.reshape(flat, tf.ensure_shape(shape, [3]))


def several_crops(
    versions: Versions,
    photo: tf.Tensor,
    kinds: tf.Tensor,
    strengths: tf.Tensor,
    *,
    size: int,
    seed: tf.Tensor,
    same_place: bool = False,
) -> tf.Tensor:
    """Returns crops of versions of one photo, each from a place of its own.

    Args:
        versions: the source of versions.
        photo: from `versions.photo`.
        kinds: int32 [n], numbers of the distortions.
        strengths: int32 or float32 [n]; 0 gives the photo.
        size: side of the crops in pixels.
        seed: int32 [2], decides places and random distortions.
        same_place: whether all are cut from the place of the first.

    Returns:
        uint8 [n, size, size, 3].
    """
    count, num_kinds = kinds.shape[0], len(versions.names)
    places, own, of_kinds = tf.split(
        chance.split(seed, 2 * count + num_kinds), [count, count, num_kinds]
    )
    if same_place:
        places = tf.repeat(places[:1], count, axis=0)
    shared = tf.gather(tf.constant(versions.shares_seed), kinds)
    seeds = tf.where(shared[:, tf.newaxis], tf.gather(of_kinds, kinds), own)
    return tf.map_fn(
        lambda item: versions.crop(photo, item[0], item[1], size, item[2], item[3]),
        (kinds, strengths, places, seeds),
        fn_output_signature=tf.TensorSpec((size, size, 3), tf.uint8),
    )


def _kept(made: MadeAnew) -> list[tuple[int, int]]:
    """Returns the kinds and levels that are not random, the photo first."""
    return [(0, 0)] + [
        (kind, level)
        for kind, row in enumerate(made.rows)
        for level in range(1, made.num_levels + 1)
        if not row.random
    ]


def _place(kind: tf.Tensor, level: tf.Tensor, num_levels: int) -> tf.Tensor:
    """Numbers the versions: 0 is the photo, then kind by kind, level by level."""
    return tf.where(level == 0, 0, kind * num_levels + level)
