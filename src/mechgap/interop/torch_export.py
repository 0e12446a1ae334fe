"""Networks for users of plain PyTorch: weights with documented names, and a module in one small file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..errors import MechgapError
from ..nets.config import NetworkConfig
from ..nets.features import Column, edge_columns, graph_columns, node_columns
from ..nets.network import Network
from ..nets.shapes import ungated
from ..nets.storage import write_tensors
from . import plain_network

_SIZES = (
    *("features", "hidden", "edge_features", "graph_features", "pairs"),
    *("pointer_width", "pointer_pairs", "negative_slope", "layer_norm"),
)
WEIGHTS, CONFIG, SOURCE = "weights.safetensors", "config.json", "plain_network.py"


def plain_config(network: Network) -> dict[str, Any]:
    """What ``plain_network.Network`` is built from, as plain data.

    Raises:
        MechgapError: if a round is of a family that ``plain_network`` does not have.
    """
    config = network.config
    return {
        **{name: getattr(config, name) for name in _SIZES},
        "rounds": _shapes(config, "rounds"),
        "prologue": _shapes(config, "prologue"),
        "readouts": {
            key: {
                "name": port.name,
                "location": port.location.value,
                "refers": port.kind.refers,
                "width": port.kind.width,
                "kind": port.kind.to_json(),
            }
            for key, port in network.ports.items()
        },
        "columns": {
            "nodes": list(map(_column, node_columns(config))),
            "edges": list(map(_column, edge_columns(config))),
            "graph": list(map(_column, graph_columns(config))),
        },
    }


def to_plain(network: Network) -> plain_network.Network:
    """The same network as a module of plain PyTorch, with the same names of parameters.

    A compiled network makes the same hidden vectors and decisions bit for bit; of a trained one results
    differ by rounding, as sums are formed in another order.

    Raises:
        MechgapError: if a round is of a family that ``plain_network`` does not have.
    """
    made = plain_network.Network(plain_config(network)).to(network.dtype)
    made.load_state_dict(network.state_dict())
    return made


def export_plain(network: Network, folder: Path | str) -> None:
    """Write a network for someone who has PyTorch and safetensors, but not this package.

    The folder gets ``weights.safetensors`` (the ``state_dict``), ``config.json``, and ``plain_network.py``,
    the module that reads both; docs/interop.md says what each parameter is.

    Args:
        network: compiled or trained.
        folder: is made if it is not there.

    Raises:
        MechgapError: if a round is of a family that ``plain_network`` does not have.
    """
    place = Path(folder)
    config = json.dumps(plain_config(network), indent=1) + "\n"
    place.mkdir(parents=True, exist_ok=True)
    write_tensors(place / WEIGHTS, network.state_dict(), {"for": SOURCE})
    (place / CONFIG).write_text(config, encoding="utf-8")
    (place / SOURCE).write_bytes(Path(plain_network.__file__).read_bytes())


def _shapes(config: NetworkConfig, part: str) -> list[dict[str, Any]]:
    shapes = getattr(config, part)
    for shape in shapes:
        ungated(shape, "an export to plain PyTorch")
        if shape.family not in plain_network.ROUNDS:
            raise MechgapError(
                "an export to plain PyTorch",
                f"a network of the family {shape.family}",
                f"rounds of {', '.join(plain_network.ROUNDS)}",
                "export a network of one of these",
            )
    return [shape.to_json() for shape in shapes]


def _column(column: Column) -> dict[str, Any]:
    return {"name": column.name, "component": column.component, "reversed": column.reversed}
