"""Pairs of strings for tests: batches of them, and strategies that draw them with many repeats."""

from __future__ import annotations

import torch
from hypothesis import strategies as st

from mechgap.semantics.batch import Batch
from mechgap.semantics.inputs import join

LETTERS = "abcd"


def pair_batch(pairs):
    """The inputs of pairs of strings over the letters a to d, padded to the longest pair."""
    return join([_pair(one, other) for one, other in pairs])


def _pair(one, other):
    size = len(one) + len(other)
    pos = [i / len(text) for text in (one, other) for i in range(len(text))]
    values = {
        "string": torch.tensor([[False] * len(one) + [True] * len(other)]),
        "pos": torch.tensor([pos], dtype=torch.float64),
        "key": torch.tensor([[LETTERS.index(letter) for letter in one + other]]),
    }
    return Batch(values, torch.ones(1, size, dtype=torch.bool))


def texts(longest, letters="ab"):
    """Strings of one letter or more."""
    return st.text(letters, min_size=1, max_size=longest)


@st.composite
def text_and_needle(draw):
    """A text and a needle of few letters, which half of the time is a part of the text."""
    letters = draw(st.sampled_from(("a", "ab", "abcd")))
    text = draw(texts(12, letters))
    if draw(st.booleans()):
        start = draw(st.integers(0, len(text) - 1))
        return text, text[start : draw(st.integers(start + 1, len(text)))]
    return text, draw(texts(6, letters))
