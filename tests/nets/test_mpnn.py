"""Rounds of an MPNN: their weights, and that nothing depends on how triples are computed."""

from __future__ import annotations

import pytest
import torch

from mechgap.errors import MechgapError
from mechgap.nets import initial, mpnn, triples
from mechgap.nets.initial import acts, compact, linear
from mechgap.nets.network import Network
from mechgap.nets.shapes import MPNNConfig
from nets.cases import (
    MPNN,
    MPNN_LINKED,
    MPNN_PAIRS,
    MPNN_THIRDS,
    MPNN_TRIPLES,
    flat_graphs,
    made,
    small_config,
)
from nets.literal import Graph, edge_codes, thirds_of

ALL = {
    "plain": MPNN,
    "linked": MPNN_LINKED,
    "pairs": MPNN_PAIRS,
    "triples": MPNN_TRIPLES,
    "triples only": MPNN_THIRDS,
}
WIDE = {
    "pairs": 3,
    "rounds": (MPNNConfig(width=8, received=4, pairs=(4,), triples=(20, 18), thirds=17),),
}
"""Triple layers whose matrices are large enough to be compressed."""


def names(network, part):
    return {name.removeprefix(f"{part}.") for name, _ in network.named_parameters() if name.startswith(part)}


def with_bias(*layers):
    return {f"{layer}.{part}" for layer in layers for part in ("weight", "bias")}


def test_its_weights_have_the_names_that_a_compiler_fills():
    network = Network(small_config(flat_graphs(), **MPNN_TRIPLES))
    units = {f"pairs.0.{part}.weight" for part in ("edge", "pair", "sender", "receiver")}
    expected = units | {"pairs.0.receiver.bias", "graph.weight", "received.weight"}
    expected |= with_bias("message", "skip", "norm")
    layer = {f"{part}.{leg}.weight" for part in ("edges", "pairs", "here") for leg in range(3)}
    expected |= {f"thirds.layers.0.{name}" for name in layer | {"here.2.bias"}}
    assert names(network, "rounds.1") == expected
    hidden = {f"thirds.layers.{k}.before.weight" for k in (1, 2)}
    assert names(network, "rounds.0") & {"thirds.layers.0.before.weight", *hidden} == hidden


def test_linked_layers_read_the_layer_before_only():
    network = Network(small_config(flat_graphs(), **MPNN_LINKED))
    found = {name for name in names(network, "rounds.0") if name.startswith("pairs")}
    first = {f"pairs.0.{part}.weight" for part in ("edge", "pair", "sender", "receiver")}
    assert found == first | {"pairs.0.receiver.bias"} | with_bias("pairs.1", "pairs.2")
    assert network.rounds[0].pairs[0].pair.weight.shape == (6, 0)


def test_a_round_without_messages_updates_nodes_only():
    network = Network(small_config(flat_graphs(), **MPNN))
    assert names(network, "rounds.1") == with_bias("skip", "norm")
    with pytest.raises(MechgapError, match="received=8"):
        MPNNConfig(width=8, received=8)
    with pytest.raises(MechgapError, match="pairs"):
        small_config(flat_graphs(), pairs=3, rounds=(MPNNConfig(width=8, pairs=(2,)),))


def test_a_node_hears_those_that_it_attends_and_the_largest_of_them():
    rounds = (MPNNConfig(width=8, mlp=(8,), received=3, pairs=(4,)),)
    network, batch, hints, hidden = made(small_config(flat_graphs(), rounds=rounds), sizes=[6])
    encoded = network.encode(batch, hints)
    heard = encoded.attended["neighbours"]
    before = network.step(encoded, hidden)[0].nodes[0]
    for sender in range(6):
        nodes = hidden.nodes.clone()
        nodes[0, sender] += 100.0
        changed = network.step(encoded, type(hidden)(nodes, hidden.pairs))[0].nodes[0]
        differs = (before != changed).any(1)
        assert not (differs & ~heard[0, :, sender]).any()
    assert not heard.all()


@pytest.mark.parametrize("kept", ALL.values(), ids=ALL)
def test_nothing_depends_on_gradients(kept):
    network, batch, hints, hidden = made(small_config(flat_graphs(), **kept))
    encoded = network.encode(batch, hints)
    one = network.step(encoded, hidden)[0]
    with torch.no_grad():
        two = network.step(network.encode(batch, hints), hidden)[0]
    assert torch.allclose(one.nodes, two.nodes) and torch.allclose(one.pairs, two.pairs)


@pytest.mark.parametrize("kept", ALL.values(), ids=ALL)
def test_graphs_that_are_done_in_shares_get_the_same(monkeypatch, kept):
    network, batch, hints, hidden = made(small_config(flat_graphs(), **kept))
    encoded = network.encode(batch, hints)
    whole = network.step(encoded, hidden)[0]
    for cells in (1, 25 * 8, 2 * 25 * 8):
        monkeypatch.setattr(mpnn, "CELLS", cells)
        parts = network.step(encoded, hidden)[0]
        assert torch.allclose(whole.nodes, parts.nodes) and torch.allclose(whole.pairs, parts.pairs)


