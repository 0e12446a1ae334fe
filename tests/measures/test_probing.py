"""The gate of probes: exact networks hide nothing, noise tells nothing, graphs of the test stay unseen."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from mechgap.compiler.passes import CompileSettings, compile_program
from mechgap.compiler.targets.catalogue import TARGETS
from mechgap.measures.admissible import admissible_trace
from mechgap.measures.floors import References
from mechgap.measures.panel import Bench, Setting, measure
from mechgap.measures.probing import Probing
from mechgap.measures.subject import NetworkSubject
from mechgap.nets.config import clrs_config
from mechgap.nets.network import Network
from mechgap.report.table import gate_rows
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.graphs import bellman_ford, bfs, bfs_distance, dijkstra

CASES = [
    pytest.param(
        module, target, id=f"{module.program.name}-{target}", marks=[pytest.mark.slow] * (module is not fast)
    )
    for target, fast in zip(TARGETS, (bellman_ford, dijkstra, bfs), strict=True)
    for module in (bfs, bellman_ford, dijkstra)
]
RARE = 5e-3
"""Share of pointers that may be read wrongly for want of examples: addresses that were hardly ever seen."""


@pytest.fixture(scope="module")
def probing(graphs, exact):
    choices, _ = admissible_trace(bfs.program, exact)
    return Probing(bfs.program, exact, choices)


@pytest.fixture(scope="module")
def untrained(graphs, exact):
    network = Network(clrs_config(bfs.program.interface, hidden=12), seed=3)
    return NetworkSubject(network, bfs.program).run(graphs, exact.lengths)


def plain(scores):
    return {name: value.to_json() for name, value in scores.items()}


def with_hidden(trace, hidden):
    return replace(trace, hidden=hidden)


@pytest.mark.parametrize(("module", "target"), CASES)
def test_exact_networks_hide_no_variable(module, target):
    """Hints, and state that is no hint (the node that Dijkstra takes), are read without an error."""
    batch = module.task.sample(0, 8, 120, p=0.3)
    run = interpret(module.program, batch)
    choices, _ = admissible_trace(module.program, run)
    network = compile_program(module.program, CompileSettings(target=target)).network
    trace = NetworkSubject(network, module.program).run(batch, run.lengths)
    found = Probing(module.program, run, choices).scores(trace)
    for name, value in found.items():
        if name.split("/")[0] in ("error", "difference", "r2"):
            allowed = RARE if name.split("/")[-1] in ("error", "difference", "pi_h") else 1e-4
            assert value.value == pytest.approx(value.ideal, abs=allowed), name
        if name.split("/")[0] == "selectivity":
            assert value.value > 0.1
        if name.split("/")[0] == "compression":
            assert value.value > 2.5
    assert {f"error/{v.name}" for v in module.program.state} == {n for n in found if n.startswith("error/")}


def test_noise_tells_nothing(probing, untrained):
    """As good as frequencies and as long as frequencies, with nothing above labels at random."""
    noise = torch.randn(untrained.hidden.shape, generator=torch.Generator().manual_seed(0))
    found = probing.scores(with_hidden(untrained, noise))
    counted = probing.tasks[0].goal.take(probing.examples.tested)
    share = float(counted.truth[counted.counted].double().mean())
    assert found["error/reach_h"].value == pytest.approx(min(share, 1 - share), abs=0.08)
    for name in ("reach_h", "pi_h"):
        assert found[f"compression/{name}"].value == pytest.approx(1.0, abs=0.05)
    assert found["error/pi_h"].value > 0.3


def test_labels_that_mean_nothing_have_no_selectivity(graphs, exact, untrained):
    """Values at random in place of the run's: as poor as the control, and no shorter."""
    generator = torch.Generator().manual_seed(1)
    shape = exact.values["reach_h"].shape
    values = dict(exact.values) | {"reach_h": torch.rand(shape, generator=generator) < 0.3}
    found = Probing(bfs.program, replace(exact, values=values), {}).scores(untrained)
    assert found["selectivity/reach_h"].value == pytest.approx(0.0, abs=0.1)
    assert found["selectivity/reach_h"].low <= 0.05
    assert found["compression/reach_h"].value == pytest.approx(1.0, abs=0.03)


def test_coordinates_do_not_matter(probing, untrained):
    generator = torch.Generator().manual_seed(2)
    width = untrained.hidden.shape[-1]
    own = probing.scores(untrained)
    order = torch.randperm(width, generator=generator)
    sizes = torch.rand(width, generator=generator) * 9 + 0.1
    mixed = torch.randn(width, width, generator=generator).double()
    for hidden in (untrained.hidden[..., order] * sizes, untrained.hidden.double() @ mixed + 1.0):
        found = probing.scores(with_hidden(untrained, hidden))
        for name, value in found.items():
            assert value.value == pytest.approx(own[name].value, abs=0.03, rel=0.03), name


