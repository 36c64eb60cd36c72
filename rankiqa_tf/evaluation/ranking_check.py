"""Does it rank? Scores of held-out photos at every level of every distortion."""

import dataclasses
import math
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from distortions import progress
from rankiqa_tf.data import crops
from rankiqa_tf.data import order
from rankiqa_tf.data import parallel
from rankiqa_tf.data.versions import Versions
from rankiqa_tf.evaluation import metrics


@dataclasses.dataclass(frozen=True)
class LevelScores:
    """The scores of photos at every level.

    Attributes:
        names: the distortions.
        scores: float [photos, distortions, levels], level 0 first; higher is better.
        better: bool [distortions, levels, levels], true where the first level is
            known to look better than the second.
    """

    names: tuple[str, ...]
    scores: np.ndarray
    better: np.ndarray

    def summary(self, prefix: str) -> dict[str, float]:
        """Figures by name, for each distortion and over all.

        `pair_accuracy` is the share of pairs of one photo at two levels of known order
        that are in it; `srocc` the correlation of score with falling level over
        photos and levels together, which also wants photos to agree with each other.
        A distortion whose levels have no order has neither, one with a partial order
        no `srocc`.
        """
        num_photos, _, num_levels = self.scores.shape
        levels = np.arange(num_levels)
        quality = np.tile(-levels, num_photos)
        accuracies: dict[str, float] = {}
        correlations: dict[str, float] = {}
        for name, scores, better in zip(
            self.names, self.scores.swapaxes(0, 1), self.better, strict=True
        ):
            if better.any():
                in_order = [metrics.pair_accuracy(photo, better) for photo in scores]
                accuracies[name] = float(np.mean(in_order))
            if np.array_equal(better, levels[:, np.newaxis] < levels):
                correlations[name] = metrics.srocc(scores.ravel(), quality)
        figures = {}
        for figure, values in (("pair_accuracy", accuracies), ("srocc", correlations)):
            mean = float(np.mean(list(values.values()))) if values else math.nan
            figures[f"{prefix}/{figure}"] = mean
            for name, value in values.items():
                figures[f"{prefix}/{figure}/{name}"] = value
        return figures


