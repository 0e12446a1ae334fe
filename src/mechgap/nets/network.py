"""The network: encodes a batch, steps, and decodes. Compiled and trained networks are of this class."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..kinds.mask import Mask
from ..lang.location import Location
from ..lang.program import Port
from ..semantics.batch import Batch
from .config import NetworkConfig
from .encoded import Encoded, Projection
from .features import Column, adjacency, edge_columns, everyone, graph_columns, node_columns, raw_features
from .gate import Gate
from .hidden import Hidden
from .initial import fill, initialise, linear
from .readout import Reading, readout
from .rounds import round_module
from .transformer import TransformerRound

if TYPE_CHECKING:
    from jaxtyping import Float

HALT = "halt"


def hint_key(name: str) -> str:
    """The key of a hint's readout."""
    return f"hint_{name}"


def output_key(name: str) -> str:
    """The key of an output's readout."""
    return f"output_{name}"


class Network(nn.Module):
    """A graph neural network that runs one algorithm, one step of it in one step of its own.

    Args:
        config: the shape.
        seed: of the first weights.

    Attributes:
        node_encoder, edge_encoder, graph_encoder: linear layers of the raw features, whose columns
            are listed by ``mechgap.nets.features``; None where there are none.
        prologue, rounds: the rounds that make the first hidden vectors and those of one step.
        readouts: by "hint_<name>", "output_<name>" and "halt".
    """

    def __init__(self, config: NetworkConfig, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        self.node_encoder = _encoder(node_columns(config), config.features)
        self.edge_encoder = _encoder(edge_columns(config), config.edge_features)
        self.graph_encoder = _encoder(graph_columns(config), config.graph_features)
        self.prologue = nn.ModuleList(round_module(config, shape) for shape in config.prologue)
        self.rounds = nn.ModuleList(round_module(config, shape) for shape in config.rounds)
        self.readouts = nn.ModuleDict({key: readout(config, port) for key, port in self.ports.items()})
        self._start_weights(torch.Generator().manual_seed(seed))

    @property
    def ports(self) -> dict[str, Port]:
        """The port of every readout, by its key."""
        interface = self.config.interface
        found = {hint_key(port.name): port for port in interface.hints}
        found |= {output_key(port.name): port for port in interface.outputs}
        if self.config.halting:
            found[HALT] = Port(HALT, Location.GRAPH, Mask())
        return found

    @property
    def dtype(self) -> torch.dtype:
        """Floating point type of the weights."""
        return next(self.parameters()).dtype

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    def encode(self, batch: Batch, hints: Mapping[str, Tensor] | None = None) -> Encoded:
        """Read a batch.

        Args:
            batch: the inputs.
            hints: features of the hints of the current frame by name (``hint_features``, or
                ``AbstractKind.soften`` of own logits); only read if the network encodes hints.

        Raises:
            GraphError: if an input is missing.
        """
        config = self.config
        raw = raw_features(config, batch, hints, self.dtype)
        attends = {shape.attend for shape in (*config.rounds, *config.prologue)}
        attended = {"all": everyone(batch)} if "all" in attends else {}
        if "neighbours" in attends:
            attended["neighbours"] = adjacency(config, batch, hints)
        x = _encode(self.node_encoder, raw.nodes, config.features)
        return Encoded(
            batch.nodes,
            x.masked_fill(~batch.nodes[..., None], 0.0),
            raw.edges,
            self._projection(),
            _encode(self.graph_encoder, raw.graph, config.graph_features),
            attended,
        )

    def start(self, encoded: Encoded) -> Hidden:
        """Hidden vectors of frame 0: zeros, after the rounds of the prologue."""
        places = encoded.nodes.shape
        hidden = Hidden(
            encoded.x.new_zeros(*places, self.config.hidden),
            encoded.x.new_zeros(*places, places[1], self.config.pairs),
        )
        for layer in self.prologue:
            hidden, _ = layer(encoded, hidden)
        return hidden

    def step(
        self, encoded: Encoded, hidden: Hidden, record: bool = False
    ) -> tuple[Hidden, list[Float[Tensor, "B A N N"]]]:
        """Hidden vectors of the next frame.

        Returns:
            The hidden vectors, and if ``record`` the attention of every round, as
            (receiver, sender); otherwise an empty list.
        """
        attentions = []
        for layer in self.rounds:
            hidden, attention = layer(encoded, hidden)
            if record:
                attentions.append(attention)
        return hidden, attentions

    def decode(
        self, encoded: Encoded, before: Hidden, after: Hidden, keys: Iterable[str] | None = None
    ) -> dict[str, Tensor]:
        """Logits (see ``AbstractKind``) by the key of the readout.

        Args:
            encoded: what was read in making the frame.
            before, after: hidden vectors of the frame before and of this one; the same for frame 0.
            keys: which readouts; by default all.
        """
        nodes = torch.cat([encoded.x, before.nodes, after.nodes], -1)
        reading = Reading(encoded, nodes, after.pairs)
        return {key: self.readouts[key](reading) for key in (self.readouts if keys is None else keys)}

    def _projection(self) -> Projection:
        if self.edge_encoder is not None:
            return Projection(self.edge_encoder.weight, self.edge_encoder.bias)
        none = next(self.parameters()).new_zeros(self.config.edge_features)
        return Projection(none[:, None][:, :0], none)

    def _start_weights(self, generator: torch.Generator) -> None:
        initialise(self, generator)
        encoders = (
            (self.node_encoder, node_columns(self.config)),
            (self.edge_encoder, edge_columns(self.config)),
            (self.graph_encoder, graph_columns(self.config)),
        )
        for layer, columns in encoders:
            if layer is not None:
                fill(layer.weight, torch.tensor([column.spread for column in columns]), generator)
        for module in (*self.prologue, *self.rounds):
            if isinstance(attend := getattr(module, "attend", None), nn.Parameter):
                fill(attend, 1 / math.sqrt(attend.shape[1]), generator)
            if isinstance(gate := getattr(module, "gate", None), Gate):
                gate.close()
            if isinstance(module, TransformerRound):
                with torch.no_grad():
                    module.query.weight.div_(math.sqrt(module.depth))
                    module.graph.weight.div_(math.sqrt(module.depth))


def _encoder(columns: tuple[Column, ...], width: int) -> nn.Linear | None:
    return linear(len(columns), width) if columns else None


def _encode(layer: nn.Linear | None, raw: Tensor, width: int) -> Tensor:
    if layer is None:
        return raw.new_zeros(*raw.shape[:-1], width)
    return F.linear(raw, layer.weight, layer.bias)