def test_graphs_of_the_test_teach_nothing(probing, untrained):
    """What stands in one graph of the test changes no error of the others."""
    task = probing.tasks[0]
    before = probing.scores(untrained)[f"error/{task.name}"].clusters
    spoiled = int(probing.examples.graph[probing.examples.tested][0])
    hidden = untrained.hidden.clone()
    hidden[:, spoiled] = torch.randn(hidden[:, spoiled].shape) * 50.0
    after = probing.scores(with_hidden(untrained, hidden))[f"error/{task.name}"].clusters
    others = probing.examples.held_out.numpy() != spoiled
    assert (before.numerator[others] == after.numerator[others]).all()
    assert (before.numerator[~others] != after.numerator[~others]).all()


def test_first_frames_ended_frames_and_padding_count_nothing(probing, untrained, exact):
    hidden = untrained.hidden.clone()
    hidden[0] = 1e6
    hidden[~exact.live] = -1e6
    own, found = probing.scores(untrained), probing.scores(with_hidden(untrained, hidden))
    assert plain(found) == plain(own)


def test_the_same_run_scores_the_same(probing, untrained):
    assert plain(probing.scores(untrained)) == plain(probing.scores(untrained))


def test_overflow_is_an_error_of_the_network_only(probing, untrained):
    hidden = untrained.hidden.clone()
    hidden[..., 0] = float("inf")
    hidden[..., 1] = float("nan")
    assert probing.scores(with_hidden(untrained, hidden))["error"].known


def test_means_and_differences_hang_together(probing, untrained):
    found = probing.scores(untrained)
    names = ("reach_h", "pi_h")
    errors = [found[f"error/{name}"].value for name in names]
    apart = [found[f"difference/{name}"].value for name in names]
    assert found["error"].value == pytest.approx(sum(errors) / 2)
    assert found["difference"].value == pytest.approx(sum(apart) / 2)
    for value in found.values():
        assert value.low <= value.value <= value.high
        assert value.unit == "graph"


def test_variables_of_rivals_are_read_too_and_owe_nothing(untrained, graphs, exact):
    """A number that no variable of the program holds: exact networks may or may not have it."""
    rival = bfs_distance.program
    found = Probing(bfs.program, exact, {}, [(rival, interpret(rival, graphs))]).scores(untrained)
    further = {v.name for v in rival.state} - {v.name for v in bfs.program.state}
    assert further
    for name in further:
        key = f"{rival.name}.{name}"
        assert f"difference/{key}" not in found
        for what in ("error", "r2", "compression", "inputs"):
            assert found[f"{what}/{key}"].known
            assert math.isnan(found[f"{what}/{key}"].ideal)


def test_without_vectors_or_with_one_graph_there_is_nothing(probing, untrained, graphs):
    assert probing.scores(with_hidden(untrained, None)) == {}
    alone = interpret(bfs.program, graphs.part(0, 1))
    assert Probing(bfs.program, alone, {}).scores(untrained) == {}


def test_a_panel_has_probes_if_asked_and_references_beside_them(graphs):
    network = Network(clrs_config(bfs.program.interface, hidden=8), seed=0)
    exact = compile_program(bfs.program).network
    setting = Setting(program=bfs.program, batch=graphs.part(0, 12), swaps=2, probes=True)
    panel = measure(network, setting, References(exact, random=2))
    row = panel.rows["probe/error"]
    assert row.exact.value == pytest.approx(row.score.ideal, abs=0.1)  # few examples
    assert row.random.replicates == 2
    assert row.gap is not None
    assert panel.rows["probe/selectivity/reach_h"].random.replicates == 2
    floor = panel.rows["probe/inputs/reach_h"]
    assert floor.exact.value == floor.score.value == floor.random.value
    tables = gate_rows(panel.to_json())
    (question,) = [q for q, rows in tables.items() if rows[0].key.startswith("probe/")]
    assert question.startswith("Gate 1")
    assert list(tables).index(question) == 2


def test_probes_are_left_out_by_default(graphs):
    network = Network(clrs_config(bfs.program.interface, hidden=8), seed=0)
    bench = Bench(Setting(program=bfs.program, batch=graphs, swaps=2))
    found = bench.gates(NetworkSubject(network, bfs.program)).scores
    assert not [name for name in found if name.startswith("probe/")]
