"""The network against its equations, and what must not change its results."""

from __future__ import annotations

import pytest
import torch

from mechgap.errors import GraphError, MechgapError
from mechgap.lang.location import Location
from mechgap.nets import mpnn, pairs, triples
from mechgap.nets.config import NetworkConfig, clrs_config
from mechgap.nets.hidden import Hidden
from mechgap.nets.network import Network
from mechgap.nets.shapes import RoundConfig, TransformerConfig
from mechgap.semantics.batch import Batch
from nets.cases import (
    MPNN,
    MPNN_LINKED,
    MPNN_PAIRS,
    MPNN_THIRDS,
    MPNN_TRIPLES,
    PAIRS,
    SIZES,
    TRANSFORMER,
    TRANSFORMER_PAIRS,
    cut,
    everything,
    flat_graphs,
    made,
    small_config,
)
from nets.literal import Graph, after_round, edge_codes, pointer_logits


def scaled(hidden, factor):
    return Hidden(hidden.nodes * factor, hidden.pairs * factor)


def changed_by(hidden, change):
    return Hidden(change(hidden.nodes), change(hidden.pairs))


KEPT = {
    "nodes only": {},
    "pairs": PAIRS,
    "transformer": TRANSFORMER,
    "transformer with pairs": TRANSFORMER_PAIRS,
    "mpnn": MPNN,
    "linked mpnn": MPNN_LINKED,
    "mpnn with pairs": MPNN_PAIRS,
    "mpnn with pairs at pointers": {**MPNN_PAIRS, "pointer_pairs": True},
    "mpnn with triples": MPNN_TRIPLES,
    "mpnn with triples only": MPNN_THIRDS,
}
by_kept = pytest.mark.parametrize("kept", KEPT.values(), ids=KEPT)


@by_kept
def test_a_step_is_what_its_equations_say(kept):
    network, batch, hints, hidden = made(small_config(flat_graphs(), **kept))
    encoded = network.encode(batch, hints)
    after, attention = network.step(encoded, hidden, record=True)
    for row, size in enumerate(SIZES):
        h, p = hidden.nodes[row, :size], hidden.pairs[row, :size, :size]
        e = edge_codes(network, encoded.edges[row, :size, :size])
        for index, layer in enumerate(network.rounds):
            allowed = encoded.attended[layer.shape.attend][row, :size, :size]
            graph = Graph(e, p, encoded.graph[row], allowed)
            h, p, expected = after_round(layer, encoded.x[row, :size], h, graph)
            assert torch.allclose(attention[index][row, :, :size, :size], expected)
            assert attention[index][row, :, :size, size:].abs().sum() == 0
        assert torch.allclose(after.nodes[row, :size], h)
        assert torch.allclose(after.pairs[row, :size, :size], p)
        assert after.nodes[row, size:].abs().sum() == 0
        assert after.pairs[row, size:].abs().sum() == after.pairs[row, :, size:].abs().sum() == 0


@by_kept
def test_pointers_are_decoded_as_the_equations_say(kept):
    network, batch, hints, hidden = made(small_config(flat_graphs(), **kept))
    encoded = network.encode(batch, hints)
    logits = network.decode(encoded, hidden, scaled(hidden, 2))
    for row, size in enumerate(SIZES):
        r = torch.cat([encoded.x, hidden.nodes, hidden.nodes * 2], -1)[row, :size]
        e = edge_codes(network, encoded.edges[row, :size, :size])
        for key in ("hint_pi_h", "output_pi"):
            expected = pointer_logits(network.readouts[key], r, e, 2 * hidden.pairs[row])
            assert torch.allclose(logits[key][row, :size, :size], expected)


