"""How far around a pixel each distortion looks at the photo.

A crop of a distorted photo can be made of a part of the photo where that is not far.
"""

import dataclasses
import types
from collections.abc import Callable

from distortions import blur
from distortions import jpeg
from distortions import jpeg2000
from distortions import multiple
from distortions import noise


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

# By function; None for those that need the whole photo.
REACH = types.MappingProxyType(
    {
        blur.gaussian_blur: Reach(blur.kernel_radius),
        jpeg.jpeg: _JPEG,
        # The bits of the file are shared out over the whole photo.
        jpeg2000.jpeg2000: None,
        # All of a block that is looked at must be blurred as it is in the photo.
        multiple.blur_and_jpeg: Reach(
            lambda sigma, _: blur.kernel_radius(sigma) + 16 + 2, grid=16
        ),
        multiple.blur_and_noise: Reach(lambda sigma, _: blur.kernel_radius(sigma)),
        noise.white_noise: _POINTWISE,
    }
)
