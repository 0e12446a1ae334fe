"""Parameters of the CLRS benchmark's networks as networks of this package, and back.

The benchmark's parameters come as a mapping "module/name" -> array, as ``np.load`` gives of a file that
``np.savez(path, **{f"{m}/{n}": a for m, layer in model.params.items() for n, a in layer.items()})`` wrote.
Its checkpoints are pickles, which run code when they are read; they are not read here.

The benchmark has a bias in every linear layer, also where several are summed; here these are one. Equal
functions, then, but not equal files: of biases that are summed, what is written holds them all in the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..errors import MechgapError, Refusal
from ..lang.location import Location
from ..lang.program import Interface, Port
from ..nets.config import NetworkConfig, clrs_config, mpnn_config
from ..nets.features import edge_columns, graph_columns, node_columns
from ..nets.gatv2 import GATv2Round
from ..nets.mpnn import MPNNRound
from ..nets.network import Network, hint_key, output_key
from ..nets.pair_layer import PairLayer
from ..nets.readout import EdgePointerReadout, EdgeReadout, GraphReadout, PointerReadout

Arrays = Mapping[str, NDArray[np.float32]]

GATV2, MPNN = "net/gatv2_aggr_clrs_processor", "net/mpnn_aggr_clrs_processor"
PROCESSORS = {
    "gatv2": (GATV2, "neighbours"),
    "gatv2_full": (GATV2, "all"),
    "pgn": (MPNN, "neighbours"),
    "mpnn": (MPNN, "all"),
}
"""Processor of the benchmark -> the module of its layers, and whom a node hears."""

_REFUSED = {
    f"{MPNN}/linear_6/w": "a gate, or triplet messages",
    "net/processor_lstm/linear/w": "an LSTM",
}
_WHERE = "parameters of the CLRS benchmark"


def network_of(
    interface: Interface, arrays: Arrays, processor: str, steps: int = 1, algorithm: int = 0
) -> Network:
    """A network with the parameters of a ``BaselineModel``.

    Args:
        interface: of the algorithm's program: what the benchmark's spec lists, in the same words.
        arrays: the parameters; see the module.
        processor: of the benchmark: gatv2, gatv2_full, pgn or mpnn.
        steps: the model's nb_msg_passing_steps, each a round with the same parameters.
        algorithm: number of the algorithm in a model of several.

    Returns:
        A network with equal logits; whether it encodes hints and normalises layers is read off the
        parameters. A rollout of it gets the first values of hints, and lengths.

    Raises:
        Refusal: for a processor with a gate or triplets, and for an LSTM.
        MechgapError: if parameters are missing or have other shapes.
    """
    base, attend = _processor(processor)
    for key, what in _REFUSED.items():
        if key in arrays and not (base == GATV2 and key.startswith(MPNN)):
            raise Refusal(
                f"{_WHERE}, {processor}",
                what,
                "gatv2, gatv2_full, pgn or mpnn without it: parameters of such parts are not read",
                "train without it",
            )
    width = _array(arrays, f"{base}/linear/w").shape[1]
    norm = f"{base}/layer_norm/scale" in arrays
    hints = any(f"{_coder(algorithm, port)}_enc_linear/w" in arrays for port in interface.hints)
    if base == GATV2:
        heads = sum(f"{base}/linear_{k}/w" in arrays for k in range(6, 6 + width))
        config = clrs_config(interface, width, heads, norm, attend)
    else:
        config = mpnn_config(interface, width, norm, attend)
    network = Network(replace(config, encode_hints=hints, rounds=config.rounds * steps))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        for link in _links(network, algorithm):
            link.read(arrays)
    return network


def arrays_of(network: Network, algorithm: int = 0) -> dict[str, NDArray[np.float32]]:
    """The parameters of a ``BaselineModel`` that computes what a network does.

    Args:
        network: of the shape that ``clrs_config`` or ``mpnn_config`` gives.
        algorithm: number of the algorithm in a model of several.

    Raises:
        Refusal: if the benchmark has no such network.
    """
    _check_shape(network.config)
    found: dict[str, NDArray[np.float32]] = {}
    written: set[int] = set()
    for link in _links(network, algorithm):
        link.write(found, written)
    return found


@dataclass(frozen=True)
class _Link:
    """A linear layer of the benchmark and what is the same here.

    Attributes:
        key: its module.
        weight: here [outputs, inputs], a view of a parameter.
        bias: here, shared by all layers that are summed; None where the benchmark's bias does nothing.
        names: of weight and bias.
    """

    key: str
    weight: Tensor
    bias: Tensor | None
    names: tuple[str, str] = ("w", "b")

    def read(self, arrays: Arrays) -> None:
        """Fill what is here."""
        weight = _array(arrays, f"{self.key}/{self.names[0]}").T
        if weight.shape != tuple(self.weight.shape):
            raise _misfit(self.key, f"an array of shape {list(weight.T.shape)}", list(self.weight.T.shape))
        self.weight.copy_(torch.from_numpy(np.array(weight, np.float32)))
        if self.bias is not None:
            bias = np.array(_array(arrays, f"{self.key}/{self.names[1]}"), np.float32)
            self.bias.add_(torch.from_numpy(bias))

    def write(self, found: dict[str, NDArray[np.float32]], written: set[int]) -> None:
        """Add the benchmark's arrays, if no equal round did."""
        key, name = f"{self.key}/{self.names[0]}", f"{self.key}/{self.names[1]}"
        weight: NDArray[np.float32] = self.weight.detach().numpy().T.copy()
        bias = np.zeros(weight.shape[-1], np.float32)
        if self.bias is not None and self.bias.data_ptr() not in written:
            written.add(self.bias.data_ptr())
            bias = self.bias.detach().numpy().copy()
        if key in found:
            if not (np.array_equal(found[key], weight) and np.array_equal(found[name], bias)):
                raise Refusal(
                    "a network for the CLRS benchmark",
                    f"rounds that differ ({self.key})",
                    "rounds with equal parameters: the benchmark repeats one round",
                    "give the network one round",
                )
            return
        found[key], found[name] = weight, bias


