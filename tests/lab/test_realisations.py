"""Realisations are exact, differ, can be read by their layouts, and follow from the seed alone."""

from __future__ import annotations

import itertools

import pytest
import torch

from mechgap.compiler.layout import Layout
from mechgap.compiler.targets.catalogue import TARGETS
from mechgap.compiler.variables import held
from mechgap.errors import GraphError, NotFoundError
from mechgap.lab import realisations as module
from mechgap.lab.realisations import Realisation, realisations
from mechgap.lab.rivals import with_ties
from mechgap.lang.expression import Tie
from mechgap.lang.location import Location
from mechgap.nets.network import Network
from mechgap.nets.rollout import RolloutOptions, rollout
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import load

VARIED = ("bfs", "bellman_ford", "dijkstra", "insertion_sort", "floyd_warshall")
QUICK = ("bfs", "dijkstra", "insertion_sort")
by_target = pytest.mark.parametrize("target", TARGETS)
varied = pytest.mark.parametrize(
    ("name", "target"),
    [
        pytest.param(name, target, marks=() if target == "gatv2" or name in QUICK else pytest.mark.slow)
        for name in VARIED
        for target in TARGETS
    ],
)


def _same(one: Realisation, two: Realisation) -> bool:
    parameters = zip(one.network.parameters(), two.network.parameters(), strict=False)
    return one.network.config == two.network.config and all(torch.equal(a, b) for a, b in parameters)


@varied
def test_realisations_differ_and_are_verified(name, target):
    found = list(realisations(load(name), target, k=3, seed=5))
    assert len(found) == 3
    assert not any(_same(one, two) for one, two in itertools.combinations(found, 2))
    for each in found:
        assert each.certificate.margin > 1 or target == "mpnn"
        assert each.certificate.target == target
        assert {shape.family for shape in each.network.config.rounds} == {target}
        assert each.network.config.hidden == each.layout.hidden == each.choices["width"]


@varied
def test_the_layout_still_says_where_variables_are(name, target):
    for each in realisations(load(name), target, k=2, seed=1, width=24):
        batch = load(name).sample(2, 6, 2)
        exact = interpret(each.program, batch)
        options = RolloutOptions(lengths=exact.lengths, hidden=True)
        hidden = rollout(each.network, batch, options).hidden
        layout = Layout.from_json(each.layout.to_json())
        for variable in each.program.state:
            if variable.location is not Location.NODE or variable.name not in layout.variables:
                continue
            read = held(layout, variable, hidden)
            truth = exact.values[variable.name]
            agree = variable.kind.agreement(read.flatten(0, 1), truth.flatten(0, 1))
            assert bool((agree.reshape(truth.shape) | ~exact.live[..., None]).all()), variable.name


@by_target
def test_the_seed_says_all_and_each_stands_alone(target):
    three, two = (list(realisations(load("bfs"), target, k=k, seed=7)) for k in (3, 2))
    assert all(_same(a, b) for a, b in zip(three, two, strict=False))
    (other,) = realisations(load("bfs"), target, k=1, seed=8)
    assert not _same(three[0], other)


@by_target
def test_heads_units_and_idle_rows_are_varied_too(target):
    found = list(realisations(load("bfs"), target, k=8, seed=2))
    for option in ("idle", "copies", "duplicates", "sharpness"):
        seen = {each.choices[option] > (option == "sharpness") for each in found}
        varied = target != "mpnn" or option == "duplicates"
        assert seen == ({True, False} if varied else {False}), option
    plain = len(found[0].layout.heads) - found[0].choices["copies"]
    for each in found:
        assert len(each.layout.heads) == plain + each.choices["copies"]
        shapes = each.network.config.rounds
        assert sum(shape.attentions for shape in shapes) >= len(each.layout.heads)


def test_programs_alone_will_do():
    (found,) = realisations(load("components").program, k=1)
    assert found.program.name == "components"


def test_free_choices_go_both_ways():
    program = load("bfs").program
    last = with_ties(program, lambda choice: Tie.LAST)
    assert last is not None and last.digest != program.digest
    assert with_ties(load("floyd_warshall").program, lambda choice: Tie.LAST) is None


@pytest.mark.parametrize(
    ("error", "arguments"),
    [(NotFoundError, {"target": "mlp"}), (GraphError, {"k": -1}), (GraphError, {"width": 0})],
)
def test_bad_calls_are_refused(error, arguments):
    with pytest.raises(error):
        next(realisations(load("bfs"), **arguments))


@by_target
def test_a_wrong_network_is_no_realisation(monkeypatch, target):
    def spoil(network: Network, factor: float) -> float:
        with torch.no_grad():
            network.rounds[0].skip.weight.zero_()  # type: ignore[union-attr]
        return factor

    monkeypatch.setattr(module, "_sharpen", spoil)
    with pytest.raises(Exception, match="realisations are exact"):
        next(realisations(load("bfs"), target))
