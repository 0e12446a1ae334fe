"""The certificate tells facts of the network, and its bounds hold up to their last value."""

from __future__ import annotations

import json
import math
from functools import cache

import pytest
import torch

from compiler.agreement import disagreements
from compiler.cases import REFUSED, TASKS, by_attention, by_target, graphs
from mechgap.compiler.approximations import approximations
from mechgap.compiler.certificate import Bound, Certificate
from mechgap.compiler.passes import LARGEST_N, LARGEST_REAL_N, Compiled, CompileSettings, compile_program
from mechgap.compiler.scales import INDEX_STEP, UNDERFLOW
from mechgap.errors import GraphError, Refusal
from mechgap.kinds.scalar import Scalar
from mechgap.lang.program import Program
from mechgap.lang.vocabulary import (
    any_of,
    argmax,
    argmin,
    edge,
    graph,
    last,
    max_of,
    me,
    min_of,
    node,
    receiver,
    sender,
    where,
)
from mechgap.nets.rollout import rollout
from mechgap.semantics.batch import Batch
from mechgap.semantics.interpreter import interpret

PROGRAMS = {name: task.program for name, task in TASKS.items() if name not in REFUSED}
by_program = pytest.mark.parametrize("name", PROGRAMS)

adj = edge.mask("adj")
clock = graph.scalar("clock", low=0, high=1, whole=True)
p = node.pointer("p")


def _once(inputs: tuple, variable, first: object, step: object) -> Program:
    return Program(
        "once",
        inputs,
        {variable: first, clock: 0},
        {variable: step, clock: clock + 1},
        clock >= 1,
        {"y": variable},
    )


@cache
def _compiled(name: str, n: int | None = None, target: str = "gatv2") -> Compiled:
    return compile_program(PROGRAMS[name], CompileSettings(n=n, target=target))


# ---- facts


@by_target
@by_program
def test_the_figures_are_those_of_the_network(name, target):
    compiled = _compiled(name, target=target)
    certificate, network = compiled.certificate, compiled.network
    rounds = network.rounds
    assert certificate.rounds == len(rounds) >= 1
    assert certificate.prologue == len(network.prologue) >= 1
    assert certificate.heads == len(compiled.layout.heads) <= sum(r.shape.attentions for r in rounds)
    assert certificate.depth == sum(1 + len(r.mlp) + len(r.pairs) for r in rounds)
    assert (certificate.hidden, certificate.pairs) == (network.config.hidden, network.config.pairs)
    assert certificate.parameters == sum(x.numel() for x in network.parameters())
    assert certificate.nonzero == sum(int(x.count_nonzero()) for x in network.parameters())
    assert certificate.negative_slope == network.config.negative_slope
    assert certificate.target == network.config.rounds[0].family == target
    assert (certificate.program, certificate.digest) == (PROGRAMS[name].name, PROGRAMS[name].digest)


@by_target
@by_program
def test_the_bounds_are_those_of_the_program(name, target):
    certificate = _compiled(name, target=target).certificate
    declared = {v.name: v.kind for v in (*PROGRAMS[name].inputs, *PROGRAMS[name].state)}
    for variable, bound in certificate.ranges.items():
        kind = declared[variable]
        assert isinstance(kind, Scalar)
        assert bound == Bound(kind.low, kind.high)
        assert math.isfinite(bound.high)
    assert 0 < certificate.largest_whole <= 2**24
    assert INDEX_STEP / UNDERFLOW >= 1
    assert certificate.margin == pytest.approx(INDEX_STEP / UNDERFLOW if target != "mpnn" else 0)
    assert certificate.n <= (LARGEST_N if certificate.resolution == 0 else LARGEST_REAL_N)
    assert certificate.conditions == approximations(PROGRAMS[name]).conditions


@by_program
def test_a_certificate_survives_json(name):
    certificate = _compiled(name).certificate
    data = json.loads(json.dumps(certificate.to_json()))
    assert Certificate.from_json(data) == certificate


def test_maxima_order_real_keys_as_float32_does():
    certificate = _compiled("bellman_ford", target="mpnn").certificate
    assert (certificate.heads, certificate.margin) == (0, 0)
    assert certificate.resolution <= 2.0**-100


