"""What happens to a photo in a camera: light, lens, sensor and what is made of it.

Where light adds up, as in a lens or on a sensor, the functions work in linear light
(`light`). The contract of images, parameters and seeds is that of the package.
"""

from distortions.camera.exposure import exposure
from distortions.camera.haze import haze
from distortions.camera.optics import camera_shake
from distortions.camera.optics import defocus
from distortions.camera.optics import motion_blur
from distortions.camera.sensor import phone_denoising
from distortions.camera.sensor import sensor_noise
from distortions.camera.sharpening import sharpening
from distortions.camera.white_balance import white_balance

__all__ = [
    "camera_shake",
    "defocus",
    "exposure",
    "haze",
    "motion_blur",
    "phone_denoising",
    "sensor_noise",
    "sharpening",
    "white_balance",
]
