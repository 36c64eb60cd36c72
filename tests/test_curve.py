"""Piecewise linear curves."""

import numpy as np
import pytest

from rankiqa_tf.models.curve import Curve

CURVE = Curve(((-1.0, 10.0), (0.0, 40.0), (2.0, 50.0)))


def test_pieces_go_from_corner_to_corner_and_on_beyond_the_ends_by_hand():
    places = np.array([[-2.0, -1.0, -0.5], [0.0, 0.5, 4.0]])
    np.testing.assert_allclose(CURVE(places), [[-20, 10, 25], [40, 42.5, 60]])
    assert CURVE(1.0) == 45


def test_between_its_ends_a_curve_is_numpy_s_interpolation():
    random = np.random.default_rng(0)
    x, y = np.sort(random.normal(size=(2, 9)))
    places = np.linspace(x[0], x[-1], 57)
    found = Curve(tuple(zip(x, y, strict=True)))(places)
    np.testing.assert_allclose(found, np.interp(places, x, y), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("place", [-7.0, -1.0, -0.3, 0.0, 1.9, 2.0, 33.0])
def test_the_inverse_leads_back(place):
    assert CURVE.inverse()(CURVE(place)) == pytest.approx(place)


def test_a_line_has_the_slope_of_its_points():
    line = Curve(((1.0, 5.0), (3.0, 6.0)))
    np.testing.assert_allclose(line.slopes(), [0.5])
    np.testing.assert_allclose(line(np.array([-1.0, 11.0])), [4, 10])