@by_attention
def test_resolutions_are_those_of_the_scales(target):
    """Index steps of 2^7 below keys that count 2^45 / R indices per unit: n R 2^-45, in powers of two."""
    assert _compiled("bfs", target=target).certificate.resolution == 0
    assert _compiled("dfs", target=target).certificate.resolution == 0
    for n in (16, 64, 2048):
        resolution = _compiled("bellman_ford", n, target).certificate.resolution
        assert resolution == n * 256 * 2.0**-45  # keys up to 128: R is the power of two above
        assert math.log2(resolution).is_integer()
    settings = CompileSettings(distinct_keys=True, target=target)
    promised = compile_program(PROGRAMS["bellman_ford"], settings)
    assert promised.certificate.resolution == UNDERFLOW * 2.0**-50
    assert promised.certificate.conditions == ("no two real keys are equal at one receiver",)


def test_exp_of_the_documented_underflow_is_zero():
    gap = torch.tensor([-UNDERFLOW, -103.9], dtype=torch.float32)
    assert gap.exp().tolist()[0] == 0
    assert gap.exp().tolist()[1] > 0


# ---- sizes


@by_attention
@pytest.mark.parametrize("name", ["bfs", "bellman_ford", "dfs", "components", "independent_set"])
def test_another_size_changes_the_scale_of_weights_only(name, target):
    small, large = (_compiled(name, n, target).network for n in (16, 256))
    scaled = 0
    for (key, one), (other_key, other) in zip(
        small.named_parameters(), large.named_parameters(), strict=True
    ):
        assert key == other_key
        assert one.shape == other.shape
        assert torch.equal(one.sign(), other.sign()), key
        scaled += int((one != other).sum())
    assert scaled
    assert _compiled(name, 16, target).layout == _compiled(name, 256, target).layout


@by_target
@pytest.mark.parametrize("n", [2, 3, 17])
@pytest.mark.parametrize("name", ["bfs", "bellman_ford", "dfs", "components", "independent_set"])
def test_exact_at_the_very_size_that_was_asked_for(name, n, target):
    compiled = _compiled(name, n, target)
    assert compiled.certificate.n == n
    for weights in ("random", "equal"):
        assert not disagreements(compiled, graphs(n, 2, 0.2, weights))


# ---- exact up to the bounds


@by_target
@pytest.mark.parametrize("high", [1, 1000, 2**12 - 1])
@pytest.mark.parametrize("largest", [False, True])
def test_whole_keys_are_exact_at_their_bounds(high, largest, target):
    """Keys next to either bound; the largest size that can be certified is taken."""
    key = node.scalar("key", low=0, high=high, whole=True)
    choose = argmax if largest else argmin
    for tie in ("first", "last"):
        program = _once((adj, key), p, me, choose(sender(key), adj, tie=tie))
        compiled = compile_program(program, CompileSettings(target=target))
        batch = graphs(32, 4, 0.3, "equal")
        near = torch.randint(0, 2, (4, 32), generator=torch.Generator().manual_seed(high))
        for values in (near, high - near, near * high):
            given = Batch({**batch.values, "key": values.float()}, batch.nodes)
            assert not disagreements(compiled, given)


@by_target
def test_whole_sums_over_an_edge_are_exact_at_their_bounds(target):
    length = edge.scalar("length", low=0, high=50, whole=True)
    start = where(last(me == me) == me, 100, -100)
    total = node.scalar("total", low=-100, high=150, whole=True)
    program = _once((adj, length), total, start, max_of(sender(total) + length, adj, default=-100))
    batch = graphs(9, 3, 0.4, "equal")
    for value in (0.0, 50.0):
        given = Batch({**batch.values, "length": torch.full((3, 9, 9), value)}, batch.nodes)
        wanted = interpret(program, given).values["total"]
        assert wanted.max() == 100 + value
        assert not disagreements(compile_program(program, CompileSettings(target=target)), given)


@by_attention
def test_the_largest_whole_number_is_one_that_float32_holds(target):
    """One more bit and the compiler refuses."""
    label = node.scalar("label", low=0, high=2**12 - 1, whole=True)
    program = _once((adj,), label, 0, min_of(sender(label), adj))
    certificate = compile_program(program, CompileSettings(target=target)).certificate
    assert certificate.largest_whole <= 2**24 < 4 * certificate.largest_whole
    with pytest.raises(Refusal, match=r"2\^24"):
        compile_program(program, CompileSettings(n=2 * certificate.n, target=target))


def _two_keys(low: float, high: float) -> Batch:
    """Senders 0, 1, 2 of node 3 with the keys high, low, low."""
    edges = torch.zeros(1, 4, 4, dtype=torch.bool)
    edges[0, :3, 3] = True
    return Batch(
        {"adj": edges, "key": torch.tensor([[high, low, low, 0.0]])}, torch.ones(1, 4, dtype=torch.bool)
    )


