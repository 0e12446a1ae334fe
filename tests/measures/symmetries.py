"""Random symmetries of a network, applied to its parameters one by one.

They go beyond those of ``mechgap.nets.symmetries``, which round nothing: scales that round, shifts, another
order of the hidden vector after every round, of pointers' units, and heads that write to it directly.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from mechgap.nets.network import Network


def symmetric(network: Network, seed: int, powers: bool = True, shift: bool = False) -> Network:
    """The same function by other weights: units in another order and of another size.

    Args:
        network: without layer normalisation.
        seed: of what is drawn.
        powers: whether units are scaled by powers of two, which rounds nothing.
        shift: whether biases are moved as well, which may round real numbers.
    """
    found = copy.deepcopy(network)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        last_shape = network.config.rounds[-1]
        if last_shape.heads > 1 and not last_shape.mlp:  # each head writes a part of the hidden vector
            heads = torch.randperm(last_shape.heads, generator=generator)
            hidden = _within_heads(heads, last_shape.width // last_shape.heads, generator, powers)
        else:
            hidden = _drawn(network.config.hidden, generator, powers)
        pairs = _drawn(network.config.pairs, generator, powers)
        for part in (found.prologue, found.rounds):
            before, kept = (None, None) if part is found.prologue else (hidden, pairs)
            writing = [k for k, module in enumerate(part) if len(module.pairs)]
            for k, module in enumerate(part):
                last = k == len(part) - 1
                after = hidden if last else _drawn(network.config.hidden, generator, powers)
                _change_round(found, module, before, after, generator, powers, kept)
                if k in writing:
                    made = pairs if k == writing[-1] else _drawn(network.config.pairs, generator, powers)
                    _change_pairs(found, module, after, (kept, made), generator, powers)
                    kept = made
                before = after
        for module in found.readouts.values():
            _change_readout(found, module, hidden, generator, powers, pairs)
        if shift:
            _shift(found, generator)
    return found


def _drawn(size: int, generator: torch.Generator, powers: bool) -> tuple[Tensor, Tensor]:
    order = torch.randperm(size, generator=generator)
    return order, _sizes(size, generator, powers)


def _sizes(size: int, generator: torch.Generator, powers: bool) -> Tensor:
    if powers:
        return 2.0 ** torch.randint(-3, 4, (size,), generator=generator)
    return torch.rand(size, generator=generator) * 3 + 0.2


def _rows(layer: nn.Linear, order: Tensor, scale: Tensor) -> None:
    layer.weight.copy_((layer.weight * scale[:, None])[order])
    if layer.bias is not None:
        layer.bias.copy_((layer.bias * scale)[order])


def _columns(layer: nn.Linear, start: int, change: tuple[Tensor, Tensor]) -> None:
    order, scale = change
    part = slice(start, start + len(order))
    layer.weight[:, part] = (layer.weight[:, part] / scale)[:, order]


def _within_heads(
    heads: Tensor, part: int, generator: torch.Generator, powers: bool
) -> tuple[Tensor, Tensor]:
    order = torch.cat([head * part + torch.randperm(part, generator=generator) for head in heads])
    return order, _sizes(len(heads) * part, generator, powers)


def _both_ways(layer: nn.Linear, change: tuple[Tensor, Tensor]) -> None:
    """Columns of a pair and of the opposite one."""
    for start in (0, len(change[0])):
        _columns(layer, start, change)


def _change_pairs(network, module, nodes, ends, generator, powers) -> None:
    before, last = ends
    for k, layer in enumerate(module.pairs):
        if before is not None:
            _both_ways(layer.pair, before)
        for reader in (layer.sender, layer.receiver):
            _columns(reader, network.config.features, nodes)
        width = layer.receiver.out_features
        made = last if k == len(module.pairs) - 1 else _drawn(width, generator, powers)
        if layer.heads and before is not None:
            assert layer.heads == 1
            for reader in (layer.sent, layer.received):
                _columns(reader, 0, before)
        for reader in (layer.edge, layer.pair, layer.sender, layer.receiver, layer.sent, layer.received):
            if reader is not None:
                _rows(reader, *made)
        before = made


def _change_round(network, module, before, after, generator, powers, pairs) -> None:
    shape, features = module.shape, network.config.features
    if shape.mlp or shape.heads == 1:
        heads = torch.randperm(shape.heads, generator=generator)
    else:
        heads = after[0][:: shape.width // shape.heads] // (shape.width // shape.heads)
    mid = _within_heads(heads, shape.mid // shape.heads, generator, powers)
    if before is not None:
        for layer in (module.sender, module.receiver, module.value, module.skip):
            _columns(layer, features, before)
    for layer in (module.pair, module.pair_value):
        if layer is not None and pairs is not None:
            _both_ways(layer, pairs)
    for layer in (module.sender, module.receiver, module.edge, module.graph, module.pair):
        if layer is not None:
            _rows(layer, *mid)
    attend = (module.attend.flatten() / mid[1])[mid[0]]
    module.attend.copy_(attend.reshape(module.attend.shape))
    part = shape.width // shape.heads
    update = _within_heads(heads, part, generator, powers) if shape.mlp else after
    for layer in (module.value, module.edge_value, module.pair_value, module.skip):
        if layer is not None:
            _rows(layer, *update)
    for k, layer in enumerate(module.mlp):
        _columns(layer, 0, update)
        update = after if k == len(module.mlp) - 1 else _drawn(shape.mlp[k], generator, powers)
        _rows(layer, *update)


def _change_readout(network, module, hidden, generator, powers, pairs) -> None:
    config = network.config
    parts = dict(module.named_children())
    for name in ("linear", "nodes", "receiver", "candidate", "first", "second"):
        if name in parts:
            for start in (config.features, config.features + config.hidden):
                _columns(parts[name], start, hidden)
    if "pair" in parts:
        _columns(parts["pair"], 0, pairs)
    if "final" in parts:
        units = _drawn(config.pointer_width, generator, powers)
        for name in ("receiver", "candidate", "first", "second", "edge", "pair"):
            if name in parts:
                _rows(parts[name], *units)
        _columns(parts["final"], 0, units)


def _shift(network: Network, generator: torch.Generator) -> None:
    """Move biases between layers that are added, and shift all logits of pointers."""
    for module in (*network.prologue, *network.rounds):
        moved = torch.randint(-4, 5, module.value.bias.shape, generator=generator).to(module.value.bias)
        module.value.bias += moved
        module.skip.bias -= moved
    for module in network.readouts.values():
        if hasattr(module, "final"):
            module.final.bias += 0.5
