"""Networks that compute the same by other weights: units in another order and of another size, and idle ones.

A ReLU unit may be multiplied by a positive number that everything that reads it divides by; with
powers of two that rounds nothing. Units of one layer may change places, within the block of their
attention head; heads may change places. Idle units are read by nobody. What each family of networks
leaves free says ``round_moves``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..errors import MechgapError
from .config import NetworkConfig
from .moves import Axes, Columns, Freedom, Lot, Move, moved
from .network import Network
from .round_moves import Around, RoundMoves, parameters, round_moves
from .shapes import AbstractAttentionConfig

_FAINT = 2.0**-16
"""Size of the weights by which idle units read features, which may be large."""


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


ALL = Freedom()


def rearrange(
    network: Network, generator: torch.Generator, width: int = 0, freedom: Freedom = ALL
) -> Rearranged:
    """Put units into a random order, scale them by random powers of two, and add idle ones.

    Args:
        network: of any family, without layer normalisation; with a layer after every round of several heads.
        generator: of what is drawn.
        width: smallest width of the layers at nodes afterwards.
        freedom: what is changed besides.

    Raises:
        MechgapError: if the network has layer normalisation, or several heads that write to one hidden
            vector directly: then order and scale are not free.
    """
    config = network.config
    _check(config)
    lot = Lot(generator, width, freedom)
    given = parameters(network)
    read = [p for name, p in given.items() if _part(name) in ("mlp", "skip", "value", "received")]
    hidden = lot.move(config.hidden, read, width)
    pairs = lot.move(config.pairs, [p for name, p in given.items() if _part(name) == "pairs"])
    around = Around(config, hidden, pairs)
    prologue, rounds = (
        [round_moves(module, around, lot) for module in modules]
        for modules in (network.prologue, network.rounds)
    )
    new = Network(
        replace(
            config,
            hidden=hidden.size,
            rounds=tuple(found.shape for found in rounds),
            prologue=tuple(found.shape for found in prologue),
        )
    )
    new.requires_grad_(False)
    axes = {
        **_of_rounds("prologue", prologue),
        **_of_rounds("rounds", rounds),
        **_of_readouts(network, around),
    }
    _fill(network, new, axes, generator)
    return Rearranged(new, hidden, pairs, tuple(found.heads for found in rounds))


def _part(name: str) -> str:
    """Of a parameter of a round, the part of the round; empty for others."""
    place, *parts = name.split(".")
    return parts[1] if place in ("prologue", "rounds") else ""


def _check(config: NetworkConfig) -> None:
    shapes = (*config.rounds, *config.prologue)
    attend = [shape for shape in shapes if isinstance(shape, AbstractAttentionConfig)]
    direct = any(shape.heads > 1 and not shape.mlp for shape in attend)
    if config.layer_norm or direct:
        raise MechgapError(
            "rearranging a network",
            "layer normalisation"
            if config.layer_norm
            else "a round of several heads without a layer after it",
            "a network whose units can be scaled and exchanged",
            "rearrange compiled networks, or trained ones without layer normalisation",
        )


def _of_rounds(part: str, found: list[RoundMoves]) -> Axes:
    return {f"{part}.{k}.{name}": axis for k, moves in enumerate(found) for name, axis in moves.axes.items()}


def _of_readouts(network: Network, around: Around) -> Axes:
    found: dict[str, tuple[Move | None, Columns]] = {}
    for key in network.readouts:
        for part in ("linear", "nodes", "receiver", "candidate", "first", "second"):
            found[f"readouts.{key}.{part}.weight"] = (None, (*around.z, around.hidden))
        found[f"readouts.{key}.pair.weight"] = (None, (around.pairs,))
    return found


def _fill(old: Network, new: Network, axes: Axes, generator: torch.Generator) -> None:
    given = parameters(old)
    for name, parameter in new.named_parameters():
        row, columns = axes[name] if _part(name) else axes.get(name, (None, ()))
        value = given[name]
        if value.dim() > 1 and not columns and row is not None:
            value = value.flatten()  # one number for each unit, in rows of heads
        parameter.copy_(moved(value, row, columns).reshape(parameter.shape))
        if row is not None and len(row.idle):
            _fill_idle(name, parameter, (row, columns), generator)


def _fill_idle(name: str, parameter: Tensor, axis: tuple[Move, Columns], generator: torch.Generator) -> None:
    """Units that nobody reads: of features, of constants, and of each other."""
    row, columns = axis
    rows = row.idle
    if parameter.dim() == 1:
        parameter[rows] = torch.randn(len(rows), generator=generator)
    elif _part(name) == "skip":
        features = columns[0]
        assert isinstance(features, int)
        drawn = torch.randn(len(rows), features, generator=generator)
        parameter[rows, :features] = drawn * _FAINT
    elif _part(name) == "mlp" and isinstance(columns[0], Move):
        read = columns[0].idle
        drawn = torch.randn(len(rows), len(read), generator=generator)
        parameter[rows[:, None], read] = drawn / max(1, len(read)) ** 0.5
