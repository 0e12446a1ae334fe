"""The loss against its definition, term by term."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from mechgap.lang.location import Location
from mechgap.nets.features import hint_features
from mechgap.nets.network import Network
from mechgap.nets.rollout import RolloutOptions, rollout
from mechgap.nets.shapes import RoundConfig
from mechgap.semantics.trace import Trace
from mechgap.training.objective import Aims, losses
from nets.cases import everything, flat_graphs, random_batch, real_nodes, small_config
from training.cases import fresh, source

SIZES = [4, 2, 3, 1]
LENGTHS = torch.tensor([4, 1, 2, 3])


def random_trace(interface):
    """Random values of everything at every frame."""
    batch, _ = random_batch(interface, SIZES)
    frames = [random_batch(interface, SIZES, seed)[1] for seed in range(int(LENGTHS.max()))]
    outputs_as_inputs = type(interface)(interface.outputs, (), ())
    outputs = random_batch(outputs_as_inputs, SIZES, 9)[0].values
    return Trace(batch, {n: torch.stack([f[n] for f in frames]) for n in frames[0]}, LENGTHS, outputs)


def real(location, size):
    return {Location.GRAPH: (), Location.NODE: (slice(size),), Location.EDGE: (slice(size), slice(size))}[
        location
    ]


def mean_loss(port, logits, truth, pairs):
    """The mean of a port's loss over the real places of (frame, graph) pairs."""
    parts = []
    for frame, row in pairs:
        loss = port.kind.loss(logits[frame], truth[frame], real_nodes(SIZES))
        parts.append(loss[(row, *real(port.location, SIZES[row]))].flatten())
    return torch.cat(parts).mean().item()


@pytest.mark.parametrize("prologue", [(), (RoundConfig(mid=4, width=8),)], ids=["given", "made"])
@pytest.mark.parametrize("soft", [True, False], ids=["soft", "hard"])
@pytest.mark.parametrize("interface", [everything(), flat_graphs()], ids=["everything", "graphs"])
def test_hint_terms_are_means_over_live_frames(interface, soft, prologue):
    network = Network(small_config(interface, prologue=prologue))
    trace = random_trace(interface)
    terms = losses(network, trace, soft)
    first = {name: value[0] for name, value in trace.values.items()}
    run = rollout(network, trace.batch, RolloutOptions(first=first, lengths=LENGTHS, logits=True, soft=soft))
    earliest = 0 if prologue else 1
    live = [(t, b) for b, length in enumerate(LENGTHS.tolist()) for t in range(earliest, length)]
    for port in interface.hints:
        expected = mean_loss(port, run.logits[port.name], trace.values[port.name], live)
        assert terms[f"hint {port.name}"].item() == pytest.approx(expected, rel=1e-4), port.name


def test_outputs_are_judged_at_the_last_frame():
    network = Network(small_config(flat_graphs()))
    trace = random_trace(network.config.interface)
    first = {name: value[0] for name, value in trace.values.items()}
    parts = []
    for row, (size, length) in enumerate(zip(SIZES, LENGTHS.tolist(), strict=True)):
        hints, hidden = hint_features(network.config, first, trace.batch.nodes), None
        for _ in range(max(1, length - 1)):
            encoded = network.encode(trace.batch, hints)
            before = network.start(encoded) if hidden is None else hidden
            hidden, _ = network.step(encoded, before)
            logits = network.decode(encoded, before, hidden)
            hints = {
                port.name: port.kind.soften(logits[f"hint_{port.name}"], trace.batch.nodes)
                for port in network.config.interface.hints
            }
        chances = logits["output_pi"][row, :size, :size].log_softmax(-1)
        parts.extend(-chances[node, trace.outputs["pi"][row, node]] for node in range(size))
    expected = torch.stack(parts).mean().item()
    assert losses(network, trace)["output pi"].item() == pytest.approx(expected, rel=1e-5)


def test_forced_frames_read_the_truth():
    network = Network(small_config(flat_graphs()))
    trace = random_trace(network.config.interface)
    forced = torch.ones(4, len(SIZES), dtype=torch.bool)
    run = rollout(network, trace.batch, RolloutOptions(force=trace.values, lengths=LENGTHS, logits=True))
    live = [(t, b) for b, length in enumerate(LENGTHS.tolist()) for t in range(1, length)]
    terms = losses(network, trace, True, forced)
    for port in network.config.interface.hints:
        expected = mean_loss(port, run.logits[port.name], trace.values[port.name], live)
        assert terms[f"hint {port.name}"].item() == pytest.approx(expected, rel=1e-5)
    free = losses(network, trace)
    assert free["hint d"].item() != pytest.approx(terms["hint d"].item())
    mixed = losses(network, trace, True, forced & (torch.arange(4) == 0))
    assert mixed["hint d"].item() not in (free["hint d"].item(), terms["hint d"].item())


