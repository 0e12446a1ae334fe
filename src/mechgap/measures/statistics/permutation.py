"""Permutation tests: all arrangements where they are few, else many that are drawn."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..bootstrap import SEED, Floats

Integers = NDArray[np.int64]

MOST = 50_000
"""Up to this number, all arrangements are tried."""
DRAWN = 10_000
"""How many are drawn where there are more."""
EQUAL = 1e-9
"""Difference, relative to the largest statistic, below which one counts as large as the observed one."""


@dataclass(frozen=True, eq=False)
class Arrangements:
    """The arrangements of a permutation test.

    Attributes:
        rows: [M, K], one arrangement in each row.
        exact: whether they are all that there are, the observed one among them.
    """

    rows: Integers
    exact: bool

    def p(self, observed: float, values: Floats) -> float:
        """The two-sided p: the share of arrangements whose statistic is at least as large.

        Of drawn arrangements (k + 1) / (M + 1), which is never 0 (Phipson and Smyth, 2010).

        Args:
            observed: the statistic as it was.
            values: [M], the statistic of each arrangement.
        """
        sizes = np.abs(values)
        reached = int((sizes >= abs(observed) - EQUAL * sizes.max()).sum())
        return reached / len(values) if self.exact else (reached + 1) / (len(values) + 1)

    def __str__(self) -> str:
        return f"{'all' if self.exact else 'drawn'} {len(self.rows):,} arrangements"


def signs(count: int) -> Arrangements:
    """[M, count], signs +1 and -1: what pairs allow."""
    if 2**count <= MOST:
        grid = np.arange(2**count)[:, None] >> np.arange(count) & 1
        return Arrangements(1 - 2 * grid, True)
    return Arrangements(1 - 2 * _generator().integers(0, 2, (DRAWN, count)), False)


def splits(left: int, right: int) -> Arrangements:
    """[M, left + right], orders of two groups that are mixed; the first ``left`` go into the left group."""
    count = left + right
    if math.comb(count, left) > MOST:
        return Arrangements(_shuffled(count), False)
    chosen = np.array(list(itertools.combinations(range(count), left)), dtype=np.int64)
    inside = np.zeros((len(chosen), count), dtype=bool)
    np.put_along_axis(inside, chosen, True, axis=1)
    return Arrangements(np.argsort(~inside, axis=1, kind="stable"), True)


def block_orders(sizes: Sequence[int]) -> Arrangements:
    """[M, K], orders of K blocks, in which only blocks of one size change places.

    Whole blocks are exchanged, so that what hangs together stays together (Winkler et al., 2015).
    """
    groups = [[k for k, size in enumerate(sizes) if size == wanted] for wanted in sorted(set(sizes))]
    orders = [np.array(group, dtype=np.int64) for group in groups]
    exact = math.prod(math.factorial(len(group)) for group in groups) <= MOST
    if exact:
        mixed = list(itertools.product(*(itertools.permutations(group) for group in groups)))
        columns = [np.array([row[g] for row in mixed], dtype=np.int64) for g in range(len(groups))]
    else:
        generator = _generator()
        columns = [generator.permuted(np.tile(order, (DRAWN, 1)), axis=1) for order in orders]
    rows = np.empty((len(columns[0]), len(sizes)), dtype=np.int64)
    for order, column in zip(orders, columns, strict=True):
        rows[:, order] = column
    return Arrangements(rows, exact)


def _shuffled(count: int) -> Integers:
    return _generator().permuted(np.tile(np.arange(count, dtype=np.int64), (DRAWN, 1)), axis=1)


def _generator() -> np.random.Generator:
    return np.random.default_rng(SEED)
