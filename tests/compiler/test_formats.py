"""Formats of numbers, and what they hold of a compiled network: from both sides."""

from __future__ import annotations

import json
import math
from functools import cache

import pytest
import torch

from compiler.agreement import disagreements
from compiler.cases import COMPILED, by_attention, by_target
from mechgap.compiler.certification import certify, examine
from mechgap.compiler.formats import BFLOAT16, FLOAT16, FLOAT32, FLOAT64, FORMATS
from mechgap.compiler.gadgets import EXACT, NO_FRACTION
from mechgap.compiler.passes import Compiled, CompileSettings, compile_program
from mechgap.compiler.scales import INDEX_STEP, SPARE_BITS, UNDERFLOW
from mechgap.lang.location import Location
from mechgap.lang.program import Program
from mechgap.lang.vocabulary import graph, node
from mechgap.nets.rollout import RolloutOptions, rollout
from mechgap.semantics.batch import Batch
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import load

by_format = pytest.mark.parametrize("number_format", FORMATS, ids=lambda f: f.name)


def dtype(number_format) -> torch.dtype:
    return getattr(torch, number_format.name)


# ---- formats


@by_format
def test_a_format_is_what_torch_says(number_format):
    info = torch.finfo(dtype(number_format))
    assert info.eps == 2.0 ** (1 - number_format.bits)
    assert math.log2(info.smallest_normal) - (number_format.bits - 1) == number_format.smallest
    assert math.log2(info.max) == pytest.approx(number_format.largest, abs=0.01)
    top = torch.tensor(number_format.exact, dtype=dtype(number_format))
    assert top - 1 != top
    assert top + 1 == top
    half = torch.tensor(number_format.no_fraction, dtype=dtype(number_format)) + 0.25
    assert half == number_format.no_fraction


@by_format
def test_exp_is_zero_from_the_underflow_on(number_format):
    """Exponentials are rounded to the format, from a wider one where there is one."""
    wide = torch.float64 if number_format is FLOAT64 else torch.float32
    near = -(number_format.underflow - 0.1) if number_format is not FLOAT64 else -745.1
    values = torch.tensor([-number_format.underflow, near], dtype=wide).exp().to(dtype(number_format))
    assert values[0] == 0
    assert values[1] > 0


@by_format
def test_numbers_that_a_format_holds_survive_it(number_format):
    values = [0.0, 1.0, -3.0, 255.0, 257.0, 2049.0, 65504.0, 65536.0, 2.0**100, 1 / 3, 2.0**24 + 1, 2.0**-133]
    for value in values:
        kept = float(torch.tensor(value, dtype=torch.float64).to(dtype(number_format)))
        assert number_format.holds(value) == (kept == value), value


def test_the_constants_of_the_compiler_are_those_of_float32():
    assert FLOAT32.exact == EXACT
    assert FLOAT32.no_fraction == NO_FRACTION
    assert FLOAT32.underflow == UNDERFLOW == 103.98
    assert FLOAT32.spare_bits == SPARE_BITS
    assert FLOAT64.underflow == 745.14


# ---- verdicts


@cache
def compiled(name: str, n: int, target: str = "gatv2") -> Compiled:
    return compile_program(load(name).program, CompileSettings(n=n, target=target))


@by_target
@pytest.mark.parametrize("name", COMPILED)
def test_every_program_is_exact_in_the_format_it_was_compiled_for(name, target):
    made = compiled(name, 8, target)
    verdict = examine(made, FLOAT32)
    assert verdict.exact, verdict.findings
    assert verdict.largest_whole == made.certificate.largest_whole
    assert (verdict.margin, verdict.resolution) == (made.certificate.margin, made.certificate.resolution)
    wide = examine(made, FLOAT64)
    if target == "mpnn":
        limited = {"products", "angles"} & {finding.what for finding in wide.findings}
        assert bool(limited) == (name in {"segments_intersect", "graham_scan", "jarvis_march"})
        assert wide.exact == (not wide.findings)
        return
    assert [f.what for f in wide.findings][:1] == ["logit of an index"]
    assert wide.findings[0].suffices == "2^10 = 1024" and wide.margin == INDEX_STEP / 745.14 < 1


def mismatches(name: str, n: int, number_format, target: str) -> int:
    """Values that differ if the weights are converted to a format, on random inputs of n nodes."""
    made, task = compile_program(load(name).program, CompileSettings(n=n, target=target)), load(name)
    network = made.network.to(dtype(number_format))
    found = 0
    for p in (None, 0.3, 1.0):
        batch = task.sample(1, n, 12, p=p)
        exact = interpret(
            task.program, batch, dtype=torch.float64 if number_format is FLOAT64 else torch.float32
        )
        trace = rollout(network, batch, RolloutOptions(lengths=exact.lengths))
        for port in task.program.interface.hints:
            if port.location is Location.NODE:
                values = trace.values[port.name].to(exact.values[port.name].dtype)
                found += int((values != exact.values[port.name]).sum())
    return found


@by_target
@pytest.mark.parametrize(
    ("name", "n", "number_format"),
    [
        ("bfs", 16, BFLOAT16),
        ("bfs_frontier", 16, BFLOAT16),
        ("independent_set", 4, BFLOAT16),
        ("topological_sort", 4, BFLOAT16),
        ("bfs", 16, FLOAT16),
    ],
)
def test_what_is_said_to_be_exact_is(name, n, number_format, target):
    verdict = examine(compiled(name, n, target), number_format)
    assert verdict.exact, verdict.findings
    assert mismatches(name, n, number_format, target) == 0


