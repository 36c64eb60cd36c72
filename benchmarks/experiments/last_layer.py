"""What does a known order add to a last layer fitted to opinion scores?

    python -m benchmarks.experiments.last_layer --dataset=mos.csv --data_dir=images --photos=photos --sets=live_dev.csv,twin_dev.csv --workdir=runs/last_layer

The features of all images are computed once, and kept in --workdir. Then each last
layer takes seconds: over ten splits, with few labels, and on sets of distorted photos,
with and without the order of --photos' versions. --ranked names a ranked model whose
features are joined to those of --init. Prints tables as Markdown.
"""  # noqa: E501 - a command is not cut in two.

import dataclasses
from pathlib import Path

import numpy as np
from absl import flags

from benchmarks.experiments import ranking_run
from rankiqa_tf import config as config_lib
from rankiqa_tf.config import Config
from rankiqa_tf.data import photo_sets
from rankiqa_tf.data import scored
from rankiqa_tf.data.versions import Versions
from rankiqa_tf.datasets import scores_csv
from rankiqa_tf.datasets import splits
from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.evaluation import metrics
from rankiqa_tf.evaluation import order_kept
from rankiqa_tf.evaluation.ranking_check import LevelScores
from rankiqa_tf.models import heads
from rankiqa_tf.models import ordered_ridge
from rankiqa_tf.models import ridge
from rankiqa_tf.models.ordered_ridge import Order
from rankiqa_tf.models.ridge import Ridge
from rankiqa_tf.training import run_data
from rankiqa_tf.training import stages
from rankiqa_tf.training import stopping
from rankiqa_tf.training.stages import finetuning
from rankiqa_tf.training.stages import targets

_SETS = flags.DEFINE_list("sets", None, "CSV files of opinions.", required=True)
_RANKED = flags.DEFINE_string("ranked", "", "A ranked model.keras to join, if any.")
_WORKDIR = flags.DEFINE_string("workdir", None, "Where features go.", required=True)
_COUNTS = flags.DEFINE_list("counts", [50, 100, 200, 500, 1600], "Numbers of labels.")
_REFERENCES = flags.DEFINE_list("references", [1, 2, 5, 10], "And of references.")
_SPLITS = flags.DEFINE_integer("splits", 10, "Splits by reference.")
_DRAWS = flags.DEFINE_integer("draws", 5, "Draws of labels, and of references.")
config_lib.define_flags()

_HELD_OUT_SIZE = 256  # Side of the crops of held-out photos and their versions.
_HELD_OUT = 12  # Number of held-out photos.


@dataclasses.dataclass(frozen=True)
class Features:
    """The features of everything that is scored or learned from.

    Attributes:
        shares: as for `ridge.fit`.
        order: of versions of training photos.
        held_out: float32 [photos, versions, c], of held-out photos.
        photos: the photos with opinion scores, by the name of their set.
        known: float32 [photos, c], their features, by the name of their set.
    """

    shares: np.ndarray
    order: Order
    held_out: np.ndarray
    photos: dict[str, list[ScoredPhoto]]
    known: dict[str, np.ndarray]


def features_of(
    config: Config,
    versions: splits.Split[Versions],
    photos: dict[str, list[ScoredPhoto]],
    path: Path,
) -> Features:
    """Computes the features of one network, or reads those of an earlier call."""
    model = stages.start(config)
    extract, shares = heads.extractor(model.network)
    if not path.is_file():
        order = finetuning.order_of(
            versions.training, model, config, stop=stopping.never
        )
        held_out = photo_sets.dataset(
            versions.held_out,
            size=_HELD_OUT_SIZE,
            count=min(_HELD_OUT, versions.held_out.num_photos),
            seed=config.seed,
        )
        images = (batch["image"] for batch in held_out.as_numpy_iterator())
        found = {
            "order": order.features,
            "held_out": heads.features(model.network, images),
        }
        for name, of in photos.items():
            crops = scored.recipe_crops(of, model.metadata.crop_size)
            found[name] = np.stack([extract(grid) for grid, _ in crops])
        np.savez(path, **found)
    with np.load(path) as file:
        found = dict(file)
    size = photo_sets.size(versions.held_out)
    order = finetuning.order_from(found["order"], versions.training)
    held = found["held_out"].reshape(-1, size, found["held_out"].shape[-1])
    return Features(shares, order, held, photos, {n: found[n] for n in photos})


