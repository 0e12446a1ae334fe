"""The modules of rounds, one class for each family of networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from .config import NetworkConfig
from .gatv2 import GATv2Round
from .mpnn import MPNNRound
from .shapes import AbstractRoundConfig, MPNNConfig, RoundConfig, TransformerConfig
from .transformer import TransformerRound

_MODULES: dict[type[AbstractRoundConfig], Callable[[NetworkConfig, Any], nn.Module]] = {
    RoundConfig: GATv2Round,
    MPNNConfig: MPNNRound,
    TransformerConfig: TransformerRound,
}


def round_module(config: NetworkConfig, shape: AbstractRoundConfig) -> nn.Module:
    """The module of a round of a network."""
    return _MODULES[type(shape)](config, shape)