@by_kept
def test_values_of_pairs_and_of_graphs_are_decoded_as_the_equations_say(kept):
    network, batch, hints, hidden = made(small_config(everything(), **kept), sizes=[3])
    encoded = network.encode(batch, hints)
    logits = network.decode(encoded, hidden, scaled(hidden, 2))
    r = torch.cat([encoded.x, hidden.nodes, hidden.nodes * 2], -1)[0]
    e = edge_codes(network, encoded.edges[0])
    pair, cube = (
        network.readouts["output_out_edge_scalar"],
        network.readouts["output_out_edge_pointer"],
    )
    whole = network.readouts["output_out_graph_categorical"]
    for i in range(3):
        for j in range(3):
            own = 0 if pair.pair is None else pair.pair(2 * hidden.pairs[0, i, j])
            expected = pair.first(r[i]) + pair.second(r[j]) + pair.edge(e[i, j]) + own
            assert torch.allclose(logits["output_out_edge_scalar"][0, i, j], expected)
            for k in range(3):
                own = 0 if cube.pair is None else cube.pair(2 * hidden.pairs[0, i, j])
                ends = cube.first(r[i]) + cube.second(r[j]) + cube.edge(e[i, j]) + own
                expected = cube.final(torch.maximum(ends, cube.candidate(r[k])))[0]
                assert torch.allclose(logits["output_out_edge_pointer"][0, i, j, k], expected)
    expected = whole.nodes(r.amax(0)) + whole.graph(encoded.graph[0])
    assert torch.allclose(logits["output_out_graph_categorical"][0], expected)


@pytest.mark.parametrize("interface", [everything(), flat_graphs()], ids=["everything", "graphs"])
@pytest.mark.parametrize("norm", [False, True], ids=["plain", "norm"])
@by_kept
def test_a_graph_in_a_padded_batch_gets_what_it_gets_alone(interface, norm, kept):
    config = small_config(interface, layer_norm=norm, node_index=True, halting=True, **kept)
    network, batch, hints, hidden = made(config)
    encoded = network.encode(batch, hints)
    after, _ = network.step(encoded, hidden)
    logits = network.decode(encoded, hidden, after)
    for row, size in enumerate(SIZES):

        def alone(value, row=row, size=size):
            return cut(value, row, size, batch.width)

        single = Batch({name: alone(value) for name, value in batch.values.items()}, alone(batch.nodes))
        lone = network.encode(single, {name: alone(value) for name, value in hints.items()})
        hidden_alone = changed_by(hidden, alone)
        made_alone, _ = network.step(lone, hidden_alone)
        assert torch.allclose(alone(after.nodes), made_alone.nodes)
        assert torch.allclose(alone(after.pairs), made_alone.pairs)
        for key, value in network.decode(lone, hidden_alone, made_alone).items():
            assert torch.allclose(alone(logits[key]), value), key


@by_kept
def test_renumbered_nodes_get_renumbered_results(kept):
    kept = {**kept, "index_square": False}  # numbers of nodes are no property of a graph
    network, batch, hints, hidden = made(small_config(flat_graphs(), **kept), sizes=[6])
    order = torch.randperm(6, generator=torch.Generator().manual_seed(3))

    def renumber(value, pairs):
        value = value[:, order] if value.dim() > 1 and value.shape[1] == 6 else value
        return value[:, :, order] if pairs else value

    other = Batch({n: renumber(v, n in ("A", "adj")) for n, v in batch.values.items()}, batch.nodes)
    turned = {name: renumber(v, name == "pi_h") for name, v in hints.items()}
    encoded, changed = network.encode(batch, hints), network.encode(other, turned)
    after, attention = network.step(encoded, hidden, record=True)
    start = Hidden(hidden.nodes[:, order], hidden.pairs[:, order][:, :, order])
    moved, turned_attention = network.step(changed, start, record=True)
    assert torch.allclose(after.nodes[:, order], moved.nodes)
    assert torch.allclose(after.pairs[:, order][:, :, order], moved.pairs)
    assert torch.allclose(attention[0][:, :, order][..., order], turned_attention[0])
    logits = network.decode(encoded, hidden, after)["output_pi"]
    turned_logits = network.decode(changed, start, moved)["output_pi"]
    assert torch.allclose(logits[:, order][..., order], turned_logits)