def read_triples(sparse, sizes=(5, 1, 3), seed=0):
    """A network with wide layers at triples, mostly of zeros if asked for, and what such a layer reads."""
    network, batch, hints, hidden = made(small_config(flat_graphs(), **WIDE), sizes=sizes, seed=seed)
    layer = network.rounds[0].thirds
    if sparse:
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for part in layer.layers:
                if part.before is not None:
                    kept = torch.rand(part.before.weight.shape, generator=generator) < 0.1
                    part.before.weight.mul_(kept)
                for empty in (part.edges[0], part.pairs[1], part.here[0], part.here[1], part.edges[2]):
                    empty.weight.zero_()
            for empty in (layer.layers[1].pairs[0], layer.layers[1].edges[1], layer.layers[2].pairs[0]):
                empty.weight.zero_()
    encoded = network.encode(batch, hints)
    z = torch.cat([encoded.x, hidden.nodes], -1)
    return network, layer, (encoded, z, hidden.pairs)


@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
def test_triples_are_what_their_equations_say_with_gradients_and_without(sparse):
    network, layer, given = read_triples(sparse)
    encoded, z, kept = given
    with torch.no_grad():
        free = layer(*given)
    recorded = layer(*given)
    assert recorded.requires_grad and not free.requires_grad
    assert torch.allclose(recorded, free)
    for row, size in enumerate((5, 1, 3)):
        e = edge_codes(network, encoded.edges[row, :size, :size])
        everyone = torch.ones(size, size, dtype=torch.bool)
        graph = Graph(e, kept[row, :size, :size], encoded.graph[row], everyone)
        assert torch.allclose(free[row, :size, :size], thirds_of(layer, z[row, :size], graph))
        assert free[row, size:].abs().sum() == free[row, :, size:].abs().sum() == 0


@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
@pytest.mark.parametrize("size", [1, 2, 6, 7])
def test_triples_do_not_depend_on_the_size_of_blocks(monkeypatch, sparse, size):
    _, layer, given = read_triples(sparse, sizes=(size, size - size // 2))
    whole = layer(*given)
    for block in (1, 6, 7, 13, 14, 35, 36, 48, 49, 50, 98, 343):
        monkeypatch.setattr(triples, "BLOCK", block)
        assert torch.allclose(layer(*given), whole)
        with torch.no_grad():
            assert torch.allclose(layer(*given), whole)


@pytest.mark.parametrize("size", [20, 21, 90, 91])
def test_triples_of_graphs_around_a_block_are_those_of_other_blocks(monkeypatch, size):
    """20^3 is below a block of 2^13 and 21^3 above; 90^2 is below and 91^2 above."""
    assert 20**3 < triples.BLOCK < 21**3 and 90**2 < triples.BLOCK < 91**2
    _, layer, given = read_triples(True, sizes=(size,))
    with torch.no_grad():
        usual = layer(*given)
        monkeypatch.setattr(triples, "BLOCK", 3 * size**2 // 2)
        assert torch.allclose(layer(*given), usual)


def drawn(rows, columns, share, seed=0):
    """A matrix of which a share of the entries is not zero."""
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(rows, columns, generator=generator)
    return weight * (torch.rand(rows, columns, generator=generator) < share)


@pytest.mark.parametrize("share", [0.0, 0.05, 0.2, 0.3, 1.0])
@pytest.mark.parametrize(
    "shape", [(initial.SMALL - 1, 40), (40, initial.SMALL - 1), (initial.SMALL, initial.SMALL), (40, 33)]
)
def test_compressed_matrices_multiply_as_before(share, shape):
    weight = drawn(*shape, share)
    columns = drawn(shape[1], 50, 1.0, seed=1)
    assert compact(weight) is weight
    with torch.no_grad():
        found = compact(weight)
        few = weight.count_nonzero() <= initial.FULL * weight.numel()
        assert (found.layout == torch.sparse_csr) == bool(min(shape) >= initial.SMALL and few)
        torch.testing.assert_close(found @ columns, weight @ columns)


def test_whole_numbers_are_multiplied_exactly_by_compressed_matrices():
    weight, columns = (drawn(40, 40, 0.2).mul(8).round(), drawn(40, 50, 1.0, seed=1).mul(2**12).round())
    with torch.no_grad():
        assert torch.equal(compact(weight) @ columns, weight @ columns)


def test_a_part_of_zeros_adds_nothing_but_has_a_gradient():
    layer = linear(3, 4, bias=False)
    with torch.no_grad():
        layer.weight.zero_()
        assert not acts(layer)
    assert acts(layer)
    with torch.no_grad():
        layer.weight[1, 2] = -1.0
        assert acts(layer)


def test_parts_of_zeros_of_triples_get_gradients():
    _, layer, given = read_triples(True)
    layer(*given).square().sum().backward()
    missing = [name for name, weight in layer.named_parameters() if weight.grad is None]
    assert not missing
    assert layer.layers[2].edges[0].weight.grad.abs().sum() > 0
