"""Angles: within the error that the certificate states, and exact where the interpreter's are known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.arithmetic import Floats, columns, computed, signed
from mechgap.compiler.angles import ERROR, NEAREST, PI, Angles
from mechgap.compiler.gadgets import Gadgets
from mechgap.errors import Refusal

HIGH = 2.0**24
make = Gadgets("program case, compiling")
X, Y = signed(HIGH, "x"), signed(HIGH, "y")
ANGLE = Angles(make).of(Y.number, X.number)


def found(y: Floats, x: Floats) -> Floats:
    return computed(ANGLE.form, {**Y.given(y), **X.given(x)})


def interpreted(y: Floats, x: Floats) -> Floats:
    """What the interpreter computes, with zeros that are positive."""
    return torch.arctan2(torch.from_numpy(y + 0), torch.from_numpy(x + 0)).numpy()


magnitudes = st.floats(2.0**NEAREST, HIGH, width=32)
numbers = st.one_of(st.just(0.0), magnitudes, magnitudes.map(lambda v: -v), st.floats(-2, 2, width=32).filter(
    lambda v: v == 0 or abs(v) >= 2.0**NEAREST))  # fmt: skip


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=200))
@settings(max_examples=25)
def test_angles_are_within_the_error(pairs):
    y, x = (np.array(column, dtype=np.float32) for column in zip(*pairs, strict=True))
    assert (np.abs(found(y, x) - interpreted(y, x)) <= ERROR).all()
    equal = np.abs(found(x, x) - interpreted(x, x))
    assert (equal <= ERROR).all()


def test_the_error_is_not_much_larger_than_the_worst_one():
    source = np.random.default_rng(0)
    y, x = source.uniform(-4, 4, (2, 50000)).astype(np.float32)
    worst = np.abs(found(y, x) - interpreted(y, x)).max()
    assert ERROR / 8 < worst <= ERROR


def test_special_directions():
    y, x = columns([0.0, 1.0, -1.0, 500.0, -0.25], [0.0, 1.0, -1.0, 500.0, -0.25])
    angles, wanted = found(y, x), interpreted(y, x)
    assert (np.abs(angles - wanted) <= 2.0**-22).all()
    assert np.array_equal(angles[y == 0], wanted[y == 0])
    assert np.float32(PI) == np.float32(np.pi)
    assert angles[(y == 0) & (x == 0)] == 0.0


def test_the_upper_half_plane_alone_takes_fewer_units():
    plain, side = Gadgets("program case, compiling"), signed(HIGH, "u", low=0.0)
    upper = Angles(plain).of(side.number, X.number)
    assert upper.low == 0.0
    y, x = columns([0.0, 0.3, 7.0], [-2.0, 0.0, 0.1])
    angles = computed(upper.form, {**side.given(y), **X.given(x)})
    assert (np.abs(angles - interpreted(y, x)) <= ERROR).all()


def test_too_large_coordinates_are_refused():
    far = signed(2.0**26, "f")
    with pytest.raises(Refusal, match=r"2\^24"):
        Angles(make).of(far.number, X.number)