@by_target
@pytest.mark.parametrize("tie", ["first", "last"])
@pytest.mark.parametrize("largest", [False, True])
def test_real_keys_twice_the_resolution_apart_are_told_apart(largest, tie, target):
    key = node.scalar("key", low=0, high=8)
    choose = argmax if largest else argmin
    program = _once((adj, key), p, me, choose(sender(key), adj, tie=tie))
    compiled = compile_program(program, CompileSettings(target=target))
    gap = 2 * compiled.certificate.resolution
    for base in (0.0, 2.0**-12, 2.0**-8):
        for low, high in ((base, base + gap), (base + gap, base)):
            batch = _two_keys(low, high)
            values = batch.values["key"][0]
            if values[0] == values[1]:
                assert target == "mpnn", "the gap is below the resolution of float32 itself"
                continue
            wanted = 0 if (high > low) == largest else (1 if tie == "first" else 2)
            assert interpret(program, batch).values["p"][1, 0, 3] == wanted
            assert rollout(compiled.network, batch).values["p"][1, 0, 3] == wanted


@by_target
@pytest.mark.parametrize("value", [0.0, 0.1, 1 / 3, 7.7, 8.0])
@pytest.mark.parametrize("tie", ["first", "last"])
def test_equal_real_keys_go_by_index(tie, value, target):
    key = node.scalar("key", low=0, high=8)
    program = _once((adj, key), p, me, argmin(sender(key), adj, tie=tie))
    network = compile_program(program, CompileSettings(target=target)).network
    found = rollout(network, _two_keys(value, value)).values["p"][1, 0, 3]
    assert found == (0 if tie == "first" else 2)


@pytest.mark.parametrize("gap", [2.0**-23, 2.0**-20, 1.0])
def test_comparisons_on_edges_are_exact_beyond_their_resolution(gap):
    key = node.scalar("key", low=0, high=8)
    seen = node.mask("seen")
    program = _once((adj, key), seen, False, any_of(adj & (sender(key) < receiver(key))))
    compiled = compile_program(program)
    assert compiled.certificate.negative_slope == 0
    assert compiled.certificate.resolution <= 2.0**-23
    for keys in ([1.0, 1.0 + gap], [1.0 + gap, 1.0], [1.0, 1.0], [0.0, 8.0]):
        edges = torch.tensor([[[False, True], [True, True]]])
        batch = Batch({"adj": edges, "key": torch.tensor([keys])}, torch.ones(1, 2, dtype=torch.bool))
        assert not disagreements(compiled, batch)


def _less(smaller: float) -> tuple[Compiled, Batch]:
    """Whether a < b at each of two nodes, without any fetch."""
    a, b = (node.scalar(name, low=0, high=1) for name in "ab")
    program = _once((a, b), node.mask("less"), False, a < b)
    values = {"a": torch.tensor([[0.0, smaller]]), "b": torch.tensor([[smaller, 0.0]])}
    return compile_program(program), Batch(values, torch.ones(1, 2, dtype=torch.bool))


@pytest.mark.parametrize("smaller", [1.0, 2.0**-50, 2.0**-100])
def test_comparisons_at_nodes_are_exact_down_to_a_hundred_bits(smaller):
    assert not disagreements(*_less(smaller))


def test_a_difference_that_is_not_told_apart_is_in_the_certificate():
    compiled, batch = _less(2.0**-101)
    assert not disagreements(compiled, batch) or compiled.certificate.resolution >= 2.0**-101


def test_real_keys_closer_than_the_resolution_go_by_index():
    """Which is what the resolution says: the larger key is taken for its lower index."""
    key = node.scalar("key", low=0, high=8)
    compiled = compile_program(_once((adj, key), p, me, argmin(sender(key), adj)))
    gap = 2.0**-43
    assert gap < compiled.certificate.resolution
    batch = _two_keys(0.0, gap)
    assert interpret(compiled.program, batch).values["p"][1, 0, 3] == 1
    assert rollout(compiled.network, batch).values["p"][1, 0, 3] == 0


def test_what_lies_outside_of_the_bounds_is_told_by_the_interpreter():
    batch = graphs(5, 1, 0.9, "random")
    wide = Batch({**batch.values, "A": batch.values["A"] * 100}, batch.nodes)
    with pytest.raises(GraphError, match=r"\[0, 64\]"):
        interpret(PROGRAMS["bellman_ford"], wide)
