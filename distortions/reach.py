"""How far around a pixel each distortion looks at the photo.

A crop of a distorted photo can be made of a part of the photo where that is not far.
"""

import dataclasses
import types
from collections.abc import Callable

from distortions import blur
from distortions import color
from distortions import denoising
from distortions import jpeg
from distortions import jpeg2000
from distortions import multiple
from distortions import noise
from distortions import noisy_compression
from distortions import palette
from distortions import patches
from distortions import released_code
from distortions import sparse_sampling
from distortions import transmission


@dataclasses.dataclass(frozen=True)
class Reach:
    """The surroundings that a local distortion needs.

    Attributes:
        margin: pixels on each side, from the distortion's parameters.
        grid: side in pixels of the blocks that the distortion works in, counted from
            the photo's top left corner; 1 if it has none.
    """

    margin: Callable[..., int]
    grid: int = 1


# The value of a pixel alone decides.
_POINTWISE = Reach(margin=lambda *_: 0)
# Colours are kept in blocks of 16 pixels, and taken back to full resolution with a
# look at the next sample, two pixels away.
_JPEG = Reach(margin=lambda *_: 2, grid=16)

# As far as its farthest channel is moved, and one pixel of blur.
_SHIFTED = Reach(lambda *shifts: max(shifts) + 1)
_DENOISED = Reach(lambda _: denoising.MARGIN, grid=denoising.GRID)

# By function; None for those that need the whole photo.
REACH = types.MappingProxyType(
    {
        blur.gaussian_blur: Reach(blur.kernel_radius),
        color.chromatic_aberration: _SHIFTED,
        color.contrast_change: None,  # It keeps the photo's mean.
        color.gain: _POINTWISE,
        color.mean_shift: _POINTWISE,
        color.quantization: _POINTWISE,
        color.saturation_change: _POINTWISE,
        denoising.denoising: _DENOISED,
        jpeg.jpeg: _JPEG,
        jpeg2000.jpeg2000: None,  # The bits of the file are shared out over the photo.
        # All of a block that is looked at must be blurred as it is in the photo.
        multiple.blur_and_jpeg: Reach(
            lambda sigma, _: blur.kernel_radius(sigma) + 16 + 2, grid=16
        ),
        multiple.blur_and_noise: Reach(lambda sigma, _: blur.kernel_radius(sigma)),
        noise.color_component_noise: _POINTWISE,
        noise.comfort_noise: None,  # Its coarsest waves are as wide as a crop.
        noise.correlated_noise: _POINTWISE,  # It is noise that correlates.
        noise.high_frequency_noise: _POINTWISE,
        noise.impulse_noise: _POINTWISE,
        noise.masked_noise: None,  # What is spared in one place is added in another.
        noise.multiplicative_noise: _POINTWISE,
        noise.pink_noise: None,  # Its waves are as long as the photo.
        noise.white_noise: _POINTWISE,
        noisy_compression.noisy_compression: _JPEG,
        palette.color_quantization: None,  # The palette is the photo's.
        patches.block_distortion: Reach(lambda *_: patches.BLOCK_MARGIN),
        patches.pattern_noise: Reach(lambda _: patches.PATTERN_MARGIN),
        sparse_sampling.sparse_sampling: Reach(
            sparse_sampling.margin, grid=denoising.GRID
        ),
        transmission.jpeg_transmission_errors: None,  # The stream is the photo's.
        transmission.jpeg2000_transmission_errors: None,
        released_code.denoising_twice_noisy: None,  # The second noise has its place.
        released_code.gaussian_blur: Reach(lambda size: size // 2),
        released_code.histogram_quantization: None,  # The histogram is the photo's.
        released_code.mean_colour_blocks: None,  # So many a photo.
        released_code.moved_patches: None,
        released_code.red_and_green_shift: _SHIFTED,
        released_code.tinted_saturation_change: _POINTWISE,
    }
)
