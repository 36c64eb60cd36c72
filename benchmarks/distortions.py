"""How many photos of 512 x 384 a second each distortion makes, on one core.

Most are at least twice as fast as those of imagecorruptions, kornia and torchvision.
The exceptions are distortions that pass over the photo once and do little else
(brightness, contrast, quantization and saturation compared with torchvision), limited
by memory; impulse noise compared with PyTorch, where drawing random numbers dominates;
JPEG, where all use the same codec and ours also converts from and to float32;
pixelation and resampling, for which Pillow and PyTorch have special loops and
TensorFlow a general one for any filter; and colour diffusion, which mostly consists of
conversion to CIELAB and back. Ours blur linear light rather than sRGB values for
defocus and motion, over disks and lines of any size, including fractions of a pixel.
They use the Fourier transform, which takes as long for a large disk as for a small one,
and wins when the other kernel is large.

    pip install imagecorruptions kornia torchvision "setuptools<81"
    taskset -c 0 python -m benchmarks.distortions > benchmarks/distortions.md

First the comparison, in the same run and on the same photo, for the kinds that both
have, at about the same strength. The other packages are large, so use a separate
environment. With imagecorruptions it is from bytes to bytes, as that package works;
with the other two from float32 to float32. Then all kinds of three presets at level 3:
the whole photo, and a crop of 224 pixels from its middle, made from only the part of
the photo it needs.
"""

import functools
import statistics
import time

import numpy as np
import tensorflow as tf
from PIL import Image

import distortions
from distortions import blur
from distortions import camera
from distortions import color
from distortions import jpeg
from distortions import kadid10k
from distortions import noise
from rankiqa_tf.data.references import embedded_photos

SEED = tf.constant([3, 14])
CROP = 224
SECONDS = 1.0  # How long to call each function; the median counts.

# Our function, and the other one's name and severity. Parameters at that severity:
# noise of sigma .12; density .09; shot noise of 25 photons; blur of sigma 3; disk of
# radius 4; motion of radius 15; pixels of 3; quality 15; contrast times .2; saturation
# times 2 in HSV; brightness plus .3 in HSV. Its glass swaps pixels up to 2 apart,
# twice.
IMAGECORRUPTIONS = {
    "white noise": (
        lambda image, seed: noise.white_noise(image, 0.12**2, seed=seed),
        ("gaussian_noise", 2),
    ),
    "impulse noise": (
        lambda image, seed: noise.impulse_noise(image, 0.09, seed=seed),
        ("impulse_noise", 3),
    ),
    "sensor noise": (
        lambda image, seed: camera.sensor_noise(image, 25, 0, seed=seed),
        ("shot_noise", 2),
    ),
    "Gaussian blur": (
        lambda image, _: blur.gaussian_blur(image, 3),
        ("gaussian_blur", 3),
    ),
    "defocus": (lambda image, _: camera.defocus(image, 4), ("defocus_blur", 2)),
    "motion blur": (
        lambda image, _: camera.motion_blur(image, 31, 30),
        ("motion_blur", 3),
    ),
    "jitter": (
        lambda image, seed: camera.jitter(image, 1, seed=seed),
        ("glass_blur", 2),
    ),
    "pixelation": (lambda image, _: camera.pixelation(image, 3), ("pixelate", 4)),
    "JPEG": (lambda image, _: jpeg.jpeg(image, 15), ("jpeg_compression", 3)),
    "contrast": (lambda image, _: color.contrast_change(image, 0.2), ("contrast", 3)),
    "saturation": (lambda image, _: color.saturation_change(image, 2), ("saturate", 3)),
    "brightness shift": (
        lambda image, _: color.mean_shift(image, 0.3),
        ("brightness", 3),
    ),
}