def joined(one: Features, other: Features) -> Features:
    """Joins the features of two networks, each with half of the weight."""

    def both(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        return np.concatenate([first, second], axis=-1)

    features = both(one.order.features, other.order.features)
    return Features(
        shares=2 * both(one.shares, other.shares),
        order=dataclasses.replace(one.order, features=features),
        held_out=both(one.held_out, other.held_out),
        photos=one.photos,
        known={name: both(one.known[name], other.known[name]) for name in one.known},
    )


class Opinions:
    """Opinion scores of some photos, and models fitted to them."""

    def __init__(self, features: Features, name: str, scale: str):
        self._features, self._scale = features, scale
        self._photos, self._known = features.photos[name], features.known[name]

    def fit(self, rows: np.ndarray, *, in_order: bool) -> Ridge:
        """Fits a last layer to the opinion scores of some rows."""
        photos = [self._photos[row] for row in rows]
        learned = targets.with_targets(photos, targets.curve_of(photos, self._scale))
        features = self._known[rows].astype(float)
        wanted = np.array([photo.mos for photo in learned])
        fitted = ridge.fit(
            features,
            wanted,
            shares=self._features.shares,
            penalty=None,
            groups=[photo.reference for photo in photos],
        )
        if not in_order:
            return fitted
        return ordered_ridge.refit(
            fitted, features, wanted, self._features.order, weight=heads.ORDER_WEIGHT
        )

    def srocc(self, fitted: Ridge, rows: np.ndarray | None = None) -> float:
        """Returns its SROCC on some rows, or on all."""
        rows = np.arange(len(self._photos)) if rows is None else rows
        opinions = [self._photos[row].mos for row in rows]
        return metrics.srocc(fitted.predict(self._known[rows]), opinions)

    def split(self, holdout: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns training rows and held-out rows, split by reference."""
        training, held_out = splits.hold_out(
            range(len(self._photos)),
            holdout=holdout,
            seed=seed,
            groups=[photo.reference for photo in self._photos],
        )
        return np.array(training), np.array(held_out)

    def of_references(self, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns the rows of so many random references, and the other rows."""
        references = np.array([str(photo.reference) for photo in self._photos])
        order = np.random.default_rng(seed).permutation(np.unique(references))
        of = np.isin(references, order[:count])
        return np.flatnonzero(of), np.flatnonzero(~of)


def kept_by(fitted: Ridge, features: Features, versions: Versions) -> list[float]:
    """Returns order kept against the photo from level 2, for each kind that falls."""
    held = features.held_out
    flat = fitted.predict(held.reshape(-1, held.shape[-1])).reshape(held.shape[:2])
    kinds, levels = len(versions.names), versions.num_levels
    scores = np.empty((len(held), kinds, levels + 1))
    scores[..., 0] = flat[:, :1]
    scores[..., 1:] = flat[:, 1:].reshape(len(held), kinds, levels)
    falls = [np.array_equal(b, np.triu(np.ones_like(b), 1)) for b in versions.better]
    kept = order_kept.measure(LevelScores(versions.names, scores, versions.better))
    falling = {n for n, f in zip(versions.names, falls, strict=True) if f}
    return [
        row.from_level_2
        for row in kept
        if row.name in falling and not row.name.startswith("camera.")
    ]


def row(title: str, cells: list[float]) -> None:
    """Prints a row of a table."""
    print(f"| {title} |", " | ".join(f"{cell:.3f}" for cell in cells), "|", flush=True)


def head(*titles: object) -> None:
    """Prints the head of a table."""
    print("\n|", " | ".join(map(str, titles)), "|")
    print("| --- |", " | ".join(["---:"] * (len(titles) - 1)), "|")


def compare(every: dict[str, Features], main: str, config: Config, held: Versions):
    """Prints the tables."""
    sets = [name for name in next(iter(every.values())).photos if name != main]
    ways = [(n, o) for n in every for o in (False, True)]
    titles = {
        way: f"{way[0]}, {'order kept' if way[1] else 'opinions alone'}" for way in ways
    }
    others = [f"SROCC {name}" for name in sets]
    kept = ["order kept, least kind", "mean of kinds"]
    head(f"{_SPLITS.value} splits", "SROCC", "sd", *others, *kept)
    for way in ways:
        features, rows = every[way[0]], []
        opinions = Opinions(features, main, config.mos_scale)
        for seed in range(_SPLITS.value):
            training, held_out = opinions.split(config.holdout, seed)
            fitted = opinions.fit(training, in_order=way[1])
            shares = kept_by(fitted, features, held)
            rows.append(
                [
                    opinions.srocc(fitted, held_out),
                    *(Opinions(features, s, "raw").srocc(fitted) for s in sets),
                    *(np.min(shares), np.mean(shares)),
                ]
            )
        means = np.mean(rows, axis=0).tolist()
        deviation = float(np.std([r[0] for r in rows], ddof=1))
        row(titles[way], [means[0], deviation, *means[1:]])
    head("labels", *_COUNTS.value)
    for way in ways:
        opinions = Opinions(every[way[0]], main, config.mos_scale)
        rest, held_out = opinions.split(config.holdout, 0)
        cells = []
        for count in map(int, _COUNTS.value):
            found = []
            for draw in range(_DRAWS.value if count < len(rest) else 1):
                drawn = np.random.default_rng(draw).permutation(rest)[:count]
                fitted = opinions.fit(drawn, in_order=way[1])
                found.append(opinions.srocc(fitted, held_out))
            cells.append(float(np.mean(found)))
        row(titles[way], cells)
    for name in sets:
        total = len({p.reference for p in next(iter(every.values())).photos[name]})
        counts = [int(c) for c in _REFERENCES.value if int(c) < total]
        head(f"references of {name}", *counts)
        for way in ways:
            opinions = Opinions(every[way[0]], name, "standard")
            cells = []
            for count in counts:
                found = []
                for draw in range(_DRAWS.value):
                    known, unknown = opinions.of_references(count, draw)
                    fitted = opinions.fit(known, in_order=way[1])
                    found.append(opinions.srocc(fitted, unknown))
                cells.append(float(np.mean(found)))
            row(titles[way], cells)


def main(argv: list[str]) -> None:
    """Computes or reads the features, and prints the tables."""
    del argv
    config = config_lib.from_flags()
    folder = Path(_WORKDIR.value)
    folder.mkdir(parents=True, exist_ok=True)
    versions = run_data.photos_to_rank(config).versions
    opinions = scores_csv.read(config.dataset, config.data_dir or None)
    photos = {Path(config.dataset).stem: opinions}
    photos |= {Path(path).stem: scores_csv.read(path) for path in _SETS.value}
    every = {"ImageNet": features_of(config, versions, photos, folder / "imagenet.npz")}
    if _RANKED.value:
        ranked = dataclasses.replace(config, init=_RANKED.value)
        path = folder / "ranked.npz"
        every["ranked"] = features_of(ranked, versions, photos, path)
        every["both"] = joined(every["ImageNet"], every["ranked"])
    compare(every, Path(config.dataset).stem, config, versions.held_out)


if __name__ == "__main__":
    ranking_run.start(main, __file__)