def test_hard_feedback_passes_no_gradient():
    network = Network(small_config(flat_graphs(), layer_norm=False))
    trace = random_trace(network.config.interface)
    only_last = {name: term for name, term in losses(network, trace, False).items() if name == "output pi"}
    only_last["output pi"].backward()
    assert network.readouts["hint_d"].linear.weight.grad is None
    losses(network, trace, True)["output pi"].backward()
    assert network.readouts["hint_d"].linear.weight.grad.abs().sum() > 0


def test_places_that_are_not_defined_are_not_learnt():
    """What stands at them does not matter; the mean is over the others."""
    network = Network(small_config(flat_graphs()))
    interface = network.config.interface
    trace = random_trace(interface)
    port = next(p for p in interface.hints if p.location is Location.NODE)
    (output,) = interface.outputs
    mask = torch.zeros(len(SIZES), max(SIZES), dtype=torch.bool)
    mask[:, 0] = True
    defined = {port.name: mask, output.name: mask}
    terms = losses(network, dataclasses.replace(trace, defined=defined))
    first = {name: value[0] for name, value in trace.values.items()}
    options = RolloutOptions(first=first, defined=defined, lengths=LENGTHS, logits=True, soft=True)
    run = rollout(network, trace.batch, options)
    parts = [
        port.kind.loss(run.logits[port.name][t], trace.values[port.name][t], real_nodes(SIZES))[b, 0]
        for b, length in enumerate(LENGTHS.tolist())
        for t in range(1, length)
    ]
    assert terms[f"hint {port.name}"].item() == pytest.approx(torch.stack(parts).mean().item(), rel=1e-4)
    truth = trace.outputs[output.name].clone()
    truth[:, 1:] = 0
    again = losses(network, dataclasses.replace(trace, outputs={output.name: truth}, defined=defined))
    assert again[f"output {output.name}"].item() == terms[f"output {output.name}"].item()
    nothing = losses(network, dataclasses.replace(trace, defined={output.name: mask & False}))
    assert nothing[f"output {output.name}"].item() == 0.0


def test_a_perfect_run_of_a_real_program_has_small_terms():
    terms = losses(fresh().network, source(0))
    assert set(terms) == {"hint reach_h", "hint pi_h", "output pi"}
    assert all(torch.isfinite(term) and term > 0 for term in terms.values())


def test_halting_is_judged_up_to_the_step_after_the_last_frame():
    """Of n frames the network makes n steps: it shall go on at all but the last."""
    network = Network(small_config(flat_graphs(), prologue=(RoundConfig(mid=4, width=8),), halting=True))
    trace = random_trace(network.config.interface)
    forced = torch.ones(4, len(SIZES), dtype=torch.bool)
    hidden, given, parts = None, dict(trace.values), []
    for index in range(1, int(LENGTHS.max()) + 1):
        values = {name: value[min(index, 4) - 1] for name, value in given.items()}
        encoded = network.encode(trace.batch, hint_features(network.config, values, trace.batch.nodes))
        before = network.start(network.encode(trace.batch)) if hidden is None else hidden
        hidden, _ = network.step(encoded, before)
        chance = network.decode(encoded, before, hidden, ["halt"])["halt"][:, 0].sigmoid()
        for row, length in enumerate(LENGTHS.tolist()):
            if index <= length:
                parts.append(-(chance[row] if index == length else 1 - chance[row]).log())
    terms = losses(network, trace, True, forced)
    assert len(parts) == int(LENGTHS.sum())
    assert terms["halt"].item() == pytest.approx(torch.stack(parts).mean().item(), rel=1e-4)
    plain = Network(small_config(flat_graphs(), prologue=(RoundConfig(mid=4, width=8),)))
    plain.load_state_dict({n: v for n, v in network.state_dict().items() if ".halt." not in n})
    others = losses(plain, trace, True, forced)
    assert set(terms) - set(others) == {"halt"}
    for name, value in others.items():
        assert terms[name].item() == pytest.approx(value.item(), rel=1e-5)


def test_without_hints_only_outputs_count():
    network = Network(small_config(flat_graphs()))
    trace = random_trace(network.config.interface)
    terms, usual = losses(network, trace, aims=Aims(hints=False)), losses(network, trace)
    assert set(terms) == {"output pi"} and terms["output pi"].item() == usual["output pi"].item()
