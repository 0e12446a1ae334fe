"""How far approximated numbers may be off, what depends on them, and what is refused."""

from __future__ import annotations

import pytest
import torch

from compiler.agreement import disagreements
from mechgap.compiler.angles import ERROR
from mechgap.compiler.approximations import approximations
from mechgap.compiler.certificate import Certificate
from mechgap.compiler.certification import examine
from mechgap.compiler.formats import FLOAT32, FLOAT64
from mechgap.compiler.passes import Compiled, compile_program
from mechgap.errors import Refusal
from mechgap.lang.expression import Expression
from mechgap.lang.program import Program
from mechgap.lang.vocabulary import (
    anywhere,
    arctan2,
    argmin,
    edge,
    follow,
    graph,
    max_of,
    me,
    minimum,
    node,
    sender,
    where,
)
from mechgap.nets.rollout import rollout
from mechgap.semantics.batch import Batch
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import load

adj = edge.mask("adj")
x, y = node.scalar("x", low=-8, high=8), node.scalar("y", low=-8, high=8)
bound = node.scalar("bound", low=-4, high=4)
a, b = node.scalar("a", low=-100, high=100), node.scalar("b", low=-100, high=100)
held, chosen = node.mask("held"), node.pointer("chosen")
passed = graph.scalar("passed", low=0, high=2, whole=True)
ANGLE = arctan2(y, x)


def _program(step: dict, **outputs: Expression) -> Program:
    inputs = (adj, x, y, bound)
    first = {v: me if v is chosen else False if v is held else 0 for v in step}
    outputs = outputs or {"out": next(iter(step))}
    return Program("case", inputs, {**first, passed: 0}, {**step, passed: passed + 1}, passed == 2, outputs)


def _batch(ys: torch.Tensor, xs: torch.Tensor, bounds: torch.Tensor) -> Batch:
    """One graph: its nodes are the vectors."""
    size = len(ys)
    values = {"x": xs[None], "y": ys[None], "bound": bounds[None]}
    edges = torch.ones(1, size, size, dtype=torch.bool)
    return Batch({**values, "adj": edges}, torch.ones(1, size, dtype=torch.bool))


def _vectors(count: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    drawn = torch.rand(2, count, generator=torch.Generator().manual_seed(seed)) * 8 - 4
    return drawn[0], drawn[1]


# ---- bounds


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        (ANGLE, ERROR),
        (where(y > 0, ANGLE, 1), ERROR),
        (ANGLE + arctan2(x, y), 2 * ERROR + 6.3 * 2.0**-23),
        (2 * ANGLE, 2 * ERROR + 6.3 * 2.0**-23),
        (x * ANGLE, 8 * ERROR + 25.1 * 2.0**-23),
        (ANGLE * ANGLE, 6.28 * ERROR + 9.8 * 2.0**-23),
        (max_of(sender(ANGLE), adj), ERROR),
        (follow(chosen, ANGLE), ERROR),
    ],
)
def test_errors_are_carried(expression, error):
    found = approximations(_program({a: expression, chosen: me}, out=a))
    assert found.errors["a"] == found.errors["output out"]
    assert error * (1 - 1e-3) <= found.errors["a"] <= error * 1.05
    assert all(entry.error == ERROR for entry in found.operations)


@pytest.mark.parametrize(
    ("step", "margin"),
    [
        ({a: ANGLE}, 0.0),
        ({held: bound > ANGLE}, ERROR),
        ({a: ANGLE, held: bound <= a}, ERROR),
        ({a: ANGLE, b: a, held: a == b}, 2 * ERROR),
        ({chosen: argmin(sender(ANGLE), adj)}, 2 * ERROR),
        ({a: minimum(ANGLE, bound)}, ERROR),
    ],
)
def test_what_is_compared_has_a_margin(step, margin):
    (operation,) = approximations(_program(step)).operations
    assert operation.decision_margin == margin
    assert operation.operation == "arctan2(y, x)"


def test_exact_programs_approximate_nothing():
    found = approximations(load("bellman_ford").program)
    assert not found.operations and not found.errors and not found.conditions
    products = approximations(load("jarvis_march").program)
    assert not products.operations and not products.errors and len(products.conditions) == 1


