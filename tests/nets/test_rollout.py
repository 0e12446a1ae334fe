"""Rollouts: how long they run, what they record, what they read."""

from __future__ import annotations

import pytest
import torch

from mechgap.errors import GraphError, RangeError
from mechgap.nets.features import hint_features
from mechgap.nets.network import Network
from mechgap.nets.rollout import RolloutOptions, rollout
from mechgap.nets.shapes import RoundConfig
from mechgap.semantics.batch import Batch
from nets.cases import counting_network, flat_graphs, random_batch, real_nodes, small_config


def goals(*numbers, sizes=None):
    return Batch({"goal": torch.tensor(numbers)}, real_nodes(sizes or [2] * len(numbers)))


def test_a_halting_network_stops_each_run_in_its_own_frame():
    trace = rollout(counting_network(), goals(3.0, 0.0, 1.0, sizes=[2, 1, 2]), RolloutOptions())
    assert trace.lengths.tolist() == [4, 1, 2]
    assert trace.values["count"][:, :, 0].T.tolist() == [[0, 1, 2, 3], [0, 0, 0, 0], [0, 1, 1, 1]]
    assert trace.outputs["total"][:, 0].tolist() == [3, 0, 1]


def test_lengths_overrule_the_halt_readout():
    trace = rollout(counting_network(), goals(0.0, 9.0), RolloutOptions(lengths=torch.tensor([3, 2])))
    assert trace.values["count"][:, :, 0].T.tolist() == [[0, 1, 2], [0, 1, 1]]
    assert trace.outputs["total"][:, 0].tolist() == [2, 1]


def test_everything_that_is_asked_for_is_recorded():
    options = RolloutOptions(hidden=True, attention=True, logits=True)
    trace = rollout(counting_network(), goals(2.0, 1.0), options)
    assert trace.hidden.shape == (3, 2, 2, 1)
    assert trace.hidden[:, :, 0, 0].T.tolist() == [[0, 1, 2], [0, 1, 1]]
    assert len(trace.attention) == 1 and trace.attention[0].shape == (2, 2, 1, 2, 2)
    assert torch.equal(trace.logits["count"][..., 0], trace.values["count"])
    plain = rollout(counting_network(), goals(2.0), RolloutOptions())
    assert plain.hidden is None and plain.attention == () and plain.logits == {}


def test_a_run_of_one_frame_has_no_attention():
    trace = rollout(counting_network(), goals(0.0), RolloutOptions(attention=True))
    assert trace.attention[0].shape == (0, 1, 1, 2, 2)


def test_a_network_that_does_not_halt_is_stopped():
    with pytest.raises(RangeError, match="1 of 2 runs that have not halted after 5 frames"):
        rollout(counting_network(), goals(2.0, 8.0), RolloutOptions(max_frames=5))
    assert rollout(counting_network(), goals(4.0), RolloutOptions(max_frames=5)).frames == 5


def test_lengths_are_needed_without_a_halt_readout():
    with pytest.raises(GraphError, match="no lengths"):
        rollout(counting_network(halting=False), goals(2.0), RolloutOptions())


def test_interventions_change_the_frame_and_what_follows():
    def double(t, hidden):
        return hidden * 2 + 1 if t == 1 else hidden

    options = RolloutOptions(lengths=torch.tensor([4]), intervene=double)
    trace = rollout(counting_network(), goals(9.0), options)
    assert trace.values["count"][:, 0, 0].tolist() == [0, 3, 4, 5]
    assert trace.outputs["total"][0, 0] == 5
    halted = rollout(counting_network(), goals(4.0), RolloutOptions(intervene=double))
    assert halted.values["count"][:, 0, 0].tolist() == [0, 3, 4]


def test_an_intervention_in_a_frame_that_is_discarded_does_not_matter():
    seen = []

    def watch(t, hidden):
        seen.append(t)
        return hidden + 100 if t == 3 else hidden

    trace = rollout(counting_network(), goals(2.0), RolloutOptions(intervene=watch))
    assert trace.lengths.tolist() == [3] and seen == [0, 1, 2, 3]
    assert trace.values["count"][:, 0, 0].tolist() == [0, 1, 2]


