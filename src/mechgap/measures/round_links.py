"""The groups and links of one round, for each family of networks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from torch import nn

from ..errors import MechgapError
from ..nets.attention_round import AbstractAttentionRound
from ..nets.gatv2 import GATv2Round
from ..nets.mpnn import MPNNRound
from ..nets.pair_layer import PairLayer
from ..nets.shapes import ungated
from ..nets.transformer import TransformerRound
from ..nets.triples import Thirds, TripleLayer
from .links import Ends, Group, Link, Links, Matrix, Sum, array

Blocks = list[tuple[str | None, int]]
"""Groups that numbers side by side belong to, and how many do; None for what is zero."""


def attention_links(links: Links, name: str, module: AbstractAttentionRound, ends: Ends) -> None:
    """Add a round in which nodes attend others."""
    shape = module.shape
    update = f"{name}.update" if shape.mlp else ends.after
    links.group(update, shape.width, shape.heads, shape.mlp != () or not links.config.layer_norm)
    if isinstance(module, GATv2Round):
        _hidden_layer(links, name, module, ends, update)
    else:
        assert isinstance(module, TransformerRound)
        _dot_products(links, name, module, ends, update)
    bias = Sum.of(array(module.value.bias)) + links.nodes(
        f"{name}.value", module.value, update, (ends.before,)
    )
    bias = bias + _skipped(links, name, module.skip, update, ends)
    if module.edge_value is not None:
        bias = bias + links.edges(f"{name}.edge_value", module.edge_value, update)
    if module.pair_value is not None:
        links.paired(f"{name}.pair_value", module.pair_value, update, ends.pairs)
    links.bias(f"{name}.skip.bias", bias, update)
    _layers_after(links, name, module, ends, update)
    before = ends.pairs
    for k, layer in enumerate(module.pairs):
        assert isinstance(layer, PairLayer)
        last = k == len(module.pairs) - 1
        group = ends.made if last and ends.made else f"{name}.pairs.{k}"
        links.group(group, layer.receiver.out_features, 1)
        bias = _pair_layer(links, f"{name}.pairs.{k}", layer, group, ends.after)
        links.paired(f"{name}.pairs.{k}.pair", layer.pair, group, before)
        _attended(links, f"{name}.pairs.{k}", layer, group, before)
        links.bias(f"{name}.pairs.{k}.bias", bias, group)
        before = group


def message_links(links: Links, name: str, module: MPNNRound, ends: Ends) -> None:
    """Add a round of messages."""
    shape, kept = module.shape, links.config.pairs
    ungated(shape, "matching the units of networks")
    update = f"{name}.update" if shape.mlp else ends.after
    links.group(update, shape.width, 1, shape.mlp != () or not links.config.layer_norm)
    links.bias(f"{name}.skip.bias", _skipped(links, name, module.skip, update, ends), update)
    before: Blocks = [(ends.pairs, kept)]
    if module.thirds is not None:
        before.append((_triples(links, f"{name}.thirds", module.thirds, ends), shape.thirds))
    for k, layer in enumerate(module.pairs):
        layer_name = f"{name}.pairs.{k}"
        after: Blocks = [(layer_name, shape.pairs[k])]
        if k == len(module.pairs) - 1:
            # The first numbers of the last layer are the new vectors at pairs.
            parts = ((ends.made, kept), (layer_name, shape.pairs[k] - kept))
            after = [(group, size) for group, size in parts if size]
        start = len(links.found)
        bias = _message_layer(links, layer_name, layer, before, ends)
        if k == 0 and module.graph is not None:
            bias = bias + links.shared(f"{name}.graph", module.graph, layer_name)
        links.bias(f"{layer_name}.bias", bias, layer_name)
        links.found[start:] = [part for link in links.found[start:] for part in _rows(link, after)]
        for group, size in after:
            assert group is not None
            links.group(group, size, 1)
        before = after
    if module.message is not None and module.received is not None:
        received = f"{name}.received"
        links.group(received, shape.received, 1)
        _columns(links, f"{name}.message", array(module.message.weight), received, before)
        links.bias(f"{name}.message.bias", Sum.of(array(module.message.bias)), received)
        links.link(f"{name}.received", Sum.of(array(module.received.weight)), update, received)
    _layers_after(links, name, module, ends, update)


# ---- logits


def _hidden_layer(links: Links, name: str, module: GATv2Round, ends: Ends, update: str) -> None:
    group, start = f"{name}.attention", len(links.found)
    links.groups[group] = Group(module.attend.numel(), update, module.attend.shape[1])
    bias = Sum.of(array(module.receiver.bias))
    bias = bias + links.nodes(f"{name}.sender", module.sender, group, (ends.before,))
    bias = bias + links.edges(f"{name}.edge", module.edge, group)
    if module.pair is not None:
        links.paired(f"{name}.pair", module.pair, group, ends.pairs)
    varies = _read(links.found[start:])
    bias = bias + links.nodes(f"{name}.receiver", module.receiver, group, (ends.before,))
    bias = bias + links.shared(f"{name}.graph", module.graph, group)
    links.bias(f"{name}.receiver.bias", bias, group)
    links.link(f"{name}.attend", Sum.of(array(module.attend).reshape(1, -1)), None, group)
    _leave_out(links.found[start:], group, varies == 0)


def _dot_products(links: Links, name: str, module: TransformerRound, ends: Ends, update: str) -> None:
    """Queries, keys and priors; the constants of keys and priors shift the logits of a softmax only."""
    group, heads, start = f"{name}.attention", module.shape.heads, len(links.found)
    links.groups[group] = Group(heads * module.depth, update, module.depth)
    links.nodes(f"{name}.key", module.key, group, (ends.before,))
    links.edges(f"{name}.edge", module.edge, group)
    if module.pair is not None:
        links.paired(f"{name}.pair", module.pair, group, ends.pairs)
    varies, queries = _read(links.found[start:]), len(links.found)
    bias = Sum.of(array(module.query.bias))
    bias = bias + links.nodes(f"{name}.query", module.query, group, (ends.before,))
    bias = bias + links.shared(f"{name}.graph", module.graph, group)
    links.bias(f"{name}.query.bias", bias, group)
    links.found[queries:] = [replace(link, inverse=True) for link in links.found[queries:]]
    _leave_out(links.found[start:], group, varies == 0)
    links.groups[f"{name}.prior"] = Group(heads, update, 1, False)
    links.nodes(f"{name}.prior", module.prior, f"{name}.prior", (ends.before,))


def _read(found: list[Link]) -> Matrix:
    """How much each unit reads by some links."""
    return np.asarray(sum(np.abs(link.matrix).sum(1) for link in found))


def _leave_out(found: list[Link], group: str, alike: Matrix) -> None:
    """Leave out units that are the same for all senders: to shift all logits of a softmax does nothing."""
    for link in found:
        for matrix in (link.matrix, link.terms):
            if link.column == group:
                matrix[:, alike] = 0
            elif link.row == group:
                matrix[alike] = 0


# ---- layers at nodes


def _skipped(links: Links, name: str, layer: nn.Linear, update: str, ends: Ends) -> Sum:
    return Sum.of(array(layer.bias)) + links.nodes(f"{name}.skip", layer, update, (ends.before,))


def _layers_after(
    links: Links, name: str, module: AbstractAttentionRound | MPNNRound, ends: Ends, update: str
) -> None:
    """The layers after the update, and the layer normalisation."""
    previous = update
    for k, layer in enumerate(module.mlp):
        assert isinstance(layer, nn.Linear)
        layer_name = f"{name}.mlp.{k}"
        group = ends.after if k == len(module.mlp) - 1 else layer_name
        links.group(group, layer.out_features, 1, group != ends.after or not links.config.layer_norm)
        links.link(f"{layer_name}.weight", Sum.of(array(layer.weight)), group, previous)
        links.bias(f"{layer_name}.bias", Sum.of(array(layer.bias)), group)
        previous = group
    if module.norm is not None:
        for part in ("weight", "bias"):
            links.bias(f"{name}.norm.{part}", Sum.of(array(getattr(module.norm, part))), ends.after)


# ---- layers at pairs and triples


def _pair_layer(links: Links, name: str, layer: PairLayer, group: str, nodes: str | None) -> Sum:
    """What a layer at pairs reads of edges and nodes; its constants."""
    bias = Sum.of(array(layer.receiver.bias)) + links.edges(f"{name}.edge", layer.edge, group)
    bias = bias + links.nodes(f"{name}.sender", layer.sender, group, (nodes,))
    return bias + links.nodes(f"{name}.receiver", layer.receiver, group, (nodes,))


def _attended(links: Links, name: str, layer: PairLayer, row: str, column: str | None) -> None:
    """Links to the pairs of the attended nodes."""
    if not layer.heads or column is None:
        return
    if layer.heads != 1:
        raise MechgapError(
            "comparing networks",
            f"pairs that read other pairs along {layer.heads} heads, which may change places",
            "at most one such head",
            "compare the runs of the two networks",
        )
    for part, reader in (("sent", layer.sent), ("received", layer.received)):
        assert reader is not None
        links.link(f"{name}.{part}", Sum.of(array(reader.weight)), row, column)


def _message_layer(links: Links, name: str, layer: nn.Module, before: Blocks, ends: Ends) -> Sum:
    """What a layer of messages reads, its rows all of one name; its constants."""
    if isinstance(layer, PairLayer):
        ways = np.split(array(layer.pair.weight), 2, axis=1)
        for way, matrix in zip(("one way", "the other way"), ways, strict=True):
            _columns(links, f"{name}.pair {way}", matrix, name, before)
        return _pair_layer(links, name, layer, name, ends.before)
    assert isinstance(layer, nn.Linear)
    _columns(links, f"{name}.weight", array(layer.weight), name, before)
    return Sum.of(array(layer.bias))


def _columns(links: Links, name: str, matrix: Matrix, row: str, blocks: Blocks) -> None:
    """Links of a layer that reads several groups side by side."""
    start = 0
    for group, size in blocks:
        if group is not None:
            part = f"{name} of {group}" if len(blocks) > 1 else name
            links.link(part, Sum.of(matrix[:, start : start + size]), row, group)
        start += size


def _rows(link: Link, blocks: Blocks) -> list[Link]:
    """A link to several groups side by side, as one for each."""
    found, start = [], 0
    for group, size in blocks:
        name = link.name if len(blocks) == 1 else f"{link.name} to {group}"
        part = slice(start, start + size)
        found.append(replace(link, name=name, matrix=link.matrix[part], terms=link.terms[part], row=group))
        start += size
    return found


def _triples(links: Links, name: str, thirds: Thirds, ends: Ends) -> str:
    """The layers at triples; the group of the last one."""
    before: str | None = None
    group = name
    for k, layer in enumerate(thirds.layers):
        assert isinstance(layer, TripleLayer)
        group = f"{name}.{k}"
        bias = Sum.of(array(layer.here[2].bias))
        links.group(group, len(bias.value), 1)
        for leg, (edge, pair, here) in enumerate(zip(layer.edges, layer.pairs, layer.here, strict=True)):
            assert isinstance(edge, nn.Linear) and isinstance(pair, nn.Linear) and isinstance(here, nn.Linear)
            bias = bias + links.edges(f"{group}.edges.{leg}", edge, group)
            bias = bias + links.nodes(f"{group}.here.{leg}", here, group, (ends.before,))
            links.paired(f"{group}.pairs.{leg}", pair, group, ends.pairs)
        if layer.before is not None:
            links.link(f"{group}.before", Sum.of(array(layer.before.weight)), group, before)
        links.bias(f"{group}.bias", bias, group)
        before = group
    return group
