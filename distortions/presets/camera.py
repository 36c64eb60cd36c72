"""What happens to photos in files, on screens and in programs."""

from distortions.camera.chroma import color_diffusion
from distortions.camera.chroma import color_shift
from distortions.camera.codecs import avif
from distortions.camera.codecs import jpeg_twice
from distortions.camera.codecs import webp
from distortions.camera.displacement import jitter
from distortions.camera.resampling import pixelation
from distortions.camera.resampling import resampling_bicubic
from distortions.camera.resampling import resampling_bilinear
from distortions.camera.resampling import resampling_lanczos
from distortions.camera.resampling import resampling_nearest
from distortions.camera.tone import banding
from distortions.registry import Preset
from distortions.registry import Row

_FACTORS = (1.5, 2.0, 3.0, 4.5, 7.0)
_REDUCED = (
    "Photos reduced by 1.5 to 7, as thumbnails that are shown too large: our choice, "
    "in steps of about half as much again, and alike for all smooth filters."
)

_FILE_ROWS = (
    Row(
        number=None,
        name="resampling_nearest",
        function=resampling_nearest,
        parameters=(1.2, 1.5, 2.0, 3.0, 5.0),
        policy="descending",
        source="Reduced by 1.2 to 5: our choice. It is jagged from the beginning, so "
        "that steps begin lower than those of the smooth filters.",
    ),
    Row(
        number=None,
        name="resampling_bilinear",
        function=resampling_bilinear,
        parameters=_FACTORS,
        policy="descending",
        source=_REDUCED,
    ),
    Row(
        number=None,
        name="resampling_bicubic",
        function=resampling_bicubic,
        parameters=_FACTORS,
        policy="descending",
        source=_REDUCED,
    ),
    Row(
        number=None,
        name="resampling_lanczos",
        function=resampling_lanczos,
        parameters=_FACTORS,
        policy="descending",
        source=_REDUCED,
    ),
    Row(
        number=None,
        name="pixelation",
        function=pixelation,
        parameters=(1.5, 2.0, 3.0, 5.0, 9.0),
        policy="descending",
        source="Blocks of 1.5 to 9 pixels: our choice.",
    ),
    Row(
        number=None,
        name="jpeg_twice",
        function=jpeg_twice,
        parameters=((85, 75), (50, 40), (25, 15), (11, 7), (7, 5)),
        policy="descending",
        source="Our choice, for about 33, 30, 27, 25, 23 dB over the embedded photos, "
        "at a quality of the second time that is somewhat less than that of the first.",
    ),
    Row(
        number=None,
        name="webp",
        function=webp,
        parameters=(75, 40, 15, 5, 0),
        policy="descending",
        source="From Pillow's default quality, where little is seen, to the least that "
        "there is: our choice, for about 34, 32, 30, 28, 26 dB over the embedded "
        "photos.",
    ),
    Row(
        number=None,
        name="avif",
        function=avif,
        parameters=(60, 45, 30, 15, 0),
        policy="descending",
        source="Even steps down to the least quality that there is: our choice, for "
        "about 34, 32, 29, 27, 25 dB over the embedded photos.",
    ),
    Row(
        number=None,
        name="banding",
        function=banding,
        parameters=(5.0, 4.5, 4.0, 3.5, 3.0),
        policy="descending",
        source="32, 23, 16, 11 and 8 tones, half a bit less each time: our choice.",
    ),
    Row(
        number=None,
        name="jitter",
        function=jitter,
        parameters=(0.12, 0.22, 0.45, 1.0, 2.0),
        policy="descending",
        source="Our choice, for about 33, 30, 27, 24, 22 dB over the embedded photos; "
        "KADID-10k has 0.05, 0.1, 0.2, 0.5 and 1.",
    ),
    Row(
        number=None,
        name="color_diffusion",
        function=color_diffusion,
        parameters=((2.0, 1.0), (4.0, 1.0), (8.0, 1.2), (14.0, 1.6), (24.0, 2.4)),
        policy="descending",
        source="Our choice: about twice the blur each time, and a gain that makes up "
        "for what it makes pale, and more. KADID-10k begins with a sigma of 3.5 and "
        "goes on to 20 and a gain of 12.",
    ),
    Row(
        number=None,
        name="color_shift",
        function=color_shift,
        parameters=(1.0, 2.0, 4.0, 8.0, 16.0),
        policy="descending",
        source="Twice as far each time: our choice. KADID-10k has 1, 3, 6, 8 and 12 "
        "pixels.",
    ),
)

CAMERA = Preset(
    name="camera",
    source="What happens to photos in files, on screens and in programs. The levels "
    "are our choice.",
    rows=_FILE_ROWS,
)
