"""The shapes of rounds, one class for each family of networks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from ..errors import MechgapError

ATTEND = ("neighbours", "all")


@dataclass(frozen=True, kw_only=True)
class AbstractRoundConfig(ABC):
    """One round of messages and update.

    Attributes:
        width: width of relu(message + skip).
        mlp: widths of the ReLU layers after it; the last one (or ``width``) is the hidden width.
        attend: whether a node hears its "neighbours" or "all" nodes.
        pairs: widths of the ReLU layers at pairs; without any the vectors at pairs stay.
    """

    family: ClassVar[str]

    width: int = 128
    mlp: tuple[int, ...] = ()
    attend: str = "neighbours"
    pairs: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.attend not in ATTEND:
            raise MechgapError(
                "the configuration of a round",
                f"attend={self.attend!r}",
                " or ".join(ATTEND),
                "choose one of these",
            )

    @property
    def outcome(self) -> int:
        """Width of the hidden vectors that the round gives."""
        return self.mlp[-1] if self.mlp else self.width

    @property
    @abstractmethod
    def attentions(self) -> int:
        """How many attention matrices the round records."""

    @property
    @abstractmethod
    def widest(self) -> int:
        """How many numbers a pair of nodes takes at once."""

    def keeps(self, pairs: int) -> bool:
        """Whether the last layer at pairs gives vectors of a width."""
        return self.pairs[-1] == pairs

    def to_json(self) -> dict[str, Any]:
        """The shape as plain data."""
        data = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}
        return {"family": self.family, **data}


@dataclass(frozen=True, kw_only=True)
class AbstractAttentionConfig(AbstractRoundConfig):
    """A round in which every head attends others.

    Attributes:
        heads: attention heads; ``width`` is that of all heads together.
        edge_values: whether messages carry edge features.
        pair_reads: whether the first of the layers at pairs reads the pairs of the attended nodes too.
    """

    heads: int = 1
    edge_values: bool = False
    pair_reads: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, value in (*self.shared.items(), ("width", self.width)):
            if self.heads < 1 or value % self.heads or value < self.heads:
                raise MechgapError(
                    "the configuration of a round",
                    f"{name}={value}, heads={self.heads}",
                    f"a positive {name} that the heads divide",
                    f"choose a multiple of {max(1, self.heads)}",
                )

    @property
    @abstractmethod
    def shared(self) -> dict[str, int]:
        """The widths of what logits are made of, by name; the heads share them evenly."""

    @property
    def attentions(self) -> int:
        return self.heads

    @property
    def widest(self) -> int:
        return max((*self.shared.values(), *self.pairs))


@dataclass(frozen=True, kw_only=True)
class RoundConfig(AbstractAttentionConfig):
    """A round of GATv2.

    Attributes:
        mid: width of the attention's hidden layer, all heads together.
    """

    family = "gatv2"

    mid: int = 128

    @property
    def shared(self) -> dict[str, int]:
        return {"mid": self.mid}


@dataclass(frozen=True, kw_only=True)
class TransformerConfig(AbstractAttentionConfig):
    """A round of a graph transformer.

    Attributes:
        keys: width of the queries and of the keys, all heads together.
    """

    family = "transformer"

    keys: int = 128

    @property
    def shared(self) -> dict[str, int]:
        return {"keys": self.keys}


@dataclass(frozen=True, kw_only=True)
class MPNNConfig(AbstractRoundConfig):
    """A round of message passing with maximum aggregation.

    Attributes:
        pairs: widths of the ReLU layers that make messages at pairs; the first numbers of the last one
            are the new vectors at pairs, in networks that have such.
        received: width of the messages' maximum; 0 for a round without messages.
        triples: widths of the ReLU layers at triples of nodes.
        thirds: width of what pairs get of triples, the maximum over the third node; 0 for none.
        linked: whether only the first layer at pairs reads the ends and the edge, as in CLRS.
        gated: whether the new hidden vectors are mixed with the old ones; see ``Gate``.
    """

    family = "mpnn"

    received: int = 128
    triples: tuple[int, ...] = ()
    thirds: int = 0
    linked: bool = False
    gated: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.gated and not self.received:
            raise MechgapError(
                "the configuration of a round",
                "gated=True, received=0",
                "messages, which the gate reads",
                "set received to a width, or gated to False",
            )
        if (self.received or self.thirds) and not self.pairs:
            raise MechgapError(
                "the configuration of a round",
                f"received={self.received}, thirds={self.thirds} without layers at pairs",
                "at least one layer that makes messages",
                "add a width to pairs, or set both to 0",
            )

    @property
    def attentions(self) -> int:
        return 0

    @property
    def widest(self) -> int:
        return max((1, self.received, self.thirds, *self.pairs))

    def keeps(self, pairs: int) -> bool:
        return self.pairs[-1] >= pairs

    def to_json(self) -> dict[str, Any]:
        data = super().to_json()
        if not self.gated:  # so that files of rounds without a gate stay what they were
            del data["gated"]
        return data


def gatv2_shape(shape: AbstractRoundConfig, what: str) -> RoundConfig:
    """A shape that must be one of GATv2.

    Args:
        shape: of a round.
        what: is only done for GATv2; for the error.

    Raises:
        MechgapError: if it is of another family.
    """
    if isinstance(shape, RoundConfig):
        return shape
    raise MechgapError(
        what,
        f"a network of the family {shape.family}",
        "a GATv2 network",
        "compile or train for GATv2, or leave this out",
    )


def ungated(shape: AbstractRoundConfig, what: str) -> None:
    """Refuse a round with a gate.

    Args:
        shape: of a round.
        what: is not done for gates; for the error.

    Raises:
        MechgapError: if there is a gate.
    """
    if isinstance(shape, MPNNConfig) and shape.gated:
        raise MechgapError(what, "a round with a gate", "rounds without gates", "train without gating")


SHAPES: tuple[type[AbstractRoundConfig], ...] = (RoundConfig, MPNNConfig, TransformerConfig)


def shape_from_json(data: dict[str, Any]) -> AbstractRoundConfig:
    """The shape that ``to_json`` wrote; files from before other families say no family."""
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
    family = fields.pop("family", RoundConfig.family)
    families = {shape.family: shape for shape in SHAPES}
    return families[family](**fields)