@by_kept
def test_results_do_not_depend_on_the_size_of_blocks(monkeypatch, kept):
    network, batch, hints, hidden = made(small_config(everything(), **kept))
    encoded = network.encode(batch, hints)
    with torch.no_grad():
        whole = network.decode(encoded, hidden, network.step(encoded, hidden)[0])
        monkeypatch.setattr(pairs, "LIMIT", 1)
        monkeypatch.setattr(mpnn, "CELLS", 1)
        monkeypatch.setattr(triples, "BLOCK", 1)
        parts = network.decode(encoded, hidden, network.step(encoded, hidden)[0])
    assert all(torch.allclose(whole[key], parts[key]) for key in whole)


def test_it_has_the_weights_of_the_clrs_network():
    """dm-clrs 2.0.3 counts 397,316 for BFS: it has a bias in every encoder and attention map."""
    node, edge = Location.NODE, Location.EDGE
    from mechgap.kinds.mask import Mask, MaskOne
    from mechgap.kinds.pointer import Pointer
    from mechgap.kinds.scalar import Scalar
    from mechgap.lang.program import Interface, Port

    interface = Interface(
        (
            Port("pos", node, Scalar()),
            Port("s", node, MaskOne()),
            Port("A", edge, Scalar()),
            Port("adj", edge, Mask()),
        ),
        (Port("reach_h", node, Mask()), Port("pi_h", node, Pointer())),
        (Port("pi", node, Pointer()),),
    )
    network = Network(clrs_config(interface))
    redundant = 2 * 128 + 2 * 128 + 3 * 128 + 1
    assert sum(weight.numel() for weight in network.parameters()) == 397_316 - redundant


def test_its_weights_have_the_names_that_a_compiler_fills():
    network = Network(small_config(flat_graphs(), prologue=(RoundConfig(mid=2, width=8),), halting=True))
    names = {name for name, _ in network.named_parameters()}
    first = {"sender.weight", "receiver.weight", "receiver.bias", "edge.weight", "graph.weight", "attend"}
    first |= {"value.weight", "value.bias", "edge_value.weight", "skip.weight", "skip.bias"}
    first |= {f"mlp.{i}.{part}" for i in (0, 1) for part in ("weight", "bias")} | {"norm.weight", "norm.bias"}
    assert {name[9:] for name in names if name.startswith("rounds.0.")} == first
    assert {name[11:] for name in names if name.startswith("prologue.0.")} == {
        name for name in first if not name.startswith(("mlp", "edge_value"))
    }
    readouts = {name.split(".")[1] for name in names if name.startswith("readouts.")}
    assert readouts == {"hint_pi_h", "hint_d", "hint_busy", "output_pi", "halt"}
    assert {n.split(".")[0] for n in names} == {
        "node_encoder", "edge_encoder", "graph_encoder", "prologue", "rounds", "readouts"
    }  # fmt: skip


def test_a_transformer_has_queries_and_keys_instead():
    network, gatv2 = (Network(small_config(flat_graphs(), **kept)) for kept in (TRANSFORMER, {}))
    names, others = (
        {name[9:] for name, _ in found.named_parameters() if name.startswith("rounds.0.")}
        for found in (network, gatv2)
    )
    assert names - others == {"query.weight", "query.bias", "key.weight", "key.bias", "prior.weight"}
    assert others - names == {"sender.weight", "receiver.weight", "receiver.bias", "attend"}