def _links(network: Network, algorithm: int) -> Iterator[_Link]:
    yield from _encoder_links(network, algorithm)
    for module in network.rounds:
        if isinstance(module, GATv2Round):
            yield from _gatv2_links(module)
        else:
            assert isinstance(module, MPNNRound)
            yield from _mpnn_links(module)
    interface = network.config.interface
    for key, port in (
        *((hint_key(port.name), port) for port in interface.hints),
        *((output_key(port.name), port) for port in interface.outputs),
    ):
        layers = _decoder_layers(network.readouts[key])
        for name, layer in zip(_numbered(f"{_coder(algorithm, port)}_dec_linear"), layers, strict=False):
            yield _Link(name, layer.weight, layer.bias)


def _encoder_links(network: Network, algorithm: int) -> Iterator[_Link]:
    config = network.config
    ports = {port.name: port for port in (*config.interface.inputs, *config.interface.hints)}
    for layer, columns in (
        (network.node_encoder, node_columns(config)),
        (network.edge_encoder, edge_columns(config)),
        (network.graph_encoder, graph_columns(config)),
    ):
        if layer is None:
            continue
        for name in dict.fromkeys(column.name for column in columns):
            places = [k for k, column in enumerate(columns) if column.name == name]
            port, base = ports[name], f"{_coder(algorithm, ports[name])}_enc_linear"
            if port.kind.refers and port.location is Location.EDGE:
                for place, key in zip(places, _numbered(base), strict=False):
                    yield _Link(key, layer.weight[:, place : place + 1], layer.bias)
            else:
                yield _Link(base, layer.weight[:, places[0] : places[-1] + 1], layer.bias)


def _gatv2_links(round: GATv2Round) -> Iterator[_Link]:
    layers = [
        *((layer.weight, layer.bias) for layer in (round.value, round.skip)),
        *((layer.weight, round.receiver.bias) for layer in (round.sender, round.receiver)),
        *((layer.weight, round.receiver.bias) for layer in (round.edge, round.graph)),
        *((weights[None], None) for weights in round.attend),
    ]
    for key, (weight, bias) in zip(_numbered(f"{GATV2}/linear"), layers, strict=False):
        yield _Link(key, weight, bias)
    yield from _norm_links(GATV2, round.norm)


