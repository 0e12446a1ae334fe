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

    def to_json(self) -> dict[str, Any]:
        """The shape as plain data."""
        data = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}
        return {"family": self.family, **data}


@dataclass(frozen=True, kw_only=True)
class RoundConfig(AbstractRoundConfig):
    """A round of GATv2.

    Attributes:
        heads: attention heads.
        mid: width of the attention's hidden layer, all heads together.
        width: width of relu(message + skip), all heads together.
        edge_values: whether messages carry edge features.
        pair_reads: whether the first of the layers at pairs reads the pairs of the attended nodes too.
    """

    family = "gatv2"

    heads: int = 1
    mid: int = 128
    edge_values: bool = False
    pair_reads: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, value in (("mid", self.mid), ("width", self.width)):
            if self.heads < 1 or value % self.heads or value < self.heads:
                raise MechgapError(
                    "the configuration of a round",
                    f"{name}={value}, heads={self.heads}",
                    f"a positive {name} that the heads divide",
                    f"choose a multiple of {max(1, self.heads)}",
                )

    @property
    def attentions(self) -> int:
        return self.heads

    @property
    def widest(self) -> int:
        return max((self.mid, *self.pairs))


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


SHAPES: tuple[type[AbstractRoundConfig], ...] = (RoundConfig,)


def shape_from_json(data: dict[str, Any]) -> AbstractRoundConfig:
    """The shape that ``to_json`` wrote; files from before other families say no family."""
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
    family = fields.pop("family", RoundConfig.family)
    families = {shape.family: shape for shape in SHAPES}
    return families[family](**fields)