def torch_functions():
    """Returns our and PyTorch functions by kind, for [1, channels, height, width]."""
    import kornia
    import torch
    import torchvision.io as files
    import torchvision.transforms.functional as vision

    torch.set_num_threads(1)

    def coded(image):
        pixels = (image[0] * 255).round().to(torch.uint8)
        return files.decode_jpeg(files.encode_jpeg(pixels, quality=15)) / 255

    def reduced(image):
        small = vision.resize(image, [128, 171], vision.InterpolationMode.BICUBIC)
        return vision.resize(small, [384, 512], vision.InterpolationMode.BICUBIC)

    def diffused(image):
        lab = kornia.color.rgb_to_lab(image)
        soft = kornia.filters.gaussian_blur2d(lab[:, 1:], (33, 33), (8.0, 8.0))
        return kornia.color.lab_to_rgb(torch.cat([lab[:, :1], soft], 1))

    def colder(image):
        hsv = kornia.color.rgb_to_hsv(image)
        hsv[:, 1] = (hsv[:, 1] * 0.4).clamp(0, 1)
        return kornia.color.hsv_to_rgb(hsv)

    def salted(image):
        drawn = torch.rand_like(image)
        salted = torch.where(drawn < 0.045, 0.0, image)
        return torch.where(drawn > 0.955, 1.0, salted)

    small, large = torch.full([1, 9, 9], 9**-2), torch.full([1, 65, 65], 65**-2)
    return {
        "Gaussian blur, torchvision": (
            lambda image, _: blur.gaussian_blur(image, 3),
            lambda image: vision.gaussian_blur(image, [25, 25], [3.0, 3.0]),
        ),
        "Gaussian blur, kornia": (
            lambda image, _: blur.gaussian_blur(image, 3),
            lambda image: kornia.filters.gaussian_blur2d(image, (25, 25), (3.0, 3.0)),
        ),
        "defocus, kornia (9 x 9 taps)": (
            lambda image, _: kadid10k.lens_blur(image, 4),
            lambda image: kornia.filters.filter2d(image, small),
        ),
        "defocus, kornia (65 x 65 taps)": (
            lambda image, _: kadid10k.lens_blur(image, 32),
            lambda image: kornia.filters.filter2d(image, large),
        ),
        "motion blur, kornia": (
            lambda image, seed: kadid10k.motion_blur(image, 15, seed=seed),
            lambda image: kornia.filters.motion_blur(image, 15, 30.0, 0.0),
        ),
        "sharpening, kornia": (
            lambda image, _: camera.sharpening(image, 2, 1.5),
            lambda image: kornia.filters.unsharp_mask(image, (13, 13), (1.5, 1.5)),
        ),
        "white noise, PyTorch": (
            lambda image, seed: noise.white_noise(image, 0.12**2, seed=seed),
            lambda image: (image + 0.12 * torch.randn_like(image)).clamp(0, 1),
        ),
        "impulse noise, PyTorch": (
            lambda image, seed: noise.impulse_noise(image, 0.09, seed=seed),
            salted,
        ),
        "JPEG, torchvision": (lambda image, _: jpeg.jpeg(image, 15), coded),
        "resampling (bicubic, 3), torchvision": (
            lambda image, _: camera.resampling_bicubic(image, 3),
            reduced,
        ),
        "colour diffusion, kornia": (
            lambda image, _: camera.color_diffusion(image, 8, 1),
            diffused,
        ),
        "saturation (HSV), kornia": (
            lambda image, _: kadid10k.hsv_saturation(image, 0.4),
            colder,
        ),
        "saturation, torchvision": (
            lambda image, _: color.saturation_change(image, 2),
            lambda image: vision.adjust_saturation(image, 2),
        ),
        "contrast, torchvision": (
            lambda image, _: color.contrast_change(image, 0.2),
            lambda image: vision.adjust_contrast(image, 0.2),
        ),
        "brightness, torchvision": (
            lambda image, _: color.gain(image, 1.4),
            lambda image: vision.adjust_brightness(image, 1.4),
        ),
        "quantization, torchvision": (
            lambda image, _: color.quantization(image, 1 / 7),
            lambda image: vision.posterize((image * 255).to(torch.uint8), 3) / 255,
        ),
    }


