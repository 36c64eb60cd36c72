"""Fixtures shared by several test files."""

import sys
import types

import numpy as np
import programs
import pytest
import scipy.ndimage
from PIL import Image


@pytest.fixture(scope="session", autouse=True)
def conversions_are_forked():
    """TFLite's converter, a program of its own, is run as `programs.run` runs them.

    Programs that export start it as they always do.
    """
    tflite = sys.modules.get("export.tflite")
    if tflite is None:  # Nobody here needs it, and importing it takes seconds.
        yield
        return

    def run(command, *, env, **_):
        _python, _flag, *arguments = command
        return programs.run(*arguments, **env)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tflite, "subprocess", types.SimpleNamespace(run=run))
        yield


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    """Paths of four small made photos with odd, unequal sides; not to be changed."""
    folder = tmp_path_factory.mktemp("photos")
    generator = np.random.default_rng(0)
    paths = []
    for number, sides in enumerate([(61, 83), (95, 57), (77, 65), (43, 101)]):
        picture = scipy.ndimage.gaussian_filter(
            generator.normal(size=(*sides, 3)), (2, 2, 0)
        )
        picture = np.clip(128 + 500 * picture, 0, 255).astype(np.uint8)
        paths.append(folder / f"photo{number}.png")
        Image.fromarray(picture).save(paths[-1])
    return paths
