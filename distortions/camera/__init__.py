"""What happens to photos in a camera and afterwards: light, lens, sensor and files.

Where light adds up, as in a lens or on a sensor, the functions work in linear light
(`light`). The contract of images, parameters and seeds is that of the package.
"""

from distortions.camera.chroma import color_diffusion
from distortions.camera.chroma import color_shift
from distortions.camera.codecs import avif
from distortions.camera.codecs import jpeg_twice
from distortions.camera.codecs import webp
from distortions.camera.displacement import jitter
from distortions.camera.exposure import exposure
from distortions.camera.haze import haze
from distortions.camera.optics import camera_shake
from distortions.camera.optics import defocus
from distortions.camera.optics import motion_blur
from distortions.camera.resampling import pixelation
from distortions.camera.resampling import resampling_bicubic
from distortions.camera.resampling import resampling_bilinear
from distortions.camera.resampling import resampling_lanczos
from distortions.camera.resampling import resampling_nearest
from distortions.camera.sensor import phone_denoising
from distortions.camera.sensor import sensor_noise
from distortions.camera.sharpening import sharpening
from distortions.camera.tone import banding
from distortions.camera.white_balance import white_balance

__all__ = [
    "avif",
    "banding",
    "camera_shake",
    "color_diffusion",
    "color_shift",
    "defocus",
    "exposure",
    "haze",
    "jitter",
    "jpeg_twice",
    "motion_blur",
    "phone_denoising",
    "pixelation",
    "resampling_bicubic",
    "resampling_bilinear",
    "resampling_lanczos",
    "resampling_nearest",
    "sensor_noise",
    "sharpening",
    "webp",
    "white_balance",
]
