"""The string matchers against str.find, prefixes by brute force, and recorded runs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mechgap.errors import GraphError
from mechgap.interop.golden import read_trace
from mechgap.lab.parity import compare
from mechgap.semantics.batch import Batch
from mechgap.tasks.strings.kmp_matcher import task as kmp_matcher
from mechgap.tasks.strings.naive_string_matcher import task as naive_string_matcher
from oracles.sequences import GOLDEN, marked, mismatches, run
from oracles.strings import pair_batch, text_and_needle, texts

MATCHERS = (naive_string_matcher, kmp_matcher)

each = pytest.mark.parametrize("task", MATCHERS, ids=lambda task: task.name)


def matches(trace):
    """The node that the output marks, for each graph."""
    assert (trace.outputs["match"].sum(-1) == 1).all()
    return trace.outputs["match"].int().argmax(-1).tolist()


def expected(text, needle):
    """The first place of a needle in a text; without one, the head of the needle."""
    place = text.find(needle)
    return len(text) if place < 0 else place


@each
def test_recorded_runs_are_reproduced(task):
    assert not mismatches(task)


def test_recorded_runs_with_falls_to_shorter_prefixes_are_reproduced():
    recorded = read_trace(GOLDEN / "kmp_matcher-n16.npz", kmp_matcher.program)
    found = compare(kmp_matcher.program, run(kmp_matcher, recorded.batch), recorded)
    assert not [comparison.name for comparison in found if comparison.mismatches]


@each
@given(st.lists(text_and_needle(), min_size=1, max_size=8))
def test_a_needle_is_found_where_str_find_finds_it(task, pairs):
    assert matches(run(task, pair_batch(pairs))) == [expected(*pair) for pair in pairs]


@each
@pytest.mark.parametrize(
    ("text", "needle"),
    [
        ("a", "a"),
        ("a", "b"),
        ("ab", "b"),
        ("a", "aa"),
        ("ab", "abcd"),
        ("aaaaaaa", "aaab"),
        ("aaab", "aaab"),
        ("abababac", "ababac"),
        ("aabaaabaaac", "aabaaac"),
        ("dddd", "dddd"),
    ],
)
def test_strings_that_break_things(task, text, needle):
    assert matches(run(task, pair_batch([(text, needle)]))) == [expected(text, needle)]


@given(text_and_needle())
def test_the_naive_matcher_takes_a_step_for_each_letter_that_it_compares(pair):
    text, needle = pair
    frames = []
    for place in range(max(len(text) - len(needle), 0) + 1):
        agreeing = 0
        while text[place : place + agreeing + 1] == needle[: agreeing + 1] and agreeing + 1 < len(needle):
            agreeing += 1
        frames += [(place, place + j, len(text) + j) for j in range(agreeing + 1)]
        if text[place : place + len(needle)] == needle:
            break
    if len(needle) > len(text):
        frames = frames[:1]
    trace = run(naive_string_matcher, pair_batch([pair]))
    shown = [tuple(marked(trace, name, frame, 0) for name in "sij") for frame in range(trace.frames)]
    assert shown == frames


@given(text_and_needle())
def test_the_table_holds_the_longest_prefixes_that_are_suffixes(pair):
    text, needle = pair
    trace = run(kmp_matcher, pair_batch([pair]))
    table, resets = (trace.values[name][-1, 0].tolist() for name in ("pi", "is_reset"))
    head = len(text)
    assert table[:head] == list(range(head))
    for letter in range(len(needle)):
        fitting = [n for n in range(1, letter + 1) if needle[: letter + 1].endswith(needle[:n])]
        assert resets[head + letter] == (not fitting)
        assert table[head + letter] == head + max(fitting, default=1) - 1


@given(text_and_needle())
def test_knuth_morris_and_pratt_take_linear_time(pair):
    text, needle = pair
    trace = run(kmp_matcher, pair_batch([pair]))
    assert trace.frames <= 2 * (len(text) + len(needle)) - 2
    assert trace.frames >= len(needle) + min(expected(text, needle) + len(needle), len(text))
    phases, read = trace.values["phase"][:, 0].tolist(), trace.values["i"][:, 0]
    assert phases == sorted(phases)
    moves = [marked(trace, "i", frame, 0) for frame in range(trace.frames)]
    assert moves == sorted(moves) and bool(read.any(-1).all())


@given(texts(10), texts(4))
def test_a_prefix_of_the_needle_is_always_a_suffix_of_the_text_read(text, needle):
    trace = run(kmp_matcher, pair_batch([(text, needle)]))
    for frame in range(trace.frames):
        if trace.values["phase"][frame, 0] and not trace.values["q_reset"][frame, 0]:
            matched = marked(trace, "q", frame, 0) - len(text) + 1
            assert text[: marked(trace, "i", frame, 0)].endswith(needle[:matched])


@each
def test_padding_changes_nothing(task):
    pairs = [("abab", "ab"), ("a", "b"), ("abcabcabd", "abcabd"), ("aaaa", "aab")]
    together = run(task, pair_batch(pairs))
    for graph, pair in enumerate(pairs):
        alone = run(task, pair_batch([pair]))
        assert together.lengths[graph] == alone.frames
        for port in task.program.interface.hints:
            same = together.values[port.name][: alone.frames, graph]
            same = same[..., : alone.batch.width] if port.location.rank else same
            assert torch.equal(same, alone.values[port.name][:, 0])


@each
@pytest.mark.parametrize("size", [2, 3, 5, 20])
def test_samples_are_matched(task, size):
    batch = task.sample(0, size, 20)
    places = matches(run(task, batch))
    heads = batch.values["string"].int().argmax(-1).tolist()
    letters = batch.values["key"].tolist()
    for row, head, place in zip(letters, heads, places, strict=True):
        needle = row[head:]
        assert row[place : place + len(needle)] == needle
        assert place == min(p for p in range(head) if row[p : p + len(needle)] == needle)


@each
@pytest.mark.parametrize("string", [[0, 0, 0], [1, 1, 1], [1, 0, 1], [0, 1, 0], [1]])
def test_a_needle_behind_a_text_is_asked_for(task, string):
    size = len(string)
    values = {
        "string": torch.tensor([string], dtype=torch.bool),
        "pos": torch.zeros(1, size),
        "key": torch.zeros(1, size, dtype=torch.int64),
    }
    with pytest.raises(GraphError, match="second string"):
        task.check(Batch(values, torch.ones(1, size, dtype=torch.bool)))


@each
def test_letters_are_four(task):
    batch = pair_batch([("ab", "c")])
    wrong = {**batch.values, "key": torch.tensor([[0, 4, 1]])}
    with pytest.raises(GraphError, match="key"):
        task.check(Batch(wrong, batch.nodes))
    short = {**batch.values, "key": torch.tensor([[0, 1]])}
    with pytest.raises(GraphError, match="shape"):
        task.check(Batch(short, batch.nodes))
    numbers = {**batch.values, "pos": torch.tensor([[0.0, np.nan, 0.0]])}
    with pytest.raises(GraphError, match="pos"):
        task.check(Batch(numbers, batch.nodes))
