"""Every backbone of keras.applications, by its Keras name."""

import functools
import inspect
import math
import warnings
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

# Sides of Keras' training images, if not 224.
_CROP_SIZES = {
    "EfficientNetB1": 240,
    "EfficientNetB2": 260,
    "EfficientNetB3": 300,
    "EfficientNetB4": 380,
    "EfficientNetB5": 456,
    "EfficientNetB6": 528,
    "EfficientNetB7": 600,
    "EfficientNetV2B1": 240,
    "EfficientNetV2B2": 260,
    "EfficientNetV2B3": 300,
    "EfficientNetV2S": 384,
    "EfficientNetV2M": 480,
    "EfficientNetV2L": 480,
    "InceptionResNetV2": 299,
    "InceptionV3": 299,
    "NASNetLarge": 331,
    "Xception": 299,
}
# The smallest sides that Keras allows, if not 32.
_SMALLEST = {"InceptionResNetV2": 75, "InceptionV3": 75, "Xception": 71}

_STRIDES = (2, 4, 8, 16, 32)

# A size at which strides are easy to tell: valid convolutions lose little of it.
_PROBED_SIDE = 512


@functools.cache
def names() -> tuple[str, ...]:
    """Returns the names of all backbones: the functions that take include_top."""
    functions = inspect.getmembers(keras.applications, inspect.isfunction)
    return tuple(
        name
        for name, function in functions
        if "include_top" in inspect.signature(function).parameters
    )


def crop_size(name: str) -> int:
    """Returns the side of the images that Keras' weights were trained on."""
    return _CROP_SIZES.get(name, 224)


def smallest(name: str) -> int:
    """Returns the smallest side of images that the backbone accepts."""
    return crop_size(name) if _has_one_size(name) else _SMALLEST.get(name, 32)


def files(name: str) -> tuple[str, ...]:
    """Returns the extensions of the weight files that a backbone accepts."""
    # EfficientNetB0 to B7 have an extra layer if, and only if, Keras loads its own
    # download:
    # a file with the same weights would be loaded without it and give wrong results.
    return () if name.startswith("EfficientNetB") else (".h5",)


def levels_of(name: str) -> tuple[str, ...]:
    """Returns the names of the backbone's levels, such as stride8, first to last."""
    # ConvNeXt starts with patches of 4 x 4.
    strides = _STRIDES[1:] if name.startswith("ConvNeXt") else _STRIDES
    return tuple(f"stride{stride}" for stride in strides)


def build(
    name: str, *, weights: str | None = None, levels: Sequence[str] = ()
) -> tuple[keras.Model, dict[str, keras.KerasTensor]]:
    """Makes a backbone with its preprocessing.

    Args:
        name: one of `names`.
        weights: "imagenet" for Keras' download, the path of an .h5 file that Keras
            wrote for the same backbone without its classifier, or None.
        levels: the levels to be used; ignored here.

    Returns:
        The model from images [N, h, w, 3] in 0..1 to its last level, and its levels by
        name, first to last: the last tensor of each resolution, [N, h', w', c], the
        last of all being the backbone's output.

    Raises:
        ValueError: if the weights are unavailable or do not fit.
    """
    side = crop_size(name) if _has_one_size(name) else None
    images = keras.Input((side, side, 3), name="image")
    scale, offset, turned = preprocessing(name)
    x = keras.layers.Rescaling(
        (255 * scale).tolist(), offset=offset.tolist(), name="preprocess"
    )(images)
    if turned:
        x = keras.ops.flip(x, axis=-1)
    # The layers are part of this model rather than a nested one: training can then
    # freeze the first of them, and weights load as Keras saved them.
    backbone = call(name, weights=weights, include_top=False, input_tensor=x)
    model = keras.Model(images, backbone.output, name=name)
    return model, _levels(model, side or _PROBED_SIDE)


def call(name: str, *, weights: str | None, **arguments: Any) -> keras.Model:
    """Calls a function of keras.applications.

    Args:
        name: one of `names`.
        weights: as for `build`.
        arguments: other arguments of the function, such as include_top.

    Raises:
        ValueError: if the weights cannot be downloaded, or a file does not fit.
    """
    function = getattr(keras.applications, name)
    if weights == "imagenet":
        try:
            return function(weights=weights, **arguments)
        except Exception as error:  # Keras raises a bare one if a download fails.
            raise ValueError(
                f"the ImageNet weights of {name} could not be downloaded: use a file "
                "of them (weights=PATH.h5), put it where Keras keeps its downloads "
                f"(~/.keras/models), or use random weights ({error})"
            ) from error
    model = function(weights=None, **arguments)
    if weights is not None:
        # Without our preprocessing it has exactly the layers that Keras saved.
        saved = keras.Model(arguments.get("input_tensor", model.input), model.output)
        try:
            with warnings.catch_warnings():
                # Keras only warns about layers that the file lacks.
                warnings.simplefilter("error", UserWarning)
                saved.load_weights(weights)
        except Exception as error:  # A broken file can raise anything.
            top = "with" if arguments["include_top"] else "without"
            raise ValueError(
                f"{weights} is not a file of Keras' {name} {top} its classifier "
                f"({error})"
            ) from error
    return model


def preprocessing(name: str) -> tuple[np.ndarray, np.ndarray, bool]:
    """Finds out what a backbone's preprocess_input does, from a few pixels.

    Returns:
        float32 scale [3] and offset [3] for red, green and blue in 0..255, and whether
        blue then comes first: the backbone expects scale * pixel + offset. Backbones
        with built-in preprocessing have scale 1 and offset 0.

    Raises:
        ValueError: if it does anything else.
    """
    module = inspect.getmodule(getattr(keras.applications, name))
    # Black, then each channel at its maximum, then a pixel to check with.
    pixels = np.concatenate([np.zeros((1, 3)), 255 * np.eye(3), [[50, 120, 200]]])
    pixels = pixels.astype(np.float32).reshape(1, -1, 1, 3)
    seen = module.preprocess_input(pixels.copy()).reshape(-1, 3)  # type: ignore[union-attr]
    slope = (seen[1:4] - seen[0]) / 255
    turned = bool(slope[0, 0] == 0)
    order = slice(None, None, -1) if turned else slice(None)
    scale, offset = np.diag(slope[:, order]), seen[0, order]
    expected = scale * pixels[0, -1, 0] + offset
    if not np.allclose(seen[-1, order], expected, rtol=1e-4, atol=1e-3):
        raise ValueError(f"{name} needs preprocessing other than scale and offset")
    return scale, offset, turned


def _has_one_size(name: str) -> bool:
    # NASNet's padding depends on whether sides are even, so they have to be known.
    return name.startswith("NASNet")


def _levels(model: keras.Model, side: int) -> dict[str, keras.KerasTensor]:
    # Padded tensors are not levels: they belong to the next resolution.
    tensors = [
        layer.output
        for layer in model.layers
        if not isinstance(layer, keras.layers.ZeroPadding2D)
    ]
    every = keras.Model(model.input, tensors)
    found = every.compute_output_spec(keras.KerasTensor((1, side, side, 3)))
    last = {}
    for tensor, spec in zip(tensors, found, strict=True):
        # Squeeze-and-excitation has tensors without space, which have no stride.
        if len(spec.shape) == 4 and spec.shape[1] > 1:
            last[2 ** round(math.log2(side / spec.shape[1]))] = tensor
    last[_STRIDES[-1]] = model.output
    return {
        name: last[int(name.removeprefix("stride"))] for name in levels_of(model.name)
    }
