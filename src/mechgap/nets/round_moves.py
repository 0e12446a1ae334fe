"""Where the units of one round go when a network is rearranged: what each family of networks leaves free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from .attention_round import AbstractAttentionRound
from .config import NetworkConfig
from .gatv2 import GATv2Round
from .moves import Axes, Columns, Lot, Move, large
from .mpnn import MPNNRound
from .pair_layer import PairLayer
from .shapes import AbstractRoundConfig, ungated
from .transformer import TransformerRound
from .triples import Thirds


@dataclass(frozen=True)
class Around:
    """What the rounds of a network share.

    Attributes:
        config: shape of the network.
        hidden, pairs: where the dimensions of the vectors at nodes and at pairs go.
    """

    config: NetworkConfig
    hidden: Move
    pairs: Move

    @property
    def z(self) -> Columns:
        """Columns of [x ; h]."""
        return self.config.features, self.hidden

    @property
    def edge(self) -> Columns:
        """Columns of the edge features."""
        return (self.config.edge_features,)

    @property
    def both(self) -> Columns:
        """Columns of the vectors at a pair, in both directions."""
        return self.pairs, self.pairs


@dataclass(frozen=True)
class RoundMoves:
    """Where everything of a round goes.

    Attributes:
        shape: of the round afterwards.
        heads: the new number of each head.
        axes: of every parameter of the round.
    """

    shape: AbstractRoundConfig
    heads: Tensor
    axes: Axes


def round_moves(module: nn.Module, around: Around, lot: Lot) -> RoundMoves:
    """Draw where the units and heads of a round go.

    Units of a hidden layer may change places and be scaled; those of an attention head, and of its part
    of the message, stay together. A query may be multiplied by what its key is divided by. The maxima of
    messages, and of what pairs get of triples, are units too: a maximum of numbers that are multiplied by
    a positive number is multiplied by it.

    Args:
        module: a round of any family.
        around: what all rounds share.
        lot: draws.
    """
    if isinstance(module, MPNNRound):
        return _messages(module, around, lot)
    assert isinstance(module, AbstractAttentionRound)
    heads = lot.order(module.shape.heads)
    axes = _logits(module, heads, around, lot)
    axes |= _pair_layers(module.pairs, (around.pairs,), heads, around, lot)[1]
    update, shape, updated = _update(module, heads, around, lot)
    for part in ("value.weight", "edge_value.weight", "pair_value.weight"):
        columns = {"value": around.z, "edge_value": around.edge, "pair_value": around.both}
        axes[part] = (update, columns[part.split(".")[0]])
    axes["value.bias"] = (update, ())
    return RoundMoves(shape, heads, {**axes, **updated})


_Found = dict[str, tuple["Move | None", Columns]]


def _logits(module: AbstractAttentionRound, heads: Tensor, around: Around, lot: Lot) -> _Found:
    """Of the parameters that make logits."""
    if isinstance(module, GATv2Round):
        return _hidden_layer(module, heads, around, lot)
    assert isinstance(module, TransformerRound)
    return _queries_and_keys(module, heads, around, lot)


def _hidden_layer(module: GATv2Round, heads: Tensor, around: Around, lot: Lot) -> _Found:
    mid = lot.blocks(heads, module.sender.out_features, [module.receiver.weight])
    return {
        "sender.weight": (mid, around.z),
        "receiver.weight": (mid, around.z),
        "receiver.bias": (mid, ()),
        "attend": (mid.inverse, ()),
        **_seen_by_logits(mid, mid, around),
    }


def _queries_and_keys(module: TransformerRound, heads: Tensor, around: Around, lot: Lot) -> _Found:
    queries = lot.blocks(heads, module.query.out_features, [module.query.weight, module.query.bias])
    if large([module.key.weight, module.key.bias, module.edge.weight]):
        queries = replace(queries, scale=torch.ones_like(queries.scale))
    keys = queries.inverse
    return {
        "query.weight": (queries, around.z),
        "query.bias": (queries, ()),
        "key.weight": (keys, around.z),
        "key.bias": (keys, ()),
        "prior.weight": (Move(heads, torch.ones(len(heads)), len(heads)), around.z),
        **_seen_by_logits(keys, queries, around),
    }


def _seen_by_logits(edges: Move, graph: Move, around: Around) -> _Found:
    return {
        "edge.weight": (edges, around.edge),
        "pair.weight": (edges, around.both),
        "graph.weight": (graph, (around.config.graph_features,)),
    }


def _messages(module: MPNNRound, around: Around, lot: Lot) -> RoundMoves:
    ungated(module.shape, "rearranging a network")
    none, axes = torch.arange(0), _Found()
    first: Columns = (around.pairs,)
    if module.thirds is not None:
        thirds, axes = _triple_layers(module.thirds, around, lot)
        first = (around.pairs, thirds)
    moves, found = _pair_layers(module.pairs, first, none, around, lot)
    axes |= found
    if moves:
        axes["graph.weight"] = (moves[0], (around.config.graph_features,))
    received: Move | None = None
    if module.message is not None:
        received = lot.move(module.shape.received, [module.message.weight, module.message.bias])
        axes |= {"message.weight": (received, (moves[-1],)), "message.bias": (received, ())}
    update, shape, updated = _update(module, torch.arange(1), around, lot)
    if received is not None:
        axes["received.weight"] = (update, (received,))
    return RoundMoves(shape, none, {**axes, **updated})


def _update(
    module: AbstractAttentionRound | MPNNRound, heads: Tensor, around: Around, lot: Lot
) -> tuple[Move, AbstractRoundConfig, _Found]:
    """Where the units of the update go, the new shape, and what the update and its layers read."""
    shape, hidden = module.shape, around.hidden
    update, layers = hidden, list[Move]()
    if shape.mlp:
        given = parameters(module)
        readers = [given[k] for k in ("skip.weight", "value.weight", "received.weight") if k in given]
        update = lot.blocks(heads, shape.width, readers, lot.width)
        layers = [
            lot.move(width, [given[f"mlp.{k}.weight"]], lot.width) for k, width in enumerate(shape.mlp[:-1])
        ]
        layers.append(hidden)
    axes: _Found = {"skip.weight": (update, around.z), "skip.bias": (update, ())}
    before = update
    for k, after in enumerate(layers):
        axes |= {f"mlp.{k}.weight": (after, (before,)), f"mlp.{k}.bias": (after, ())}
        before = after
    sizes = tuple(move.size for move in layers)
    return update, replace(shape, width=update.size, mlp=sizes), axes


def _pair_layers(
    layers: nn.ModuleList, first: Columns, heads: Tensor, around: Around, lot: Lot
) -> tuple[list[Move], _Found]:
    """Where the units of the layers at pairs go; those that are kept go with the vectors at pairs."""
    moves: list[Move] = []
    axes: _Found = {}
    before = first
    for k, layer in enumerate(layers):
        given = parameters(layer)
        size = len(given["receiver.bias" if isinstance(layer, PairLayer) else "bias"])
        weights = list(given.values())
        if k < len(layers) - 1:
            after = lot.move(size, weights)
        else:
            kept = len(around.pairs.places)
            after = around.pairs.beside(lot.move(size - kept, weights)) if size > kept else around.pairs
        found = _pair_layer(after, before, heads, around) if isinstance(layer, PairLayer) else {}
        found = found or {"weight": (after, before), "bias": (after, ())}
        axes |= {f"pairs.{k}.{name}": axis for name, axis in found.items()}
        moves.append(after)
        before = (after,)
    return moves, axes


def _pair_layer(after: Move, before: Columns, heads: Tensor, around: Around) -> _Found:
    found: _Found = {
        "edge.weight": (after, around.edge),
        "pair.weight": (after, (*before, *before)),
        "sender.weight": (after, around.z),
        "receiver.weight": (after, around.z),
        "receiver.bias": (after, ()),
    }
    if len(heads):
        (read,) = before
        assert isinstance(read, Move)
        for part in ("sent", "received"):
            found[f"{part}.weight"] = (after, (read.repeated(heads),))
    return found


def _triple_layers(thirds: Thirds, around: Around, lot: Lot) -> tuple[Move, _Found]:
    """Where the units of the layers at triples go, the last of which gives what pairs get."""
    axes: _Found = {}
    before: Move | None = None
    for k, layer in enumerate(thirds.layers):
        given = parameters(layer)
        after = lot.move(len(given["here.2.bias"]), list(given.values()))
        name = f"thirds.layers.{k}"
        for leg in range(3):
            axes[f"{name}.edges.{leg}.weight"] = (after, around.edge)
            axes[f"{name}.pairs.{leg}.weight"] = (after, around.both)
            axes[f"{name}.here.{leg}.weight"] = (after, around.z)
        axes[f"{name}.here.2.bias"] = (after, ())
        if before is not None:
            axes[f"{name}.before.weight"] = (after, (before,))
        before = after
    assert before is not None
    return before, axes


def parameters(module: nn.Module) -> Mapping[str, Tensor]:
    """The parameters of a module by name, without gradients."""
    return {name: parameter.detach() for name, parameter in module.named_parameters()}
