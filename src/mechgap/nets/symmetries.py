"""Networks that compute the same by other weights: units in another order and of another size, and idle ones.

A ReLU unit may be multiplied by a positive number that everything that reads it divides by; with
powers of two that rounds nothing. Units of one layer may change places, within the block of their
attention head; heads may change places. Idle units are read by nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from ..errors import MechgapError
from .config import NetworkConfig
from .network import Network
from .shapes import AbstractRoundConfig, RoundConfig, gatv2_shape

LARGEST_STEP = 3
"""Units are scaled by 2^-3 to 2^3."""
LARGE = 2.0**90
"""Units with a weight beyond this are only scaled down, so that nothing leaves the range of float32."""
_FAINT = 2.0**-16
"""Size of the weights by which idle units read features, which may be large."""


@dataclass(frozen=True)
class Move:
    """Where the units of a layer go.

    Attributes:
        places: [U] int64, the new position of each unit.
        scale: [U], what each is multiplied by.
        size: number of units afterwards.
    """

    places: Tensor
    scale: Tensor
    size: int


@dataclass(frozen=True)
class Rearranged:
    """A network with its units rearranged.

    Attributes:
        network: computes the same.
        hidden, pairs: where the dimensions of the vectors at nodes and at pairs went.
        heads: for each round of a step the new number of each head.
    """

    network: Network
    hidden: Move
    pairs: Move
    heads: tuple[Tensor, ...]


@dataclass(frozen=True)
class Freedom:
    """What is changed when a network is rearranged.

    Attributes:
        order: whether units and heads change places; otherwise idle units stand behind the others.
        scale: whether units are multiplied by powers of two.
    """

    order: bool = True
    scale: bool = True


ALL = Freedom()


def rearrange(
    network: Network, generator: torch.Generator, width: int = 0, freedom: Freedom = ALL
) -> Rearranged:
    """Put units into a random order, scale them by random powers of two, and add idle ones.

    Args:
        network: without layer normalisation; with a layer after every round of several heads.
        generator: of what is drawn.
        width: smallest width of the layers at nodes afterwards.
        freedom: what is changed besides.

    Raises:
        MechgapError: if the network has layer normalisation, or several heads that write to one hidden
            vector directly: then order and scale are not free.
    """
    _check(network.config)
    return _Rearrangement(network, generator, width, freedom).run()


def _check(config: NetworkConfig) -> None:
    gatv2 = [gatv2_shape(s, "rearranging a network") for s in (*config.rounds, *config.prologue)]
    direct = any(shape.heads > 1 and not shape.mlp for shape in gatv2)
    if config.layer_norm or direct:
        raise MechgapError(
            "rearranging a network",
            "layer normalisation"
            if config.layer_norm
            else "a round of several heads without a layer after it",
            "a network whose units can be scaled and exchanged",
            "rearrange compiled networks, or trained ones without layer normalisation",
        )


class _Rearrangement:
    def __init__(self, network: Network, generator: torch.Generator, width: int, freedom: Freedom) -> None:
        self._old = network
        self._generator = generator
        self._width = width
        self._freedom = freedom

    def run(self) -> Rearranged:
        config = self._old.config
        weights = [p.detach() for k, p in self._old.named_parameters() if ".mlp." in k or ".skip." in k]
        hidden = self._move(config.hidden, max(config.hidden, self._width), weights)
        pairs = self._move(config.pairs, config.pairs, [])
        moves, heads = {}, []
        for part, modules in (("prologue", self._old.prologue), ("rounds", self._old.rounds)):
            for k, module in enumerate(modules):
                found = self._round(module, hidden, pairs)
                moves[f"{part}.{k}"] = found
                if part == "rounds":
                    heads.append(found.heads)
        new = Network(self._configure(hidden, moves))
        new.requires_grad_(False)
        self._fill(new, hidden, pairs, moves)
        return Rearranged(new, hidden, pairs, tuple(heads))

    def _configure(self, hidden: Move, moves: Mapping[str, _RoundMoves]) -> NetworkConfig:
        config = self._old.config

        def shapes(part: str, old: tuple[AbstractRoundConfig, ...]) -> tuple[AbstractRoundConfig, ...]:
            return tuple(
                replace(
                    gatv2_shape(shape, "rearranging a network"),
                    mid=moves[f"{part}.{k}"].mid.size,
                    width=moves[f"{part}.{k}"].update.size,
                    mlp=tuple(move.size for move in moves[f"{part}.{k}"].layers),
                )
                for k, shape in enumerate(old)
            )

        return replace(
            config,
            hidden=hidden.size,
            rounds=shapes("rounds", config.rounds),
            prologue=shapes("prologue", config.prologue),
        )

    # ---- what is drawn

    def _round(self, module: nn.Module, hidden: Move, pairs: Move) -> _RoundMoves:
        shape = module.shape
        assert isinstance(shape, RoundConfig)
        heads = self._order(shape.heads)
        mid = self._blocks(heads, shape.mid, shape.mid, [_tensor(module, "receiver.weight")])
        made = [self._move(width, width, []) for width in shape.pairs[:-1]]
        paired = (*made, pairs) if shape.pairs else ()
        if not shape.mlp:
            return _RoundMoves(heads, mid, hidden, (), paired)
        readers = [_tensor(module, "skip.weight"), _tensor(module, "value.weight")]
        update = self._blocks(heads, shape.width, max(shape.width, self._width), readers)
        layers = [
            self._move(width, max(width, self._width), [_tensor(module, f"mlp.{k}.weight")])
            for k, width in enumerate(shape.mlp[:-1])
        ]
        return _RoundMoves(heads, mid, update, (*layers, hidden), paired)

    def _blocks(self, heads: Tensor, size: int, wanted: int, readers: list[Tensor]) -> Move:
        """A move that keeps the units of a head together."""
        count = len(heads)
        old, new = size // count, -(-wanted // count)
        places = [head * new + self._order(new)[:old] for head in heads.tolist()]
        return Move(torch.cat(places), self._scales(size, readers), new * count)

    def _move(self, size: int, wanted: int, readers: list[Tensor]) -> Move:
        places = self._order(wanted)[:size]
        return Move(places, self._scales(size, readers), wanted)

    def _order(self, size: int) -> Tensor:
        """Places in random order, or one after the other."""
        if not self._freedom.order:
            return torch.arange(size)
        return torch.randperm(size, generator=self._generator)

    def _scales(self, size: int, weights: list[Tensor]) -> Tensor:
        """Powers of two; none above one for layers with large weights."""
        if not self._freedom.scale:
            return torch.ones(size)
        large = any(bool((weight.abs() > LARGE).any()) for weight in weights)
        top = 1 if large else LARGEST_STEP + 1
        return 2.0 ** torch.randint(-LARGEST_STEP, top, (size,), generator=self._generator)

    # ---- parameters

    def _fill(self, new: Network, hidden: Move, pairs: Move, moves: Mapping[str, _RoundMoves]) -> None:
        config = self._old.config
        given = dict(self._old.named_parameters())
        places = dict(_axes(self._old, hidden, pairs, moves))
        for name, parameter in new.named_parameters():
            row, columns = places.get(name, (None, ()))
            value = given[name].detach()
            if name.endswith(".attend"):
                assert row is not None
                moved = torch.zeros(row.size).scatter_(0, row.places, value.flatten() / row.scale)
                parameter.copy_(moved.reshape(parameter.shape))
                continue
            parameter.copy_(_moved(value, row, columns))
            if row is not None and row.size > len(row.places):
                self._fill_idle(name, parameter, row, columns, config.features)

    def _fill_idle(
        self, name: str, parameter: Tensor, row: Move, columns: tuple[Move | int, ...], features: int
    ) -> None:
        """Units that nobody reads: of features, of constants, and of each other."""
        idle = torch.ones(row.size, dtype=torch.bool)
        idle[row.places] = False
        rows = idle.nonzero()[:, 0]
        if parameter.dim() == 1:
            parameter[rows] = torch.randn(len(rows), generator=self._generator)
        elif name.endswith(".skip.weight"):
            drawn = torch.randn(len(rows), features, generator=self._generator)
            parameter[rows, :features] = drawn * _FAINT
        elif ".mlp." in name and isinstance(columns[0], Move):
            before = torch.ones(columns[0].size, dtype=torch.bool)
            before[columns[0].places] = False
            read = before.nonzero()[:, 0]
            drawn = torch.randn(len(rows), len(read), generator=self._generator)
            parameter[rows[:, None], read] = drawn / max(1, len(read)) ** 0.5


@dataclass(frozen=True)
class _RoundMoves:
    """Where the heads of a round go, and the units of its layers."""

    heads: Tensor
    mid: Move
    update: Move
    layers: tuple[Move, ...]
    pairs: tuple[Move, ...]


_Axes = Iterator[tuple[str, tuple[Move | None, tuple[Move | int, ...]]]]
"""Name of a parameter, where its rows go, and its columns in blocks: moved ones, or so many that stay."""


def _axes(network: Network, hidden: Move, pairs: Move, moves: Mapping[str, _RoundMoves]) -> _Axes:
    config = network.config
    z: tuple[Move | int, ...] = (config.features, hidden)
    both: tuple[Move | int, ...] = (pairs, pairs)
    for name, move in moves.items():
        for part in ("sender", "receiver"):
            yield f"{name}.{part}.weight", (move.mid, z)
        yield f"{name}.receiver.bias", (move.mid, ())
        yield f"{name}.attend", (move.mid, ())
        yield f"{name}.edge.weight", (move.mid, (config.edge_features,))
        yield f"{name}.graph.weight", (move.mid, (config.graph_features,))
        yield f"{name}.pair.weight", (move.mid, both)
        for part in ("value", "skip"):
            yield f"{name}.{part}.weight", (move.update, z)
            yield f"{name}.{part}.bias", (move.update, ())
        yield f"{name}.edge_value.weight", (move.update, (config.edge_features,))
        yield f"{name}.pair_value.weight", (move.update, both)
        before = move.update
        for k, after in enumerate(move.layers):
            yield f"{name}.mlp.{k}.weight", (after, (before,))
            yield f"{name}.mlp.{k}.bias", (after, ())
            before = after
        kept = pairs
        for k, after in enumerate(move.pairs):
            layer = f"{name}.pairs.{k}"
            yield f"{layer}.edge.weight", (after, (config.edge_features,))
            yield f"{layer}.pair.weight", (after, (kept, kept))
            for part in ("sender", "receiver"):
                yield f"{layer}.{part}.weight", (after, z)
            yield f"{layer}.receiver.bias", (after, ())
            for part in ("sent", "received"):
                yield f"{layer}.{part}.weight", (after, (_for_heads(kept, move.heads),))
            kept = after
    for key in network.readouts:
        for part in ("linear", "nodes", "receiver", "candidate", "first", "second"):
            yield f"readouts.{key}.{part}.weight", (None, (*z, hidden))
        yield f"readouts.{key}.pair.weight", (None, (pairs,))


def _for_heads(move: Move, heads: Tensor) -> Move:
    """A move of units that are read once for every head, head by head."""
    places = torch.cat([head * move.size + move.places for head in heads])
    return Move(places, move.scale.repeat(len(heads)), move.size * len(heads))


def _moved(value: Tensor, row: Move | None, columns: tuple[Move | int, ...]) -> Tensor:
    """A parameter with its rows and columns where they go."""
    if columns:
        parts, start = [], 0
        for block in columns:
            size = block if isinstance(block, int) else len(block.places)
            part = value[:, start : start + size]
            if isinstance(block, Move):
                part = torch.zeros(len(value), block.size).index_copy_(1, block.places, part / block.scale)
            parts.append(part)
            start += size
        value = torch.cat(parts, 1)
    if row is None:
        return value
    scaled = value * row.scale.reshape(-1, *[1] * (value.dim() - 1))
    return torch.zeros(row.size, *value.shape[1:]).index_copy_(0, row.places, scaled)


def _tensor(module: nn.Module, name: str) -> Tensor:
    return module.get_parameter(name).detach()
