"""The tables of dynamic programming against recursions of their own, and recorded runs."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mechgap.errors import GraphError
from mechgap.semantics.inputs import join
from mechgap.tasks.dynamic.lcs_length import task as lcs_length
from mechgap.tasks.dynamic.matrix_chain_order import task as matrix_chain_order
from mechgap.tasks.dynamic.optimal_bst import task as optimal_bst
from oracles.sequences import batch_of, mismatches, run
from oracles.strings import pair_batch, texts

TABLES = (lcs_length, matrix_chain_order, optimal_bst)
SIZES = (1, 2, 3, 4, 6, 9)
BOTH, UP, LEFT, BLANK = range(4)

sizes = pytest.mark.parametrize("size", SIZES)


@pytest.mark.parametrize("task", TABLES, ids=lambda task: task.name)
def test_recorded_runs_are_reproduced(task):
    assert not mismatches(task)


# ---- longest common subsequence


def common(one, other):
    """The length of the longest common subsequence of two strings."""

    @cache
    def longest(i, j):
        if not i or not j:
            return 0
        if one[i - 1] == other[j - 1]:
            return 1 + longest(i - 1, j - 1)
        return max(longest(i - 1, j), longest(i, j - 1))

    return longest(len(one), len(other))


def read_back(one, other, ways):
    """The common subsequence to which the ways [len(one), len(other)] lead from the last pair."""
    i, j, found = len(one) - 1, len(other) - 1, ""
    while i >= 0 and j >= 0:
        if ways[i][j] == BOTH:
            assert one[i] == other[j]
            found = one[i] + found
        i, j = i - (ways[i][j] in (BOTH, UP)), j - (ways[i][j] in (BOTH, LEFT))
    return found


def is_subsequence(part, whole):
    letters = iter(whole)
    return all(letter in letters for letter in part)


def check_lcs(one, other):
    trace = run(lcs_length, pair_batch([(one, other)]))
    rows, columns = slice(len(one)), slice(len(one), None)
    table = trace.values["c"][-1, 0]
    for i in range(len(one)):
        for j in range(len(other)):
            assert table[i, len(one) + j] == common(one[: i + 1], other[: j + 1])
    assert table.sum() == table[rows, columns].sum()
    ways = trace.outputs["b"][0]
    assert (ways[rows, columns] != BLANK).all()
    assert (ways == BLANK).sum() == ways.numel() - len(one) * len(other)
    found = read_back(one, other, ways[rows, columns].tolist())
    assert len(found) == common(one, other)
    assert is_subsequence(found, one)
    assert is_subsequence(found, other)
    assert trace.frames <= len(one) + len(other) - 1


@given(st.sampled_from(("a", "ab", "abcd")).flatmap(lambda s: st.tuples(texts(7, s), texts(7, s))))
def test_the_longest_common_subsequence_can_be_read_back(pair):
    check_lcs(*pair)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a", "a"),
        ("a", "b"),
        ("aaaaaa", "a"),
        ("b", "aaab"),
        ("abcbdab", "bdcaba"),
        ("aaaa", "bbbb"),
        ("abab", "baba"),
    ],
)
def test_pairs_of_strings_that_break_things(one, other):
    check_lcs(one, other)


@pytest.mark.parametrize(("one", "other"), [("abbb", "aba"), ("bbba", "bbab")])
def test_the_last_pass_changes_a_way_but_no_length(one, other):
    """Both neighbours of a pair may be equally good only one pass after the pair has its length."""
    trace = run(lcs_length, pair_batch([(one, other)]))
    assert (trace.outputs["b"] != trace.values["b_h"][-1]).any()
    check_lcs(one, other)


@pytest.mark.parametrize("size", [2, 3, 8])
def test_samples_of_strings_have_their_longest_common_subsequence(size):
    batch = lcs_length.sample(1, size, 10)
    trace = run(lcs_length, batch)
    border = size - size // 2
    for letters, table in zip(batch.values["key"].tolist(), trace.values["c"][-1], strict=True):
        assert table[border - 1, size - 1] == common(tuple(letters[:border]), tuple(letters[border:]))


def test_one_string_alone_has_nothing_in_common():
    with pytest.raises(GraphError, match="second string"):
        run(lcs_length, pair_batch([("ab", "")]))


# ---- chains of matrices


def cheapest(sizes):
    """The least cost of the product of matrices i … j (from 1), sizes[i - 1] x sizes[i] being those of i."""

    @cache
    def cost(i, j):
        if i == j:
            return 0
        return min(cost(i, k) + cost(k + 1, j) + sizes[i - 1] * sizes[k] * sizes[j] for k in range(i, j))

    return cost


def cost_of_splits(sizes, splits, i, j):
    """The cost of multiplying matrices i … j in the order of a table of splits."""
    if i == j:
        return 0
    k = splits[i][j]
    assert i <= k < j
    here = sizes[i - 1] * sizes[k] * sizes[j]
    return cost_of_splits(sizes, splits, i, k) + cost_of_splits(sizes, splits, k + 1, j) + here


def chains(rng, size):
    """Chains of whole dimensions, with many ties, and a few special ones; [count, size]."""
    special = [np.ones(size), np.arange(size) + 1, np.arange(size)[::-1] + 1, np.zeros(size)]
    return np.concatenate([special, rng.integers(1, 4, (30, size)), rng.integers(1, 50, (30, size))])


@sizes
def test_no_order_of_multiplication_is_cheaper(size):
    rows = chains(np.random.default_rng(size), size)
    trace = run(matrix_chain_order, batch_of(len(rows), size, p=rows))
    assert trace.frames <= max(size - 1, 1)
    last = trace.lengths - 1
    for graph, row in enumerate(rows.astype(int).tolist()):
        costs, splits = trace.values["m"][last[graph], graph], trace.outputs["s"][graph].tolist()
        best = cheapest(tuple(row))
        for i in range(1, size):
            for j in range(i, size):
                assert costs[i, j] == best(i, j) == cost_of_splits(row, splits, i, j)
        assert not costs.tril().any()
        assert not costs[0].any()


@sizes
def test_every_cost_of_a_frame_is_that_of_some_order(size):
    """A range is known after about log2 of its length passes, and never costs less than the best order."""
    rows = np.random.default_rng(1).integers(1, 9, (10, size))
    trace = run(matrix_chain_order, batch_of(10, size, p=rows))
    for frame in range(trace.frames):
        known = trace.values["msk"][frame]
        for graph, row in enumerate(rows.tolist()):
            best = cheapest(tuple(row))
            for i, j in known[graph].nonzero().tolist():
                assert trace.values["m"][frame, graph, i, j] >= best(i, j)
                assert frame >= math.ceil(math.log2(j - i + 1))
    everything = torch.ones(size, size, dtype=torch.bool).triu()
    everything[0] = False
    assert torch.equal(trace.values["msk"][-1], everything.expand(10, -1, -1))


def test_the_chain_of_the_textbook():
    trace = run(matrix_chain_order, batch_of(1, 7, p=[[30, 35, 15, 5, 10, 20, 25]]))
    assert trace.values["m"][-1, 0, 1, 6] == 15125
    assert [trace.outputs["s"][0, i, j].item() for i, j in ((1, 6), (1, 3), (4, 6))] == [3, 1, 5]


@pytest.mark.parametrize("wrong", [-1.0, math.nan, math.inf])
def test_dimensions_are_numbers_from_0(wrong):
    with pytest.raises(GraphError, match="p"):
        run(matrix_chain_order, batch_of(1, 3, p=[[1, wrong, 2]]))


# ---- search trees


def cheapest_trees(p, q):
    """The least costs of search trees: of the keys i … j - 1 with the gaps i … j; and the sums of chances."""

    @cache
    def weight(i, j):
        return sum(p[i:j], start=sum(q[i : j + 1]))

    @cache
    def cost(i, j):
        if i == j:
            return q[i]
        return weight(i, j) + min(cost(i, r) + cost(r + 1, j) for r in range(i, j))

    return cost, weight


def cost_of_tree(p, q, roots, span, depth=1):
    """The expected number of nodes that a search visits: keys at their depth, gaps one deeper than keys."""
    i, j = span
    if i == j:
        return q[i] * depth
    r = roots[i][j]
    assert i <= r < j
    parts = [cost_of_tree(p, q, roots, part, depth + 1) for part in ((i, r), (r + 1, j))]
    return p[r] * depth + sum(parts)


@sizes
def test_no_search_tree_is_cheaper(size):
    rng = np.random.default_rng(size)
    count = 60
    found = np.concatenate([rng.integers(0, 3, (30, size)), rng.integers(0, 99, (30, size))])
    found[:, -1] = 0
    missed = np.concatenate([rng.integers(0, 3, (30, size)), rng.integers(0, 99, (30, size))])
    missed[::7] = 0
    trace = run(optimal_bst, batch_of(count, size, p=found, q=missed))
    assert trace.lengths.tolist() == [size] * count
    for graph in range(count):
        p, q = found[graph].tolist(), missed[graph].tolist()
        cost, weight = cheapest_trees(tuple(p), tuple(q))
        roots = trace.outputs["root"][graph].tolist()
        for i in range(size):
            for j in range(i, size):
                assert trace.values["e"][-1, graph, i, j] == cost(i, j) == cost_of_tree(p, q, roots, (i, j))
                assert trace.values["w"][-1, graph, i, j] == weight(i, j)


@sizes
def test_ranges_grow_by_one_key_in_every_frame(size):
    trace = run(optimal_bst, optimal_bst.sample(0, size, 4))
    span = torch.arange(size)[None] - torch.arange(size)[:, None]
    for frame in range(trace.frames):
        known = (span >= 0) & (span <= frame)
        assert torch.equal(trace.values["msk"][frame], known.expand(4, -1, -1))
        assert not trace.values["e"][frame][:, ~known].any()


def test_the_tree_of_the_textbook():
    p = [Fraction(part, 100) for part in (15, 10, 5, 10, 20, 0)]
    q = [Fraction(part, 100) for part in (5, 10, 5, 5, 5, 10)]
    trace = run(optimal_bst, batch_of(1, 6, p=[[float(x) for x in p]], q=[[float(x) for x in q]]))
    assert trace.values["e"][-1, 0, 0, 5].item() == pytest.approx(2.75)
    assert trace.outputs["root"][0, 0, 5] == 1  # the second of the keys, which are numbered from 0
    roots = trace.outputs["root"][0].tolist()
    assert cost_of_tree(p, q, roots, (0, 5)) == cheapest_trees(tuple(p), tuple(q))[0](0, 5) == Fraction(11, 4)


def test_chances_are_of_keys_and_of_the_gaps_around_them():
    with pytest.raises(GraphError, match="last node"):
        run(optimal_bst, batch_of(1, 3, p=[[0.1, 0.2, 0.3]], q=[[0.1, 0.1, 0.1]]))
    with pytest.raises(GraphError, match="q"):
        run(optimal_bst, batch_of(1, 2, p=[[0.1, 0]], q=[[0.1, -0.1]]))


@pytest.mark.parametrize("task", TABLES[1:], ids=lambda task: task.name)
def test_padding_changes_nothing(task):

    batches = [task.sample(size, size, 3) for size in (5, 1, 8)]
    together, start = run(task, join(batches)), 0
    for batch in batches:
        alone, rows, n = run(task, batch), slice(start, start + 3), batch.width
        start += 3
        assert torch.equal(together.lengths[rows], alone.lengths)
        for port in task.program.interface.hints:
            same = together.values[port.name][: alone.frames, rows]
            same = same[..., :n] if port.location.rank == 1 else same[..., :n, :n]
            assert torch.equal(same, alone.values[port.name])
