"""Networks that compute the same with more parts: heads that share a selection, units in duplicate.

Nothing is rounded: every number is computed as before, and every sum has the same terms that are not 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from .config import NetworkConfig
from .network import Network
from .shapes import AbstractAttentionConfig, AbstractRoundConfig

_SHARED = ("edge.weight", "graph.weight", "pair.weight")
_HIDDEN_LAYER = ("sender.weight", "receiver.weight", "receiver.bias")
_DOT_PRODUCTS = ("query.weight", "query.bias", "key.weight", "key.bias")
_ATTENTION = (*_SHARED, *_HIDDEN_LAYER, *_DOT_PRODUCTS)
"""What makes logits, of any family: its rows are those of the heads, one after the other."""
_HEADS = ("attend", "prior.weight")
"""What makes logits and has one row for each head."""
_MESSAGE = ("value.weight", "value.bias", "edge_value.weight", "pair_value.weight", "received.weight")
_UPDATE = (*_MESSAGE, "skip.weight", "skip.bias")
_BY_HEAD = ("pairs.0.sent.weight", "pairs.0.received.weight")


@dataclass(frozen=True)
class Spread:
    """A network with selections that are spread over several heads.

    Attributes:
        network: computes the same.
        heads: for each round of a step, [A'] int64: for each head the one before that it is, or copies.
    """

    network: Network
    heads: tuple[Tensor, ...]


@dataclass(frozen=True)
class _Rows:
    """Which rows a layer takes over, and which of them count; the others are 0."""

    source: Tensor
    kept: Tensor

    def of(self, value: Tensor) -> Tensor:
        """The rows of a parameter."""
        kept = self.kept.reshape(-1, *[1] * (value.dim() - 1))
        return torch.where(kept, value[self.source], 0.0)

    def columns(self, value: Tensor) -> Tensor:
        """The columns of a parameter that reads the rows."""
        return torch.where(self.kept, value[:, self.source], 0.0)


def spread_heads(network: Network, generator: torch.Generator) -> Spread:
    """Let some heads do what one did: each of them copies its share of what is copied.

    About half of the heads get a copy with the same attention. Each unit of the message is then computed
    by one of the two, drawn by lot, and is idle in the other. Rounds without a layer after the update,
    whose heads write to the hidden vector directly, stay as they are, and so do rounds without heads.

    Args:
        network: of any family.
        generator: of what is drawn.
    """
    shapes: dict[str, AbstractRoundConfig] = {}
    heads: list[Tensor] = []
    changed: dict[str, Tensor] = {}
    for name, shape in _rounds(network.config):
        if not isinstance(shape, AbstractAttentionConfig):
            heads += [torch.arange(0)] * name.startswith("rounds.")
            continue
        copied = torch.rand(shape.heads, generator=generator) < 0.5
        if not shape.mlp:
            copied[:] = False
        sources = torch.cat([torch.arange(shape.heads), copied.nonzero()[:, 0]])
        count, part = len(sources), shape.width // shape.heads
        shared = {key: width // shape.heads for key, width in shape.shared.items()}
        widths: dict[str, Any] = {key: width * count for key, width in shared.items()}
        shapes[name] = replace(shape, heads=count, width=part * count, **widths)
        rows = _block_rows(sources, part)
        first = torch.rand(shape.width, generator=generator) < 0.5
        original = torch.arange(part * count) < shape.width
        alone = ~copied[sources].repeat_interleave(part)
        update = _Rows(rows, alone | (first[rows] == original))
        (mid,) = shared.values()
        attention = _Rows(_block_rows(sources, mid), torch.ones(mid * count, dtype=torch.bool))
        changed |= _spread_round(network, name, (attention, update), sources, generator)
        if name.startswith("rounds."):
            heads.append(sources)
    return Spread(_rebuilt(network, shapes, changed), tuple(heads))


def duplicate_units(network: Network, generator: torch.Generator, share: float = 0.25) -> Network:
    """Compute some units twice; every reader reads one of the two, or half of each.

    A reader takes halves where it adds nothing else, so that no sum is rounded in another place; and
    otherwise the whole of one of them, drawn by lot.

    Args:
        network: of any family; units at nodes are duplicated, of layers that are followed by another layer
            of the round.
        generator: of what is drawn.
        share: how many of the units of a layer.
    """
    shapes: dict[str, AbstractRoundConfig] = {}
    changed = {}
    given = dict(network.named_parameters())
    for name, shape in _rounds(network.config):
        if not shape.mlp:
            continue
        heads = shape.heads if isinstance(shape, AbstractAttentionConfig) else 1
        layers = [_twins(heads, shape.width // heads, share, generator)]
        layers += [_twins(1, width, share, generator) for width in shape.mlp[:-1]]
        for key in _UPDATE:
            if f"{name}.{key}" in given:
                changed[f"{name}.{key}"] = given[f"{name}.{key}"].detach()[layers[0][0]]
        for k, _ in enumerate(shape.mlp):
            weight, bias = (given[f"{name}.mlp.{k}.{p}"].detach() for p in ("weight", "bias"))
            weight = _divided(weight, bias, layers[k], generator)
            if k + 1 < len(layers):
                weight, bias = weight[layers[k + 1][0]], bias[layers[k + 1][0]]
            changed |= {f"{name}.mlp.{k}.weight": weight, f"{name}.mlp.{k}.bias": bias}
        widths = (*(len(source) for source, _ in layers[1:]), shape.mlp[-1])
        shapes[name] = replace(shape, width=len(layers[0][0]), mlp=widths)
    return _rebuilt(network, shapes, changed)


def _twins(blocks: int, size: int, share: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """The units of blocks with some of each twice: which unit each is, and whether it is the first of it."""
    more = min(size, max(1, round(share * size)))
    sources, first = [], torch.arange(size + more) < size
    for block in range(blocks):
        drawn = torch.randperm(size, generator=generator)[:more]
        sources.append(block * size + torch.cat([torch.arange(size), drawn]))
    return torch.cat(sources), first.repeat(blocks)


def _divided(
    weight: Tensor, bias: Tensor, layer: tuple[Tensor, Tensor], generator: torch.Generator
) -> Tensor:
    """The columns of a layer that reads units, some of which are there twice."""
    source, original = layer
    made = weight[:, source]
    twins = (~original).nonzero()[:, 0]
    place = original.nonzero()[:, 0]
    where = torch.empty(weight.shape[1], dtype=torch.int64)
    where[source[place]] = place
    halved = (((weight != 0).sum(1) == 1) & (bias == 0))[:, None]
    second = torch.rand(len(weight), len(twins), generator=generator) < 0.5
    value = weight[:, source[twins]]
    half = value / 2
    made[:, twins] = torch.where(halved, half, torch.where(second, value, 0.0))
    made[:, where[source[twins]]] = torch.where(halved, half, torch.where(second, 0.0, value))
    return made


def _block_rows(heads: Tensor, size: int) -> Tensor:
    """The rows of some heads, one after the other."""
    return (heads[:, None] * size + torch.arange(size)).flatten()


def _spread_round(
    network: Network, name: str, layers: tuple[_Rows, _Rows], heads: Tensor, generator: torch.Generator
) -> dict[str, Tensor]:
    """The parameters of a round whose heads are some of those before."""
    given = {key: value.detach() for key, value in network.named_parameters()}
    attention, update = layers
    found = {}
    for keys, rows in ((_ATTENTION, attention), (_UPDATE, update)):
        for key in (f"{name}.{k}" for k in keys):
            if key in given:
                found[key] = rows.of(given[key])
    found |= {f"{name}.{k}": given[f"{name}.{k}"][heads] for k in _HEADS if f"{name}.{k}" in given}
    if f"{name}.mlp.0.weight" in given:
        found[f"{name}.mlp.0.weight"] = update.columns(given[f"{name}.mlp.0.weight"])
    for key in (f"{name}.{k}" for k in _BY_HEAD):
        if key in given:
            read = _one_of_each(heads, generator)
            width = given[key].shape[1] // int(read.sum())
            rows = _Rows(_block_rows(heads, width), read.repeat_interleave(width))
            found[key] = rows.columns(given[key])
    return found


def _one_of_each(heads: Tensor, generator: torch.Generator) -> Tensor:
    """[A'] bool, true at one of the copies of each head."""
    order = torch.randperm(len(heads), generator=generator)
    chosen = {int(heads[place]): place for place in order}
    found = torch.zeros(len(heads), dtype=torch.bool)
    found[torch.stack([*chosen.values()])] = True
    return found


def _rounds(config: NetworkConfig) -> list[tuple[str, AbstractRoundConfig]]:
    """The rounds of a network by the names that their parameters start with."""
    parts = (("prologue", config.prologue), ("rounds", config.rounds))
    return [(f"{part}.{k}", shape) for part, shapes in parts for k, shape in enumerate(shapes)]


def _rebuilt(
    network: Network, shapes: Mapping[str, AbstractRoundConfig], changed: Mapping[str, Tensor]
) -> Network:
    """A network with other shapes of rounds and other parameters; the rest is as it was."""
    config = network.config

    def part(name: str, old: tuple[AbstractRoundConfig, ...]) -> tuple[AbstractRoundConfig, ...]:
        return tuple(shapes.get(f"{name}.{k}", shape) for k, shape in enumerate(old))

    made = Network(
        replace(config, prologue=part("prologue", config.prologue), rounds=part("rounds", config.rounds))
    ).to(network.dtype)
    made.requires_grad_(False)
    made.load_state_dict({**network.state_dict(), **changed})
    return made