def test_the_first_logits_of_a_transformer_do_not_grow_with_the_width_of_its_heads():
    """What dividing by the square root of that width is for; the first queries are smaller instead."""
    spreads = []
    for keys in (16, 256):
        rounds = (TransformerConfig(keys=keys, width=64),)
        config = small_config(flat_graphs(), features=64, hidden=64, rounds=rounds)
        network = Network(config)
        z = torch.randn(500, 128, generator=torch.Generator().manual_seed(0))
        layer = network.rounds[0]
        spreads.append((layer.query(z) * layer.key(z.flip(0))).sum(-1).std().item())
    assert 0.8 < spreads[0] / spreads[1] < 1.25
    assert 0.5 < spreads[0] < 2


def test_vectors_at_pairs_add_weights_of_their_own_and_change_no_others():
    plain, paired = Network(small_config(everything())), Network(small_config(everything(), **PAIRS))
    known, names = plain.state_dict(), set(paired.state_dict())
    added = names - set(known)
    assert not set(known) - names
    parts = {name.split(".")[2] for name in added}
    assert parts == {"pair", "pair_value", "pairs"}


def test_pointers_that_read_pairs_add_weights_of_their_own_and_are_named_in_files():
    plain, reading = (small_config(flat_graphs(), **PAIRS, pointer_pairs=on) for on in (False, True))
    known, names = (set(Network(config).state_dict()) for config in (plain, reading))
    assert names - known == {"readouts.hint_pi_h.pair.weight", "readouts.output_pi.pair.weight"}
    assert not known - names
    assert "pointer_pairs" not in plain.to_json() and reading.to_json()["pointer_pairs"] is True
    for config in (plain, reading):
        assert NetworkConfig.from_json(config.to_json()) == config


def test_a_last_layer_at_pairs_has_the_width_of_what_is_kept():
    with pytest.raises(MechgapError, match="pairs"):
        small_config(everything(), pairs=3, rounds=(RoundConfig(mid=4, width=8, pairs=(4,)),))


def test_huge_numbers_and_masks_make_no_nan():
    network, batch, hints, hidden = made(small_config(flat_graphs(), layer_norm=False), dtype=torch.float32)
    with torch.no_grad():
        network.rounds[0].attend.fill_(-(2.0**60))
        network.rounds[0].sender.weight.fill_(2.0**20)
        after, attention = network.step(network.encode(batch, hints), scaled(hidden, 2.0**20), record=True)
    assert torch.isfinite(after.nodes).all() and torch.isfinite(attention[0]).all()


def test_seeds_settle_the_first_weights():
    config = small_config(flat_graphs())
    one, same, other = (Network(config, seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["rounds.0.value.weight"], other["rounds.0.value.weight"])
    assert all(torch.isfinite(weight).all() for weight in one.values())


@by_kept
def test_gradients_reach_every_weight(kept):
    network, batch, hints, hidden = made(small_config(everything(), halting=True, **kept))
    encoded = network.encode(batch, hints)
    after = network.step(encoded, network.step(encoded, hidden)[0])[0]
    logits = network.decode(encoded, hidden, after)
    sum(value[value.isfinite()].square().sum() for value in logits.values()).backward()
    missing = [name for name, weight in network.named_parameters() if weight.grad is None]
    assert not missing


def test_parts_without_features_add_nothing():
    from mechgap.kinds.scalar import Scalar
    from mechgap.lang.program import Interface, Port

    interface = Interface((Port("k", Location.GRAPH, Scalar()),), (), (Port("y", Location.NODE, Scalar()),))
    config = small_config(interface, encode_hints=False, edge_features=0, graph_features=2)
    network, batch, _, hidden = made(config)
    assert network.node_encoder is None and network.edge_encoder is None
    encoded = network.encode(batch)
    assert encoded.x.abs().sum() == 0
    assert torch.isfinite(network.step(encoded, hidden)[0].nodes).all()


def test_a_missing_input_is_named():
    network, batch, hints, _ = made(small_config(flat_graphs()))
    values = {name: value for name, value in batch.values.items() if name != "A"}
    with pytest.raises(GraphError, match="input A of a network"):
        network.encode(Batch(values, batch.nodes), hints)