@by_attention
@pytest.mark.parametrize(
    ("name", "n", "number_format", "because"),
    [
        ("bfs", 64, BFLOAT16, "whole numbers"),
        ("bfs_frontier", 64, BFLOAT16, "whole numbers"),
        ("dfs", 16, FLOAT64, "logit of an index"),
        ("bellman_ford", 16, FLOAT16, "real keys"),
        ("bfs_distance", 16, FLOAT16, "range"),
    ],
)
def test_what_is_said_to_fail_can_be_seen_to(name, n, number_format, because, target):
    verdict = examine(compiled(name, n, target), number_format)
    assert because in {finding.what for finding in verdict.findings}
    assert mismatches(name, n, number_format, target) > 0


def test_a_smaller_size_is_offered_where_one_would_do():
    found = certify(load("bfs").program)
    by_name = {verdict.format: verdict for verdict in found.verdicts}
    assert by_name["bfloat16"].smaller == 16
    assert by_name["float32"].exact and by_name["float32"].smaller is None
    assert by_name["float64"].smaller is None, "no size changes the step of an index"
    assert examine(compiled("bfs", 16), BFLOAT16).exact
    assert not examine(compiled("bfs", 32), BFLOAT16).exact
    data = json.loads(json.dumps(found.to_json()))
    assert [entry["format"] for entry in data["formats"]] == [f.name for f in FORMATS]
    assert data["certificate"] == found.certificate.to_json()


# ---- just outside of a certificate


def fork(size: int, last: int) -> Batch:
    """Node 1 has an edge from node 0, which nothing reaches, and one from the source ``last``."""
    edges = torch.eye(size, dtype=torch.bool)[None].clone()
    for one, other in ((0, 1), (last, 1)):
        edges[0, one, other] = edges[0, other, one] = True
    source = torch.arange(size)[None] == last
    weights = edges & ~torch.eye(size, dtype=torch.bool)
    values = {
        "adj": edges,
        "A": weights.float(),
        "s": source,
        "pos": torch.arange(size)[None] / size,
    }
    return Batch(values, torch.ones(1, size, dtype=torch.bool))


def differs(made: Compiled, batch: Batch) -> bool:
    """Whether the network and the interpreter differ in any hint; the network need not halt."""
    exact = interpret(made.program, batch)
    found = rollout(made.network, batch, RolloutOptions(lengths=exact.lengths)).values
    return any(not torch.equal(v.to(exact.values[k].dtype), exact.values[k]) for k, v in found.items())


@pytest.mark.parametrize("name", ["bfs", "bfs_frontier"])
def test_one_node_more_makes_a_tie(name):
    """At the certified size the last node is still told from the first; behind it both cost the same."""
    made = compiled(name, 16)
    variables = {v.name for v in made.program.inputs}

    def given(size: int) -> Batch:
        batch = fork(size, size - 1)
        return Batch({k: v for k, v in batch.values.items() if k in variables}, batch.nodes)

    assert not disagreements(made, given(16))
    assert differs(made, given(17))
    assert not disagreements(compiled(name, 17), given(17))


@pytest.mark.parametrize(
    "name", ["dfs", "topological_sort", "naive_string_matcher", "kmp_matcher", "eccentricity"]
)
def test_one_node_more_than_certified_is_too_many(name):
    task = load(name)
    at, above = (task.sample(3, size, 16) for size in (16, 17))
    assert not differs(compiled(name, 16), at)
    assert differs(compiled(name, 16), above)
    assert not differs(compiled(name, 17), above)


def offers(size: int, first: float, last: float, rest: float) -> Batch:
    """Source 1 reaches node 2 by node 0 and by the last node, over edges of these weights and equal ones."""
    weights = torch.zeros(1, size, size)
    edges = torch.eye(size, dtype=torch.bool)[None].clone()
    for middle, weight in ((0, first), (size - 1, last)):
        for one, other, value in ((1, middle, weight), (middle, 2, rest)):
            weights[0, one, other] = weights[0, other, one] = value
            edges[0, one, other] = edges[0, other, one] = True
    index = torch.arange(size)[None]
    values = {"A": weights, "adj": edges, "s": index == 1, "pos": index / size}
    return Batch(values, torch.ones(1, size, dtype=torch.bool))


@by_attention
@pytest.mark.parametrize(("name", "largest"), [("bellman_ford", False), ("widest_path", True)])
def test_offers_closer_than_the_resolution_go_by_index(name, largest, target):
    """The better offer has the far higher index: it is taken beyond the resolution, and only there."""
    made = compiled(name, 512, target)
    resolution = made.certificate.resolution

    def given(gap: float) -> Batch:
        low, high = 2.0**-10, 2.0**-10 + gap
        return offers(512, low, high, 1.0) if largest else offers(512, high, low, 0.0)

    assert not differs(made, given(2 * resolution))
    assert differs(made, given(resolution / 8))


def test_without_selections_float64_is_exact_too():
    """Nothing attends, so that no exp must be zero."""
    a, b = (node.scalar(name, low=0, high=1) for name in "ab")
    less, clock = node.mask("less"), graph.scalar("clock", low=0, high=1, whole=True)
    program = Program(
        "once", (a, b), {less: False, clock: 0}, {less: a < b, clock: clock + 1}, clock >= 1, {"y": less}
    )
    assert examine(compile_program(program), FLOAT64).exact