@pytest.mark.parametrize(
    ("expression", "given"),
    [
        (minimum(a * 2 + ANGLE, 100), "grows"),
        (minimum(a + ANGLE, 100), "grows"),
        (arctan2(ANGLE, x), "angle of approximated"),
    ],
)
def test_errors_without_bounds_are_refused(expression, given):
    with pytest.raises(Refusal) as caught:
        compile_program(_program({a: expression}))
    fault = caught.value.faults[0]
    assert "case" in fault.where and given in fault.given
    assert fault.expected and fault.remedy


def test_errors_that_shrink_are_taken():
    found = approximations(_program({a: a * 0.5 * 0 + ANGLE}))
    assert ERROR <= found.errors["a"] < 3 * ERROR


# ---- compiled networks


@pytest.fixture(scope="module")
def compared() -> Compiled:
    """Whether angles are below a bound."""
    return compile_program(_program({a: ANGLE, held: bound > ANGLE}))


def _held(compiled: Compiled, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """The mask of the interpreter, and that of the network."""
    return (
        run.values["held"][-1]
        for run in (interpret(compiled.program, batch), rollout(compiled.network, batch))
    )


def test_comparisons_outside_of_the_margin_are_certain(compared):
    (operation,) = compared.certificate.approximations
    ys, xs = _vectors(400)
    away = operation.decision_margin * 1.1
    for side in (-1.0, 1.0):
        batch = _batch(ys, xs, torch.arctan2(ys, xs) + side * away)
        wanted, found = _held(compared, batch)
        assert torch.equal(wanted, found)
        assert bool((wanted == (side > 0)).all())


def test_comparisons_inside_of_the_margin_are_not(compared):
    ys, xs = _vectors(400)
    batch = _batch(ys, xs, torch.arctan2(ys, xs))
    wanted, found = _held(compared, batch)
    assert not torch.equal(wanted, found)


def test_angles_of_all_kinds_of_operands():
    whole = node.scalar("whole", low=-3, high=3, whole=True)
    values = [arctan2(y, 1), arctan2(2, x), arctan2(y + 1, x - 1), arctan2(whole, whole - 1)]
    slots = [node.scalar(f"a{k}", low=-4, high=4) for k in range(len(values))]
    program = Program(
        "kinds",
        (x, y),
        {whole: -3, **dict.fromkeys(slots, 0)},
        {whole: whole + 1, **dict(zip(slots, values, strict=True))},
        anywhere(whole == 2),
        {"out": slots[0]},
    )
    compiled = compile_program(program)
    ys, xs = _vectors(20, 1)
    batch = Batch({"x": xs[None], "y": ys[None]}, torch.ones(1, 20, dtype=torch.bool))
    assert not disagreements(compiled, batch)


@pytest.mark.parametrize("name", ["graham_scan", "jarvis_march", "segments_intersect"])
def test_geometry_at_larger_sizes(name):
    task = load(name)
    compiled = compile_program(task.program)
    assert not disagreements(compiled, task.sample(3, 32, 2))


def test_points_on_a_grid_tie_in_everything_but_turns():
    """Equal heights and equal angles; a parabola, so that no three points are on one line."""
    steps = torch.arange(-3.0, 4.0)
    batch = Batch(
        {"x": steps[None], "y": (steps**2)[None] * 0.125, "pos": torch.arange(7.0)[None] / 7},
        torch.ones(1, 7, dtype=torch.bool),
    )
    for name in ("graham_scan", "jarvis_march"):
        task = load(name)
        task.check(batch)
        assert not disagreements(compile_program(task.program), batch)


# ---- certificates


def test_certificates_are_read_back(compared):
    certificate = compared.certificate
    assert Certificate.from_json(certificate.to_json()) == certificate
    assert certificate.errors == {"a": ERROR, "output out": ERROR}


def test_certificates_of_before_are_read():
    data = compile_program(load("bfs").program).certificate.to_json()
    del data["approximations"], data["errors"]
    found = Certificate.from_json(data)
    assert found.approximations == () and found.errors == {}


def test_other_formats_have_other_products_and_angles(compared):
    assert examine(compared, FLOAT32).exact
    found = {finding.what for finding in examine(compared, FLOAT64).findings}
    assert "angles" in found and "products" not in found
    product = compile_program(_program({b: x * y}))
    assert "products" in {finding.what for finding in examine(product, FLOAT64).findings}
    assert examine(product, FLOAT32).exact
