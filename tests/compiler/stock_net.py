"""The network of the CLRS benchmark, written out in NumPy: what its published equations say, and no more.

Veličković et al. (2022); Brody et al. (2022) for GATv2; Ibarz et al. (2022) for the gate. Triplet messages
only reach decoders of edges, whose weights for them are 0 here, so they are left out.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mechgap.compiler.stock.parameters import Stock
from mechgap.kinds.categorical import Categorical
from mechgap.kinds.mask import Mask
from mechgap.kinds.pointer import Pointer
from mechgap.kinds.scalar import Scalar
from mechgap.lang.location import Location
from mechgap.lang.program import Port, Program

Array = NDArray[np.float32]
CODERS = "net/~_construct_encoders_decoders/algo_0_"


class StockNet:
    """The network for one graph.

    Args:
        program: whose ports it has.
        stock: its parameters.
        inputs: name -> [N, ...], [N, N, ...] or [...], categoricals one-hot.
        nodes: N.
    """

    def __init__(self, program: Program, stock: Stock, inputs: Mapping[str, Array], nodes: int) -> None:
        self.program, self.stock, self.nodes = program, stock, nodes
        h = stock.width
        self.node = np.zeros((nodes, h), np.float32)
        self.edge = np.zeros((nodes, nodes, h), np.float32)
        self.graph = np.zeros(h, np.float32)
        self.heard = np.eye(nodes, dtype=bool)
        for port in program.interface.inputs:
            value = np.asarray(inputs[port.name], np.float32)
            value = value if isinstance(port.kind, Categorical) else value[..., None]
            encoded = self.linear(f"{CODERS}{port.name}_enc_linear", value)
            if port.location is Location.NODE:
                self.node += encoded
            elif port.location is Location.EDGE:
                self.edge += encoded
                if isinstance(port.kind, Mask):
                    self.heard |= (value + value.transpose(1, 0, 2))[..., 0] > 0
            else:
                self.graph += encoded
        self.hidden = np.zeros((nodes, h), np.float32)

    def linear(self, name: str, x: Array) -> Array:
        """A linear layer."""
        return x @ self.stock.arrays[f"{name}/w"] + self.stock.arrays[f"{name}/b"]

    def step(self) -> dict[str, Array]:
        """The decoded hints and outputs after a step, outputs behind "output "."""
        before = self.hidden
        for _ in range(self.stock.rounds):
            self.hidden = self.round(self.hidden)
        h = np.concatenate([self.node, before, self.hidden], -1)
        ports = [(p.name, p) for p in self.program.interface.hints]
        ports += [(f"output {p.name}", p) for p in self.program.interface.outputs]
        return {key: self.decode(port, h) for key, port in ports}

    def round(self, hidden: Array) -> Array:
        """One round of the processor."""
        z = np.concatenate([self.node, hidden], -1)
        if self.stock.processor.startswith("gat"):
            return self.attend(z)
        base = "net/mpnn_aggr_clrs_processor/"
        names = [f"{base}linear"] + [f"{base}linear_{k}" for k in range(1, 17)]
        m = self.linear(names[0], z)[None] + self.linear(names[1], z)[:, None]
        m = m + self.linear(names[2], self.edge) + self.linear(names[3], self.graph)
        m = np.maximum(m, 0)
        m = np.maximum(self.linear(f"{base}mlp/~/linear_0", m), 0)
        m = self.linear(f"{base}mlp/~/linear_1", m)
        if self.stock.processor == "pgn":
            m = np.where(self.heard[..., None], m, np.float32(-1e6))
        largest = m.max(0)
        after = np.maximum(self.linear(names[4], z) + self.linear(names[5], largest), 0)
        if self.stock.processor == "triplet_gmpnn":
            gate = np.maximum(self.linear(names[14], z) + self.linear(names[15], largest), 0)
            with np.errstate(over="ignore", under="ignore"):
                gate = 1 / (1 + np.exp(-self.linear(names[16], gate)))
            after = after * gate + hidden * (1 - gate)
        return after

    def attend(self, z: Array) -> Array:
        """One round of GATv2."""
        base = "net/gatv2_aggr_clrs_processor/linear"
        names = [base] + [f"{base}_{k}" for k in range(1, 6 + self.stock.heads)]
        value, skip, first, second = (self.linear(name, z) for name in names[:4])
        middle = first[None] + second[:, None] + self.linear(names[4], self.edge)
        middle = middle + self.linear(names[5], self.graph)
        middle = np.where(middle >= 0, middle, np.float32(0.01) * middle)
        part = self.stock.width // self.stock.heads
        heard = np.ones_like(self.heard) if self.stock.processor == "gatv2_full" else self.heard
        found = []
        for head in range(self.stock.heads):
            own = slice(head * part, (head + 1) * part)
            logits = self.linear(names[6 + head], middle[..., own])[..., 0]
            logits = logits + (heard.astype(np.float32) - 1) * np.float32(1e9)
            with np.errstate(under="ignore"):
                weights = np.exp(logits - logits.max(-1, keepdims=True))
                weights = weights / weights.sum(-1, keepdims=True)
                found.append(weights @ value[:, own])
        return np.maximum(np.concatenate(found, -1) + skip, 0)

    def decode(self, port: Port, h: Array) -> Array:
        """The value of a hint or an output."""
        name, count = f"{CODERS}{port.name}_dec_linear", 4
        layers = [name, *(f"{name}_{k}" for k in range(1, count + 1))]
        kind = port.kind
        if port.location is Location.EDGE:
            return np.zeros(0)
        if port.location is Location.GRAPH:
            logits = self.linear(layers[0], h.max(0)) + self.linear(layers[1], self.graph)
        elif isinstance(kind, Pointer):
            a, c, e = (
                self.linear(layers[0], h),
                self.linear(layers[1], h),
                self.linear(layers[2], self._edges()),
            )
            pairs = np.maximum(a[:, None], (c[:, None] + e).transpose(1, 0, 2))
            return self.linear(layers[3], pairs)[..., 0].argmax(-1)
        else:
            logits = self.linear(layers[0], h)
        if isinstance(kind, Categorical):
            return logits.argmax(-1)
        logits = logits[..., 0]
        if isinstance(kind, Scalar):
            return logits
        return logits > 0 if type(kind) is Mask else np.arange(self.nodes) == logits.argmax(-1)

    def _edges(self) -> Array:
        if self.stock.processor != "triplet_gmpnn":
            return self.edge
        return np.concatenate([self.edge, np.zeros_like(self.edge)], -1)
