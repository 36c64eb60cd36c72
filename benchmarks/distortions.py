"""How many photos of 512 x 384 a second each distortion makes, on one core.

    pip install imagecorruptions
    taskset -c 0 python -m benchmarks.distortions > benchmarks/distortions.md

First beside the package `imagecorruptions`, in the same run and on the same photo, for
the kinds that both have, at about the same strength. Then all kinds of the preset
tid2013 at level 3: the whole photo, and a crop of 224 pixels from its middle made of no
more than it needs.

JPEG cannot be twice as fast: both call libjpeg-turbo, where the time goes, and ours
takes and gives float32 besides, which is a quarter of its time.
"""

import functools
import statistics
import time

import numpy as np
import tensorflow as tf
from PIL import Image

import distortions
from distortions import blur
from distortions import color
from distortions import jpeg
from distortions import noise
from rankiqa_tf.data.references import embedded_photos

SEED = tf.constant([3, 14])
CROP = 224
SECONDS = 1.0  # Of calls to each function; the median counts.

# Ours, and the name and severity there. Its parameters at that severity: noise of
# sigma .12; density .09; blur of sigma 3; quality 15; contrast .2 of what it was;
# saturation times 2 in HSV; brightness .3 more in HSV.
PAIRS = {
    "white noise": (
        lambda image, seed: noise.white_noise(image, 0.12**2, seed=seed),
        ("gaussian_noise", 2),
    ),
    "impulse noise": (
        lambda image, seed: noise.impulse_noise(image, 0.09, seed=seed),
        ("impulse_noise", 3),
    ),
    "Gaussian blur": (
        lambda image, _: blur.gaussian_blur(image, 3),
        ("gaussian_blur", 3),
    ),
    "JPEG": (lambda image, _: jpeg.jpeg(image, 15), ("jpeg_compression", 3)),
    "contrast": (lambda image, _: color.contrast_change(image, 0.2), ("contrast", 3)),
    "saturation": (lambda image, _: color.saturation_change(image, 2), ("saturate", 3)),
    "brightness shift": (
        lambda image, _: color.mean_shift(image, 0.3),
        ("brightness", 3),
    ),
}


def seconds(call):
    """The median time of a call."""
    call()
    times = []
    while len(times) < 5 or sum(times) < SECONDS:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def in_graph(function, dtype=tf.float32):
    # The seed is an argument: noise of a constant one would be made once for all.
    return tf.function(
        function,
        input_signature=[
            tf.TensorSpec([None, None, 3], dtype),
            tf.TensorSpec([2], tf.int32),
        ],
    )


def beside(pixels):
    """Ours from bytes to bytes, as the other package works."""
    import imagecorruptions
    import skimage.filters
    from imagecorruptions import corruptions

    # It calls scikit-image's Gaussian as that was before version 0.20.
    corruptions.gaussian = lambda image, sigma, multichannel: skimage.filters.gaussian(
        image, sigma=sigma, channel_axis=-1
    )
    print("| kind | ours, a second | imagecorruptions, a second | ratio |")
    print("| --- | --- | --- | --- |")
    for name, (function, (other, severity)) in PAIRS.items():

        def on_bytes(image, seed, function=function):
            distorted = function(tf.cast(image, tf.float32) / 255, seed)
            return tf.cast(tf.round(distorted * 255), tf.uint8)

        ours = in_graph(on_bytes, tf.uint8)
        theirs = functools.partial(
            imagecorruptions.corrupt, severity=severity, corruption_name=other
        )
        mine = seconds(lambda ours=ours: ours(pixels, SEED).numpy())
        other = seconds(lambda theirs=theirs: theirs(pixels))
        print(f"| {name} | {1 / mine:.0f} | {1 / other:.0f} | {other / mine:.1f} |")


def all_kinds(photo):
    height, width = photo.shape[:2]
    box = tf.constant([(height - CROP) // 2, (width - CROP) // 2, CROP, CROP])
    print("| # | kind | photos a second | crops a second | ratio | a crop needs |")
    print("| --- | --- | --- | --- | --- | --- |")
    for row in distortions.PRESETS["tid2013"].rows:
        whole = in_graph(lambda image, seed, row=row: row.distort(image, 3, seed=seed))
        crop = in_graph(
            lambda image, seed, row=row: row.distort_box(image, 3, box, seed=seed)
        )
        one = seconds(lambda whole=whole: whole(photo, SEED).numpy())
        part = seconds(lambda crop=crop: crop(photo, SEED).numpy())
        needs = "the whole photo"
        if row.reach:
            margin = row.reach.margin(*row.arguments(3).values())
            grid = f", to a grid of {row.reach.grid}" if row.reach.grid > 1 else ""
            needs = f"{margin} pixels more{grid}"
        print(
            f"| {row.number} | {row.name} | {1 / one:.1f} | {1 / part:.1f} | "
            f"{one / part:.1f} | {needs} |"
        )


def main():
    with Image.open(embedded_photos()[0]) as image:
        pixels = np.asarray(image.convert("RGB").resize((512, 384)))
    print(f"# Speed of the distortions\n\n{__doc__}")
    beside(pixels)
    print()
    all_kinds(tf.constant(pixels, tf.float32) / 255)


if __name__ == "__main__":
    main()