def seconds(call):
    """Returns the median time of a call."""
    call()
    times = []
    while len(times) < 5 or sum(times) < SECONDS:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def in_graph(function, dtype=tf.float32):
    # The seed is an argument: with a constant one, noise would be made only once.
    return tf.function(
        function,
        input_signature=[
            tf.TensorSpec([None, None, 3], dtype),
            tf.TensorSpec([2], tf.int32),
        ],
    )


def show(name, ours, theirs):
    """Prints a row comparing two calls."""
    mine, other = seconds(ours), seconds(theirs)
    print(f"| {name} | {1 / mine:.0f} | {1 / other:.0f} | {other / mine:.1f} |")


def beside_imagecorruptions(pixels):
    """Compares from bytes to bytes, as the other package works."""
    import imagecorruptions
    import skimage.filters
    from imagecorruptions import corruptions

    # It calls scikit-image's Gaussian with the signature from before version 0.20.
    corruptions.gaussian = lambda image, sigma, multichannel: skimage.filters.gaussian(
        image, sigma=sigma, channel_axis=-1
    )
    for name, (function, (other, severity)) in IMAGECORRUPTIONS.items():

        def on_bytes(image, seed, function=function):
            distorted = function(tf.cast(image, tf.float32) / 255, seed)
            return tf.cast(tf.round(distorted * 255), tf.uint8)

        ours = in_graph(on_bytes, tf.uint8)
        theirs = functools.partial(
            imagecorruptions.corrupt, severity=severity, corruption_name=other
        )
        show(
            f"{name}, imagecorruptions",
            lambda ours=ours: ours(pixels, SEED).numpy(),
            lambda theirs=theirs: theirs(pixels),
        )


def beside_torch(pixels):
    """Compares from float32 to float32, as the other packages work."""
    import torch

    photo = tf.constant(pixels, tf.float32) / 255
    channels_first = torch.from_numpy(photo.numpy().transpose(2, 0, 1)[np.newaxis])
    for name, (function, other) in torch_functions().items():
        ours = in_graph(function)
        show(
            name,
            lambda ours=ours: ours(photo, SEED).numpy(),
            lambda other=other: other(channels_first),
        )


def all_kinds(preset, photo):
    """Prints the kinds of a preset at level 3."""
    height, width = photo.shape[:2]
    box = tf.constant([(height - CROP) // 2, (width - CROP) // 2, CROP, CROP])
    print(f"\n## {preset.name}\n")
    print("| kind | photos a second | crops a second | ratio | a crop needs |")
    print("| --- | --- | --- | --- | --- |")
    for row in preset.rows:
        whole = in_graph(lambda image, seed, row=row: row.distort(image, 3, seed=seed))
        crop = in_graph(
            lambda image, seed, row=row: row.distort_box(image, 3, box, seed=seed)
        )
        one = seconds(lambda whole=whole: whole(photo, SEED).numpy())
        part = seconds(lambda crop=crop: crop(photo, SEED).numpy())
        needs = "the whole photo"
        if row.reach:
            margin = int(row.reach.margin_of(*row.arguments(3).values()))
            grid = f", to a grid of {row.reach.grid}" if row.reach.grid > 1 else ""
            needs = f"{margin} pixels more{grid}"
        print(
            f"| {row.name} | {1 / one:.1f} | {1 / part:.1f} | {one / part:.1f} | "
            f"{needs} |",
            flush=True,
        )


def main():
    with Image.open(embedded_photos()[0]) as image:
        pixels = np.asarray(image.convert("RGB").resize((512, 384)))
    print(f"# Speed of the distortions\n\n{__doc__}")
    print("| kind | ours, a second | theirs, a second | ratio |")
    print("| --- | --- | --- | --- |")
    beside_imagecorruptions(pixels)
    beside_torch(pixels)
    for name in ("tid2013", "camera", "kadid10k"):
        all_kinds(distortions.PRESETS[name], tf.constant(pixels, tf.float32) / 255)


if __name__ == "__main__":
    main()
