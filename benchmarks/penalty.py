"""The penalty of a last layer: that of the least error left out, or a stronger one.

    python -m benchmarks.penalty mos.csv [images_folder] [network]

For several numbers of labels, and allowances above the least error left out, prints the
SROCC and RMSE of frozen ImageNet features on the fifth that is held out, in the mean of
twelve splits, each with a draw of the labels of its own. Photos are taken in crops of
512 pixels.
"""

import sys
from unittest import mock

import numpy as np

from rankiqa_tf import metrics
from rankiqa_tf import models
from rankiqa_tf.data import references
from rankiqa_tf.data import scored
from rankiqa_tf.datasets import scores_csv
from rankiqa_tf.models import heads
from rankiqa_tf.models import ridge

LABELS = (50, 100, 200, 500, 1600)
NEAR = (1.0, 1.01, 1.02)
SPLITS = 12


def main(path, folder=None, network="efficientnet_lite0"):
    model = models.build(network, weights="imagenet", levels="all")
    extract, shares = heads.extractor(model)
    photos = scores_csv.read(path, folder)
    crops = scored.recipe_crops(photos, 512)
    features = np.stack([extract(grid) for grid, _ in crops])
    opinions = np.array([photo.mos for photo in photos])
    names = [photo.reference for photo in photos]
    numbers = list(range(len(photos)))
    print("| labels | allowance | SROCC | RMSE | penalty |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    for count in LABELS:
        found = {near: [] for near in NEAR}
        for seed in range(SPLITS):
            rest, b = references.split(numbers, holdout=0.2, seed=seed, groups=names)
            a = np.random.default_rng(seed).permutation(rest)[:count]
            for near, rows in found.items():
                with mock.patch.object(ridge, "_NEAR", near):
                    fitted = ridge.fit(
                        features[a], opinions[a], shares=shares, penalty=None
                    )
                errors = fitted.predict(features[b]) - opinions[b]
                srocc = metrics.srocc(fitted.predict(features[b]), opinions[b])
                rmse = np.mean(np.square(errors)) ** 0.5
                rows.append((srocc, rmse, np.log10(fitted.penalty)))
        for near, rows in found.items():
            srocc, rmse, penalty = np.mean(rows, 0)
            cells = f"{srocc:.4f} | {rmse:.4f} | {10**penalty:.1e}"
            print(f"| {count} | {near - 1:.0%} | {cells} |", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
