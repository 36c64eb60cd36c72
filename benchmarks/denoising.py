"""The denoiser of `distortions` compared with non-local means and BM3D on noisy photos.

    pip install scikit-image bm3d
    python -m benchmarks.denoising
    python -m benchmarks.denoising bm3d

Prints PSNR and seconds per photo, for the middles of embedded photos; with BM3D, which
is slow, there are fewer and smaller ones. The bm3d package has a non-commercial
licence: it is only used here for comparison, not in the project.
"""

import sys
import time

import numpy as np
import tensorflow as tf
from PIL import Image
from skimage.restoration import denoise_nl_means

from distortions import denoising
from distortions import noise
from rankiqa_tf.data import references

try:
    import bm3d
except ImportError:
    bm3d = None


def middle(path, height, width):
    """Reads the middle of a photo."""
    photo = np.asarray(Image.open(path).convert("RGB"), np.float32) / np.float32(255)
    top, left = (photo.shape[0] - height) // 2, (photo.shape[1] - width) // 2
    return photo[top : top + height, left : left + width]


@tf.function
def ours_traced(noisy, sigma):
    return denoising.dct_denoise(noisy, sigma)


def ours(noisy, sigma):
    return ours_traced(noisy, sigma).numpy()


def non_local_means(noisy, sigma):
    return denoise_nl_means(
        noisy,
        patch_size=5,
        patch_distance=6,
        h=0.8 * sigma,
        sigma=sigma,
        fast_mode=True,
        channel_axis=-1,
    )


def block_matching(noisy, sigma):
    return np.clip(bm3d.bm3d_rgb(noisy, sigma), 0, 1)


def psnr(one, two):
    return -10 * np.log10(np.mean(np.square(one - two)))


def main(option=""):
    methods = {"noisy": lambda noisy, _: noisy}
    methods |= {"dct_denoise": ours, "non-local means": non_local_means}
    num_photos, height, width = 8, 384, 512
    if option == "bm3d":
        if bm3d is None:
            sys.exit("the package bm3d is missing; to have it: pip install bm3d")
        methods["BM3D"] = block_matching
        num_photos, height, width = 3, 192, 256
    paths = references.embedded_photos()
    paths = paths[:: len(paths) // num_photos][:num_photos]
    photos = [middle(path, height, width) for path in paths]
    print(f"{num_photos} photos of {width} x {height}: PSNR in dB (seconds a photo)\n")
    print("| sigma of 255 |", " | ".join(methods), "|")
    print("|", " | ".join(["---"] * (len(methods) + 1)), "|")
    for level in (10, 25, 40, 60):
        sigma = level / 255
        ours(photos[0], sigma)  # Traces it.
        row = []
        for method in methods.values():
            found, seconds = [], []
            for number, photo in enumerate(photos):
                seed = (level, number)
                noisy = noise.white_noise(photo, sigma**2, seed=seed).numpy()
                start = time.perf_counter()
                found.append(psnr(method(noisy, sigma), photo))
                seconds.append(time.perf_counter() - start)
            row.append(f"{np.mean(found):.2f} ({np.mean(seconds):.2f})")
        print(f"| {level} |", " | ".join(row), "|", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
