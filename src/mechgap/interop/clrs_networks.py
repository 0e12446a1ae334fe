"""Parameters of the CLRS benchmark's networks as networks of this package, and back.

The benchmark's parameters come as a mapping "module/name" -> array, as ``np.load`` gives of a file that
``np.savez(path, **{f"{m}/{n}": a for m, layer in model.params.items() for n, a in layer.items()})`` wrote.
Its checkpoints are pickles, which run code when they are read; they are not read here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..errors import Refusal
from ..lang.location import Location
from ..lang.program import Interface, Port
from ..nets.config import NetworkConfig, clrs_config, mpnn_config
from ..nets.features import edge_columns, graph_columns, node_columns
from ..nets.gatv2 import GATv2Round
from ..nets.mpnn import MPNNRound
from ..nets.network import Network, hint_key, output_key
from ..nets.pair_layer import PairLayer
from ..nets.readout import EdgePointerReadout, EdgeReadout, GraphReadout, PointerReadout
from ..nets.shapes import MPNNConfig
from .clrs_links import WHERE, Arrays, Link, array_of, misfit, numbered
from .clrs_triplets import LAYERS, read_triplets, triplet_config

GATV2, MPNN = "net/gatv2_aggr_clrs_processor", "net/mpnn_aggr_clrs_processor"
PLAIN, GATE = 6, 3
"""How many linear layers a processor has, and its gate."""


@dataclass(frozen=True)
class Processor:
    """A processor of the benchmark.

    Attributes:
        module: of its layers.
        attend: whom a node hears.
        gated: whether new hidden vectors are mixed with old ones.
        triplets: whether decoders read triplet messages.
    """

    module: str
    attend: str
    gated: bool = False
    triplets: bool = False

    @property
    def names(self) -> list[str]:
        """The linear layers in the order in which they are made; of GATv2 without attention's."""
        count = PLAIN + LAYERS * self.triplets + GATE * self.gated
        return list(islice(numbered(f"{self.module}/linear"), count))


PROCESSORS = {
    "gatv2": Processor(GATV2, "neighbours"),
    "gatv2_full": Processor(GATV2, "all"),
    "pgn": Processor(MPNN, "neighbours"),
    "mpnn": Processor(MPNN, "all"),
    "gpgn": Processor(MPNN, "neighbours", gated=True),
    "gmpnn": Processor(MPNN, "all", gated=True),
    "triplet_pgn": Processor(MPNN, "neighbours", triplets=True),
    "triplet_mpnn": Processor(MPNN, "all", triplets=True),
    "triplet_gpgn": Processor(MPNN, "neighbours", gated=True, triplets=True),
    "triplet_gmpnn": Processor(MPNN, "all", gated=True, triplets=True),
}
"""The processors that are read, by the benchmark's names; those with triplets are not written."""


def network_of(
    interface: Interface, arrays: Arrays, processor: str, steps: int = 1, algorithm: int = 0
) -> Network:
    """A network with the parameters of a ``BaselineModel``.

    Args:
        interface: of the algorithm's program: what the benchmark's spec lists, in the same words.
        arrays: the parameters; see the module.
        processor: of the benchmark, one of ``PROCESSORS``.
        steps: the model's nb_msg_passing_steps, each a round with the same parameters.
        algorithm: number of the algorithm in a model of several.

    Returns:
        A network with equal logits; whether it encodes hints and normalises layers, and how many numbers a
        triplet has, is read off the parameters. A rollout of it gets the first values of hints, and lengths.

    Raises:
        Refusal: for a processor that is none of these, and for an LSTM.
        MechgapError: if parameters are missing, are more than the processor has, or have other shapes.
    """
    form = _processor(processor)
    _check_arrays(arrays, processor)
    config = _config(interface, arrays, form)
    hints = any(f"{_coder(algorithm, port)}_enc_linear/w" in arrays for port in interface.hints)
    network = Network(replace(config, encode_hints=hints, rounds=config.rounds * steps))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        for link in _links(network, form, algorithm):
            link.read(arrays)
        if form.triplets:
            read_triplets(network, arrays, form.names[PLAIN:][:LAYERS])
    return network


def arrays_of(network: Network, algorithm: int = 0) -> dict[str, NDArray[np.float32]]:
    """The parameters of a ``BaselineModel`` that computes what a network does.

    Args:
        network: of the shape that ``clrs_config`` or ``mpnn_config`` gives, without triplets.
        algorithm: number of the algorithm in a model of several.

    Raises:
        Refusal: if the benchmark has no such network, and for networks that read triplets.
    """
    form = _check_shape(network.config)
    found: dict[str, NDArray[np.float32]] = {}
    written: set[int] = set()
    for link in _links(network, form, algorithm):
        link.write(found, written)
    return found


