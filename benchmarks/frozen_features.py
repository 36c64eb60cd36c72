"""What fine-tuning has to beat: a ridge regression on the frozen ImageNet network.

    python -m benchmarks.frozen_features mos.csv [images_folder]

Prints, for several penalties, the SROCC on the part that training with --seed=0 holds
out, and on those of five more splits: with the features of all levels, and with those
of the last alone. Photos are taken in crops of 512 pixels.
"""

import sys

import keras
import numpy as np

from rankiqa_tf import metrics
from rankiqa_tf import models
from rankiqa_tf.data import references
from rankiqa_tf.data import scored
from rankiqa_tf.datasets import scores_csv
from rankiqa_tf.models import heads


def predicted(features, opinions, others, *, shares, penalty):
    """Ridge regression of the opinions, for other photos, in its dual form."""
    mean, deviation = features.mean(0), features.std(0) + 1e-3
    deviation *= np.sqrt(shares)
    known, unknown = (features - mean) / deviation, (others - mean) / deviation
    gram = known @ known.T + penalty * len(known) * np.eye(len(known))
    weights = np.linalg.solve(gram, opinions - opinions.mean())
    return unknown @ (known.T @ weights) + opinions.mean()


def main(path, folder=None):
    model = models.build("efficientnet_lite0", weights="imagenet", levels="all")
    standardise = model.get_layer("standardise")
    extract = keras.Model(model.input, standardise.input)
    shares = heads.shares(standardise, model)
    photos = scores_csv.read(path, folder)
    crops = scored.recipe_crops(photos, 512)
    features = np.stack([extract.predict_on_batch(grid).mean(0) for grid, _ in crops])
    opinions = np.array([photo.mos for photo in photos])
    names = [photo.reference for photo in photos]
    numbers = list(range(len(photos)))
    splits = [
        references.split(numbers, holdout=0.2, seed=seed, groups=names)
        for seed in range(6)
    ]
    last = 2 * model.get_layer("head").filters  # Means and deviations, at the end.
    every, last = slice(None), slice(-last, None)
    for levels, used in (("all", every), ("last", last)):
        part = features[:, used]
        parts = shares[used] * (1 / shares[used]).sum()
        for penalty in (1e-4, 3e-4, 1e-3, 3e-3, 1e-2):
            found = [
                metrics.srocc(
                    predicted(
                        part[a], opinions[a], part[b], shares=parts, penalty=penalty
                    ),
                    opinions[b],
                )
                for a, b in splits
            ]
            shown = " ".join(f"{x:.3f}" for x in found)
            print(f"{levels} levels, penalty {penalty}: SROCC {shown}")


if __name__ == "__main__":
    main(*sys.argv[1:])
