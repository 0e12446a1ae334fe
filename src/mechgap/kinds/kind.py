"""The base of all kinds: what a value can be, and everything that follows from it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class AbstractKind(ABC):
    """What a value can be. A kind knows how its values are written, encoded, decoded and scored.

    Shapes: a value is [B, *P] with the node axes P of its location (none for a graph, N for a node,
    N N for an edge). Its *features* (how it enters an encoder) and its *logits* (what a decoder
    gives) are [B, *P, W] with W = ``width``, or the number N of candidate nodes for a kind that
    ``refers`` to nodes. ``nodes`` [B, N] says which rows are nodes and which are padding.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """The name of the kind in texts and files."""

    def describe(self) -> str:
        """The kind as it stands in a printed program."""
        return self.name

    @property
    def width(self) -> int:
        """Decoder logits at each place (for a reference: at each place and candidate node)."""
        return 1

    @property
    def refers(self) -> bool:
        """Whether a value names a node, so that features and logits have one more axis of nodes."""
        return False

    @property
    def links(self) -> float | None:
        """Above which sum of a feature over both directions two nodes are neighbours; None if never.

        Read of features at pairs of nodes: values of edges, and references of nodes.
        """
        return None

    def spread(self, hidden: int, hint: bool) -> float:
        """Standard deviation at which CLRS starts the encoder weights of a feature of this kind.

        Args:
            hidden: width of the encoding.
            hint: whether the feature is a hint, which a network may feed back to itself.
        """
        return 1.0

    @abstractmethod
    def features(self, values: Tensor, nodes: Tensor) -> Tensor:
        """How values [B, *P] enter an encoder: floating point [B, *P, W]."""

    @abstractmethod
    def decode(self, logits: Tensor, nodes: Tensor) -> Tensor:
        """The values [B, *P] that logits [B, *P, W] stand for."""

    @abstractmethod
    def soften(self, logits: Tensor, nodes: Tensor) -> Tensor:
        """Differentiable features [B, *P, W] of logits: how a network reads its own predictions."""

    @abstractmethod
    def loss(self, logits: Tensor, truth: Tensor, nodes: Tensor) -> Tensor:
        """Loss [B, *P] of logits [B, *P, W] against true values [B, *P]; finite at padding too."""

    def pack(self, values: Tensor, width: int, *, single: bool) -> Tensor:
        """Values in the fewest bytes, as runs and traces keep them.

        Args:
            values: [B, *P].
            width: the number N of rows for nodes.
            single: whether there is one value in each graph; such are kept ready to index with.
        """
        return values

    def unpack(self, values: Tensor, width: int) -> Tensor:
        """The values that ``pack`` packed; axes before those of the values stay."""
        return values

    def error(self, predicted: Tensor, truth: Tensor) -> Tensor:
        """Size of the difference [B, *P], floating point: 0 or 1 for a kind without distances."""
        return (~self.agreement(predicted, truth)).float()

    def agreement(self, predicted: Tensor, truth: Tensor, tolerance: float = 1e-5) -> Tensor:
        """Whether two values are the same [B, *P], bool; numbers within an absolute tolerance."""
        return predicted == truth

    def to_json(self) -> dict[str, Any]:
        """The kind as plain data, to be read by ``mechgap.kinds.catalog.kind_from_json``."""
        return {"kind": self.name}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The kind that ``to_json`` wrote."""
        return cls()