def _config(interface: Interface, arrays: Arrays, form: Processor) -> NetworkConfig:
    """The shape of one step, as the parameters have it."""
    width = array_of(arrays, f"{form.names[0]}/w").shape[1]
    norm = f"{form.module}/layer_norm/scale" in arrays
    if form.module == GATV2:
        heads = sum(f"{form.module}/linear_{k}/w" in arrays for k in range(PLAIN, PLAIN + width))
        return clrs_config(interface, width, heads, norm, form.attend)
    plain = mpnn_config(interface, width, norm, form.attend, gated=form.gated)
    if not form.triplets:
        return plain
    return triplet_config(plain, array_of(arrays, f"{form.names[PLAIN]}/w").shape[1])


def _links(network: Network, form: Processor, algorithm: int) -> Iterator[Link]:
    """All but what makes triplet messages."""
    config = network.config
    yield from _encoder_links(network, algorithm)
    for module in network.rounds:
        if isinstance(module, GATv2Round):
            yield from _gatv2_links(module)
        else:
            assert isinstance(module, MPNNRound)
            yield from _mpnn_links(module, form.names, config.hidden)
    for key, port in (
        *((hint_key(port.name), port) for port in config.interface.hints),
        *((output_key(port.name), port) for port in config.interface.outputs),
    ):
        layers = _decoder_layers(network.readouts[key], config.hidden)
        names = numbered(f"{_coder(algorithm, port)}_dec_linear")
        for name, (weights, bias) in zip(names, layers, strict=False):
            yield Link(name, weights, bias)


def _encoder_links(network: Network, algorithm: int) -> Iterator[Link]:
    config = network.config
    ports = {port.name: port for port in (*config.interface.inputs, *config.interface.hints)}
    for layer, columns in (
        (network.node_encoder, node_columns(config)),
        (network.edge_encoder, edge_columns(config)),
        (network.graph_encoder, graph_columns(config)),
    ):
        if layer is None:
            continue
        # Where edges also come transposed, both directions are encoded alike, one beside the other.
        ways = 1 + any(column.reversed for column in columns)
        for way in range(ways):
            weight = layer.weight.chunk(ways)[way].chunk(ways, 1)[way]
            bias = layer.bias.chunk(ways)[way]
            for name in dict.fromkeys(column.name for column in columns):
                places = [k for k, c in enumerate(columns) if c.name == name and not c.reversed]
                port, base = ports[name], f"{_coder(algorithm, ports[name])}_enc_linear"
                if port.kind.refers and port.location is Location.EDGE:
                    for place, key in zip(places, numbered(base), strict=False):
                        yield Link(key, (weight[:, place : place + 1],), bias)
                else:
                    yield Link(base, (weight[:, places[0] : places[-1] + 1],), bias)


def _gatv2_links(round: GATv2Round) -> Iterator[Link]:
    layers = [
        *((layer.weight, layer.bias) for layer in (round.value, round.skip)),
        *((layer.weight, round.receiver.bias) for layer in (round.sender, round.receiver)),
        *((layer.weight, round.receiver.bias) for layer in (round.edge, round.graph)),
        *((weights[None], None) for weights in round.attend),
    ]
    for key, (weight, bias) in zip(numbered(f"{GATV2}/linear"), layers, strict=False):
        yield Link(key, (weight,), bias)
    yield from _norm_links(GATV2, round.norm)


def _mpnn_links(round: MPNNRound, names: Sequence[str], width: int) -> Iterator[Link]:
    """Of a round, but not of the first units at pairs, which make triplet messages if there are any."""
    first, second = round.pairs
    assert isinstance(first, PairLayer) and isinstance(second, nn.Linear)
    assert round.graph is not None and round.received is not None and round.message is not None
    kept, skip = round.kept, round.skip
    shared = first.receiver.bias[kept:]
    layers = [
        *((layer.weight[kept:], shared) for layer in (first.receiver, first.sender)),
        *((first.edge.weight[kept:, :width], shared), (round.graph.weight[kept:], shared)),
        *((skip.weight, skip.bias), (round.received.weight, skip.bias)),
    ]
    for key, (weight, bias) in zip(names[:PLAIN], layers, strict=True):
        yield Link(key, (weight,), bias)
    yield Link(f"{MPNN}/mlp/~/linear_0", (second.weight[kept:, kept:],), second.bias[kept:])
    yield Link(f"{MPNN}/mlp/~/linear_1", (round.message.weight[:, kept:],), round.message.bias)
    yield from _norm_links(MPNN, round.norm)
    if (gate := round.gate) is not None:
        biases = (gate.node.bias, gate.node.bias, gate.last.bias)
        for key, layer, bias in zip(names[-GATE:], (gate.node, gate.message, gate.last), biases, strict=True):
            yield Link(key, (layer.weight,), bias)


