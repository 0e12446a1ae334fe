"""The shape of a network as plain data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ..errors import FileFormatError, MechgapError
from ..kinds.catalog import kind_from_json
from ..lang.location import Location
from ..lang.program import Interface, Port
from .shapes import AbstractRoundConfig, MPNNConfig, RoundConfig, TransformerConfig, shape_from_json

THIRDS = 8
"""Width of what pairs get of triples, as in CLRS."""


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """The shape of a network.

    Attributes:
        interface: ports of the inputs, hints and outputs.
        features: width F of the encoded node features x.
        hidden: width H of the hidden vectors h.
        edge_features: width E of the encoded edge features e.
        graph_features: width G of the encoded graph features g.
        rounds: the rounds of one step.
        prologue: rounds that make the first hidden vectors out of zeros; without any they are zero
            and the first values of the hints are given.
        pointer_width: width of the pointer decoders' hidden layer.
        encode_hints: whether the hints of the current frame are encoded together with the inputs.
        reverse_edges: whether edge features also come transposed.
        node_index: whether the position 0, 1, … of a node is its first raw feature.
        index_square: whether the square of that position is a raw feature of the node too.
        graph_to_nodes: whether graph inputs that are no pointers are raw features of every node too.
        halting: whether there is a readout that says when to stop.
        layer_norm: whether every round ends in a layer normalisation.
        negative_slope: slope of the attention's leaky ReLU below zero.
        pairs: width P of the vectors that are kept at pairs of nodes; 0 for none, as in CLRS.
        pointer_pairs: whether the decoders of nodes' pointers read these vectors too, as those of pairs do.
    """

    interface: Interface
    features: int
    hidden: int
    edge_features: int
    graph_features: int
    rounds: tuple[AbstractRoundConfig, ...]
    prologue: tuple[AbstractRoundConfig, ...] = ()
    pointer_width: int
    encode_hints: bool = True
    reverse_edges: bool = False
    node_index: bool = False
    graph_to_nodes: bool = False
    halting: bool = False
    layer_norm: bool = False
    negative_slope: float = 0.01
    pairs: int = 0
    index_square: bool = False
    pointer_pairs: bool = False

    def __post_init__(self) -> None:
        where = "the configuration of a network"
        if not self.rounds:
            raise MechgapError(where, "no rounds", "at least one round in a step", "add a RoundConfig")
        for index, round_config in enumerate((*self.prologue, *self.rounds)):
            if round_config.outcome != self.hidden:
                raise MechgapError(
                    f"{where}, round {index} (prologue first)",
                    f"a last layer of width {round_config.outcome}",
                    f"the hidden width {self.hidden}",
                    "change the last entry of mlp (or width, without an mlp)",
                )
            if round_config.pairs and not round_config.keeps(self.pairs):
                raise MechgapError(
                    f"{where}, round {index} (prologue first)",
                    f"a last layer at pairs of width {round_config.pairs[-1]}",
                    f"the width {self.pairs} of vectors at pairs, or more in an MPNN",
                    "change the last entry of the round's pairs, or the network's pairs",
                )

    def to_json(self) -> dict[str, Any]:
        """The configuration as plain data."""
        data = {name: getattr(self, name) for name in self.__dataclass_fields__}
        if not self.pointer_pairs:  # so that files of other networks stay what they were
            del data["pointer_pairs"]
        data["interface"] = {
            part: [port_to_json(port) for port in getattr(self.interface, part)]
            for part in ("inputs", "hints", "outputs")
        }
        for part in ("rounds", "prologue"):
            data[part] = [entry.to_json() for entry in getattr(self, part)]
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> NetworkConfig:
        """The configuration that ``to_json`` wrote.

        Raises:
            FileFormatError: if the data are not those of a configuration.
        """
        try:
            fields = dict(data)
            ports = fields.pop("interface")
            interface = Interface(
                *(tuple(map(port_from_json, ports[part])) for part in ("inputs", "hints", "outputs"))
            )
            rounds = tuple(shape_from_json(entry) for entry in fields.pop("rounds"))
            prologue = tuple(shape_from_json(entry) for entry in fields.pop("prologue"))
            return cls(interface=interface, rounds=rounds, prologue=prologue, **fields)
        except (KeyError, TypeError, ValueError) as error:
            raise FileFormatError(
                "the configuration of a network",
                f"data that do not fit ({type(error).__name__}: {error})",
                "data written by NetworkConfig.to_json",
                "write the file again with this version of mechgap",
            ) from error


def clrs_config(
    interface: Interface,
    hidden: int = 128,
    heads: int = 1,
    layer_norm: bool = True,
    attend: str = "neighbours",
    edge_values: bool = False,
) -> NetworkConfig:
    """The GATv2 network of the CLRS benchmark (Veličković et al., 2022); edge values are an addition.

    Args:
        interface: ports of the inputs, hints and outputs.
        hidden: width of all vectors.
        heads: of the attention.
        layer_norm: whether rounds end in a layer normalisation.
        attend: "neighbours" for gatv2, "all" for gatv2_full.
        edge_values: whether messages carry edge features.
    """
    one = RoundConfig(heads=heads, mid=hidden, width=hidden, attend=attend, edge_values=edge_values)
    return _plain(interface, hidden, one, layer_norm)


def transformer_config(
    interface: Interface,
    hidden: int = 128,
    heads: int = 1,
    layer_norm: bool = True,
    attend: str = "neighbours",
    edge_values: bool = False,
) -> NetworkConfig:
    """A graph transformer in the size of the CLRS benchmark's networks, which have none.

    Args:
        interface: ports of the inputs, hints and outputs.
        hidden: width of all vectors.
        heads: of the attention.
        layer_norm: whether rounds end in a layer normalisation.
        attend: "neighbours", or "all".
        edge_values: whether messages carry edge features.
    """
    one = TransformerConfig(heads=heads, keys=hidden, width=hidden, attend=attend, edge_values=edge_values)
    return _plain(interface, hidden, one, layer_norm)


def mpnn_config(
    interface: Interface,
    hidden: int = 128,
    layer_norm: bool = True,
    attend: str = "all",
    triplets: bool = False,
    gated: bool = False,
) -> NetworkConfig:
    """The message passing network of the CLRS benchmark (Veličković et al., 2022): MPNN or PGN.

    Args:
        interface: ports of the inputs, hints and outputs.
        hidden: width of all vectors.
        layer_norm: whether rounds end in a layer normalisation.
        attend: "all" for mpnn, "neighbours" for pgn.
        triplets: whether pairs get the maximum of linear maps of triples over the third node (Ibarz et
            al., 2022). The benchmark gives it to decoders that read pairs, and to no message; here vectors
            are kept at pairs, which read it, and which messages and readouts of pairs read.
        gated: whether new hidden vectors are mixed with old ones, as in the benchmark's gated processors.
    """
    one = MPNNConfig(
        width=hidden,
        attend=attend,
        pairs=(hidden, hidden),
        received=hidden,
        thirds=THIRDS if triplets else 0,
        linked=True,
        gated=gated,
    )
    return replace(_plain(interface, hidden, one, layer_norm), pairs=hidden if triplets else 0)


def _plain(interface: Interface, hidden: int, one: AbstractRoundConfig, layer_norm: bool) -> NetworkConfig:
    """The benchmark's network of one round: every vector is of one width."""
    return NetworkConfig(
        interface=interface,
        features=hidden,
        hidden=hidden,
        edge_features=hidden,
        graph_features=hidden,
        rounds=(one,),
        pointer_width=hidden,
        layer_norm=layer_norm,
    )


def port_to_json(port: Port) -> dict[str, Any]:
    """A port as plain data."""
    return {"name": port.name, "location": port.location.value, "kind": port.kind.to_json()}


def port_from_json(data: dict[str, Any]) -> Port:
    """The port that ``port_to_json`` wrote."""
    return Port(data["name"], Location(data["location"]), kind_from_json(data["kind"]))