class RankingCheck:
    """The scores of all versions of some photos.

    Args:
        versions: where they come from.
        crop_size: side of single crops.
        seed: decides noise and single crops.
        count: how many of the photos to take, the first ones; 0 for all.
    """

    def __init__(
        self, versions: Versions, *, crop_size: int, seed: int, count: int = 0
    ):
        self._versions = versions
        self._num_photos = min(count or versions.num_photos, versions.num_photos)
        self._crop_size = crop_size
        self._seed = seed
        self._singles: np.ndarray | None = None
        # One for all evaluations: a model is traced once.
        self._score = tf.function(_score, reduce_retracing=True)

    def single_crops(self, model: keras.Model) -> LevelScores:
        """Scores one crop of each version, as in training: quick, and noisier.

        The crops are kept, uint8, from the first call, or from that of `whole_photos`
        if told so.
        """
        if self._singles is None:
            singles = self._pictures().map(lambda _, single: single)
            each = progress.over(
                singles.as_numpy_iterator(),
                self._num_pictures,
                "evaluate",
                unit="images",
            )
            self._singles = np.stack(list(each))
        scores = [
            self._score(model, self._singles[first : first + 32]).numpy()
            for first in range(0, len(self._singles), 32)
        ]
        return self._by_level(np.concatenate(scores))

    def whole_photos(
        self,
        score_many: Callable[[Iterable[np.ndarray]], Iterable[Any]],
        *,
        keep_singles: bool = False,
    ) -> LevelScores:
        """Scores each version as a photo.

        Args:
            score_many: that of a `Model`.
            keep_singles: whether `single_crops` is asked for, too.
        """
        singles = []

        def pictures() -> Iterator[np.ndarray]:
            made = self._pictures().prefetch(parallel.AHEAD)
            for picture, single in made.as_numpy_iterator():
                if keep_singles:
                    singles.append(single)
                yield picture

        each = progress.over(
            score_many(pictures()), self._num_pictures, "evaluate", unit="images"
        )
        scores = np.array(list(each), float)
        if keep_singles:
            self._singles = np.stack(singles)
        return self._by_level(scores)

    @property
    def photos(self) -> list[str]:
        """The names of the photos, in the order of the scores."""
        return list(map(str, self._versions.contents[: self._num_photos]))

    def single(self, photo: int, kind: str, level: int) -> np.ndarray:
        """The crop of a version that `single_crops` scores, uint8 [crop, crop, 3]."""
        if self._singles is None:
            raise ValueError("there are no crops before they are scored")
        return self._singles[self._number(photo, kind, level)]

    def pictures(self, wanted: Sequence[tuple[int, str, int]]) -> list[np.ndarray]:
        """Makes versions again, as they are scored by `whole_photos`.

        Args:
            wanted: the number of the photo, the distortion, and the level of each.

        Returns:
            uint8 [h, w, 3] each.
        """
        numbers = [tf.constant(self._number(*version)) for version in wanted]
        # Not by a dataset: to trace it takes longer than to make so few.
        return [self._made(number)[0].numpy() for number in numbers]

    @property
    def _num_pictures(self) -> int:
        kinds, levels = len(self._versions.names), self._versions.num_levels
        return self._num_photos * (1 + kinds * levels)

    def _number(self, photo: int, kind: str, level: int) -> int:
        """The place of a version in the order of `_pictures`."""
        levels = self._versions.num_levels
        place = self._versions.names.index(kind) * levels + level if level else 0
        return photo * (1 + len(self._versions.names) * levels) + place

    def _pictures(self) -> tf.data.Dataset:
        """Each photo, each of its versions, and a crop from a place of its own."""
        each = 1 + len(self._versions.names) * self._versions.num_levels
        numbers = tf.data.Dataset.range(self._num_photos * each).map(
            lambda number: tf.cast(number, tf.int32)
        )
        return parallel.map_in_order(numbers, self._made)

    def _made(self, number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """A version by its number, and a crop of it."""
        kinds, levels = len(self._versions.names), self._versions.num_levels
        each = 1 + kinds * levels
        content, place = number // each, number % each
        # The photo itself comes first, and once for all kinds.
        kind, level = tf.maximum(place - 1, 0) // levels, (place - 1) % levels + 1
        level = tf.where(place == 0, 0, level)
        photo = self._versions.photo(content)
        # Where levels share a seed, that of the first one is taken.
        first = tf.gather(tf.constant(self._versions.shares_seed), kind)
        drawn_as = number - tf.where(first, tf.maximum(level - 1, 0), 0)
        made_seed = order.seed_of(self._seed, "picture", drawn_as)
        made = self._versions.whole(photo, kind, level, made_seed)
        crop_seed = order.seed_of(self._seed, "single", number)
        return made, crops.random_crop(made, self._crop_size, seed=crop_seed)

    def _by_level(self, scores: np.ndarray) -> LevelScores:
        """From scores in the order of `_pictures` to those of each kind and level."""
        names = self._versions.names
        by_photo = scores.reshape(self._num_photos, -1).astype(float)
        pristine = np.repeat(by_photo[:, :1], len(names), axis=1)[..., np.newaxis]
        distorted = by_photo[:, 1:].reshape(self._num_photos, len(names), -1)
        by_level = np.concatenate([pristine, distorted], axis=2)
        return LevelScores(names, by_level, self._versions.better)


def _score(model: keras.Model, images: tf.Tensor) -> tf.Tensor:
    """Scores images, uint8 [N, h, w, 3]; gives float32 [N].

    Keras' predict would, on several devices, score all of them on each.
    """
    return model(tf.cast(images, tf.float32) / 255, training=False)