def _norm_links(base: str, norm: nn.LayerNorm | None) -> Iterator[Link]:
    if norm is not None:
        yield Link(f"{base}/layer_norm", (norm.weight,), norm.bias, ("scale", "offset"))


def _decoder_layers(readout: nn.Module, width: int) -> list[tuple[tuple[Tensor, ...], Tensor]]:
    """The weights and biases of a readout's layers in the order in which the benchmark numbers them."""
    layers: tuple[nn.Linear, ...]
    match readout:
        case PointerReadout():
            layers = (readout.receiver, readout.candidate, readout.edge, readout.final)
        case EdgePointerReadout():
            layers = (readout.first, readout.second, readout.edge, readout.candidate, readout.final)
        case EdgeReadout():
            layers = (readout.first, readout.second, readout.edge)
        case GraphReadout():
            layers = (readout.nodes, readout.graph)
        case _:
            assert isinstance(readout.linear, nn.Linear)
            layers = (readout.linear,)
    found: list[tuple[tuple[Tensor, ...], Tensor]] = [((layer.weight,), layer.bias) for layer in layers]
    if isinstance(readout, PointerReadout | EdgeReadout) and readout.pair is not None:
        # The benchmark puts triplet messages beside the edge.
        found[2] = ((readout.edge.weight[:, :width], readout.pair.weight), readout.edge.bias)
    return found


def _check_arrays(arrays: Arrays, name: str) -> None:
    """Refuse an LSTM, and a layer more than the processor has."""
    if (key := "net/processor_lstm/linear/w") in arrays:
        raise Refusal(
            f"{WHERE}, {name}", f"an LSTM ({key})", "a model without: it is not read", "train without it"
        )
    form = PROCESSORS[name]
    more = next(islice(numbered(f"{form.module}/linear"), len(form.names), None))
    if form.module == MPNN and f"{more}/w" in arrays:
        raise misfit(more, "a layer of a gate or of triplet messages", f"none, as {name} has none")


def _check_shape(config: NetworkConfig) -> Processor:
    """The processor of a network; refuses what ``clrs_config`` and ``mpnn_config`` do not give."""
    where, first = "a network for the CLRS benchmark", config.rounds[0]
    if any(isinstance(one, MPNNConfig) and one.thirds for one in config.rounds):
        raise Refusal(
            where,
            "rounds that read triplets",
            "rounds without: there decoders alone read what triplets give, but in networks of mpnn_config "
            "messages do too, and of a network that was read from there two layers have become one",
            "train without triplets, or keep the benchmark's own parameters",
        )
    gated = isinstance(first, MPNNConfig) and first.gated
    heads = max(1, first.attentions)
    for module, own in (
        (GATV2, clrs_config(config.interface, config.hidden, heads, config.layer_norm, first.attend)),
        (MPNN, mpnn_config(config.interface, config.hidden, config.layer_norm, first.attend, gated=gated)),
    ):
        if (first, config.to_json()) == (own.rounds[0], _like(own, config).to_json()):
            return Processor(module, first.attend, gated)
    raise Refusal(
        where,
        f"a network of another shape ({len(config.rounds)} rounds, hidden width {config.hidden})",
        "one of the shape that clrs_config or mpnn_config gives",
        "make it with one of them; compiled programs have a target of their own: mechgap stock",
    )


def _like(own: NetworkConfig, config: NetworkConfig) -> NetworkConfig:
    return replace(own, encode_hints=config.encode_hints, rounds=own.rounds * len(config.rounds))


def _processor(name: str) -> Processor:
    if name in PROCESSORS:
        return PROCESSORS[name]
    raise Refusal(
        f"{WHERE}, the processor {name!r}",
        "a processor that is none of this package's networks",
        f"one of {', '.join(PROCESSORS)}",
        "train one of these",
    )


def _coder(algorithm: int, port: Port) -> str:
    return f"net/~_construct_encoders_decoders/algo_{algorithm}_{port.name}"