def _mpnn_links(round: MPNNRound) -> Iterator[_Link]:
    first, second = round.pairs
    assert isinstance(first, PairLayer) and isinstance(second, nn.Linear)
    assert round.graph is not None and round.received is not None and round.message is not None
    shared, skip = first.receiver.bias, round.skip
    layers = [
        *((first.receiver.weight, shared), (first.sender.weight, shared), (first.edge.weight, shared)),
        *((round.graph.weight, shared), (skip.weight, skip.bias), (round.received.weight, skip.bias)),
    ]
    for key, (weight, bias) in zip(_numbered(f"{MPNN}/linear"), layers, strict=False):
        yield _Link(key, weight, bias)
    for key, layer in ((f"{MPNN}/mlp/~/linear_0", second), (f"{MPNN}/mlp/~/linear_1", round.message)):
        yield _Link(key, layer.weight, layer.bias)
    yield from _norm_links(MPNN, round.norm)


def _norm_links(base: str, norm: nn.LayerNorm | None) -> Iterator[_Link]:
    if norm is not None:
        yield _Link(f"{base}/layer_norm", norm.weight, norm.bias, ("scale", "offset"))


def _decoder_layers(readout: nn.Module) -> tuple[nn.Linear, ...]:
    """The layers of a readout in the order in which the benchmark numbers them."""
    match readout:
        case PointerReadout():
            return (readout.receiver, readout.candidate, readout.edge, readout.final)
        case EdgePointerReadout():
            return (readout.first, readout.second, readout.edge, readout.candidate, readout.final)
        case EdgeReadout():
            return (readout.first, readout.second, readout.edge)
        case GraphReadout():
            return (readout.nodes, readout.graph)
    layer = readout.linear
    assert isinstance(layer, nn.Linear)
    return (layer,)


def _check_shape(config: NetworkConfig) -> None:
    """Refuse what ``clrs_config`` and ``mpnn_config`` do not give."""
    first = config.rounds[0]
    ours = (
        clrs_config(
            config.interface, config.hidden, max(1, first.attentions), config.layer_norm, first.attend
        ),
        mpnn_config(config.interface, config.hidden, config.layer_norm, first.attend),
    )
    if all((first, config.to_json()) != (own.rounds[0], _like(own, config).to_json()) for own in ours):
        raise Refusal(
            "a network for the CLRS benchmark",
            f"a network of another shape ({len(config.rounds)} rounds, hidden width {config.hidden})",
            "one of the shape that clrs_config or mpnn_config gives",
            "make it with one of them; compiled programs have a target of their own: mechgap stock",
        )


def _like(own: NetworkConfig, config: NetworkConfig) -> NetworkConfig:
    return replace(own, encode_hints=config.encode_hints, rounds=own.rounds * len(config.rounds))


def _processor(name: str) -> tuple[str, str]:
    if name in PROCESSORS:
        return PROCESSORS[name]
    raise Refusal(
        f"{_WHERE}, the processor {name!r}",
        "a processor that is none of this package's networks",
        f"one of {', '.join(PROCESSORS)}",
        "train one of these",
    )


def _coder(algorithm: int, port: Port) -> str:
    return f"net/~_construct_encoders_decoders/algo_{algorithm}_{port.name}"


def _numbered(name: str) -> Iterator[str]:
    """The names that the benchmark gives to layers made one after another under one name."""
    yield name
    number = 0
    while True:
        number += 1
        yield f"{name}_{number}"


def _array(arrays: Arrays, key: str) -> NDArray[np.float32]:
    if key not in arrays:
        raise _misfit(key, "no such array", "one: the model must decode the hints that the program has")
    return np.asarray(arrays[key])


def _misfit(key: str, given: str, expected: object) -> MechgapError:
    return MechgapError(
        f"{_WHERE}, {key}", given, str(expected), "give all parameters of a model of this algorithm"
    )