def reading_network(**changes):
    """A network without a prologue that reads its hints, a batch, and true hints of five frames."""
    config = small_config(flat_graphs(), layer_norm=False, **changes)
    network = Network(config)
    batch, _ = random_batch(config.interface, [4, 2])
    frames = [random_batch(config.interface, [4, 2], seed)[1] for seed in range(5)]
    return network, batch, {name: torch.stack([f[name] for f in frames]) for name in frames[0]}


def test_a_network_without_a_prologue_is_given_its_first_frame():
    network, batch, truth = reading_network()
    first = {name: value[0] for name, value in truth.items()}
    options = RolloutOptions(first=first, lengths=torch.tensor([3, 1]), hidden=True, logits=True)
    trace = rollout(network, batch, options)
    assert trace.frames == 3
    for name, value in first.items():
        assert torch.equal(trace.values[name][0], value)
        assert torch.equal(trace.values[name][2, 1], value[1])
        assert trace.logits[name][0].isnan().all() and trace.logits[name][1:, 0].isfinite().all()
    assert trace.hidden[0].abs().sum() == 0 and trace.hidden[1, 0].abs().sum() > 0
    with pytest.raises(GraphError, match="no first values of pi_h, d, busy"):
        rollout(network, batch, RolloutOptions(lengths=torch.tensor([3, 1])))


def test_a_run_of_one_frame_takes_its_outputs_from_one_step():
    network, batch, truth = reading_network()
    first = {name: value[0] for name, value in truth.items()}
    one = rollout(network, batch, RolloutOptions(first=first, lengths=torch.tensor([1, 1])))
    two = rollout(network, batch, RolloutOptions(first=first, lengths=torch.tensor([2, 2])))
    assert one.frames == 1 and torch.equal(one.outputs["pi"], two.outputs["pi"])


@pytest.mark.parametrize("soft", [True, False])
def test_own_hints_are_fed_back(soft):
    network, batch, truth = reading_network()
    first = {name: value[0] for name, value in truth.items()}
    options = RolloutOptions(first=first, lengths=torch.tensor([3, 3]), hidden=True, logits=True, soft=soft)
    trace = rollout(network, batch, options)
    with torch.no_grad():
        encoded = network.encode(batch, hint_features(network.config, first, batch.nodes))
        after, _ = network.step(encoded, network.start(encoded))
        fed = {
            port.name: port.kind.soften(trace.logits[port.name][1], batch.nodes)
            if soft
            else port.kind.features(trace.values[port.name][1], batch.nodes)
            for port in network.config.interface.hints
        }
        encoded = network.encode(batch, fed)
        last, _ = network.step(encoded, after)
        logits = network.decode(encoded, after, last)
    assert torch.allclose(trace.hidden[2], last.nodes)
    assert torch.allclose(trace.logits["pi_h"][2], logits["hint_pi_h"])


def test_forced_hints_are_read_in_place_of_own_ones():
    network, batch, truth = reading_network()
    options = RolloutOptions(force=truth, lengths=torch.tensor([4, 4]), hidden=True)
    trace = rollout(network, batch, options)
    with torch.no_grad():
        hidden = network.start(network.encode(batch))
        for t in range(3):
            frame = {name: value[t] for name, value in truth.items()}
            encoded = network.encode(batch, hint_features(network.config, frame, batch.nodes))
            hidden, _ = network.step(encoded, hidden)
            assert torch.allclose(trace.hidden[t + 1], hidden.nodes)


def test_a_prologue_makes_the_first_frame():
    network, batch, _ = reading_network(prologue=(RoundConfig(mid=4, width=8),))
    trace = rollout(network, batch, RolloutOptions(lengths=torch.tensor([2, 1]), hidden=True, logits=True))
    with torch.no_grad():
        encoded = network.encode(batch)
        hidden = network.start(encoded)
        logits = network.decode(encoded, hidden, hidden)
    assert hidden.nodes.abs().sum() > 0 and torch.equal(trace.hidden[0], hidden.nodes)
    assert torch.equal(trace.logits["d"][0], logits["hint_d"])
    assert torch.equal(trace.outputs["pi"][1, :2], logits["output_pi"][1, :2, :2].argmax(-1))


def test_rollouts_leave_no_gradients():
    network, batch, truth = reading_network()
    options = RolloutOptions(force=truth, lengths=torch.tensor([2, 2]), hidden=True, logits=True)
    trace = rollout(network, batch, options)
    assert not trace.hidden.requires_grad and not trace.logits["d"].requires_grad
