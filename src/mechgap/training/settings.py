"""The settings of a training run, and presets of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from ..errors import CheckpointError, NotFoundError, TrainingError
from ..lang.program import Interface
from ..nets.config import NetworkConfig, clrs_config


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """How a network is trained.

    Attributes:
        hidden: width of the network.
        heads: attention heads.
        layer_norm: whether a step ends in a layer normalisation.
        attend: whether a node attends its "neighbours" or "all" nodes.
        edge_values: whether messages carry edge features (CLRS has none).
        sizes: nodes of the training graphs; step k draws graphs of the k-th, in turn.
        batch: graphs in a step.
        connectivity: edge probabilities, of which every graph draws one.
        steps: number of updates.
        learning_rate: of Adam.
        clip: largest norm of the gradient.
        l1: weight of the sum of the absolute values of all weights in the loss.
        teacher_forcing: probability that a graph reads the true hints of a frame, not its own.
        soft: whether own hints are fed back as probabilities rather than as decoded values.
        seed: of the first weights and of everything that is drawn.
        threads: of the processor; the weights depend on it in their last bits. The tensors are small
            and made to fit the cache of one core: on a busy machine, two threads take many times longer.
        validate_every, checkpoint_every: in steps.
    """

    hidden: int = 128
    heads: int = 1
    layer_norm: bool = True
    attend: str = "neighbours"
    edge_values: bool = False
    sizes: tuple[int, ...] = (4, 7, 11, 13, 16)
    batch: int = 32
    connectivity: tuple[float, ...] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    steps: int = 10_000
    learning_rate: float = 1e-3
    clip: float = 1.0
    l1: float = 0.0
    teacher_forcing: float = 0.0
    soft: bool = True
    seed: int = 0
    threads: int = 1
    validate_every: int = 500
    checkpoint_every: int = 500

    def __post_init__(self) -> None:
        rules = {
            "hidden": self.hidden >= 1 and self.heads >= 1 and self.hidden % self.heads == 0,
            "sizes": len(self.sizes) > 0 and min(self.sizes, default=0) >= 1,
            "batch": self.batch >= 1,
            "connectivity": len(self.connectivity) > 0 and all(0 <= p <= 1 for p in self.connectivity),
            "steps": self.steps >= 0,
            "learning_rate": 0 < self.learning_rate < float("inf"),
            "clip": self.clip > 0,
            "l1": self.l1 >= 0,
            "teacher_forcing": 0 <= self.teacher_forcing <= 1,
            "threads": self.threads >= 1,
            "validate_every": self.validate_every >= 1,
            "checkpoint_every": self.checkpoint_every >= 1,
        }
        for name, holds in rules.items():
            if not holds:
                raise TrainingError(
                    f"training settings, {name}",
                    f"{getattr(self, name)}",
                    _EXPECTED.get(name, "a positive number"),
                    f"change {name}",
                )

    def network(self, interface: Interface) -> NetworkConfig:
        """The network of the CLRS benchmark in the size that is set."""
        return clrs_config(interface, self.hidden, self.heads, self.layer_norm, self.attend, self.edge_values)

    def size(self, step: int) -> int:
        """Number of nodes of the graphs of a step."""
        return self.sizes[step % len(self.sizes)]

    def to_json(self) -> dict[str, Any]:
        """The settings as plain data."""
        return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> TrainingSettings:
        """The settings that ``to_json`` wrote.

        Raises:
            CheckpointError: if the data are not settings.
        """
        known = {field.name for field in fields(cls)}
        if set(data) != known:
            given = ", ".join(sorted(set(data) ^ known))
            raise CheckpointError(
                "training settings",
                f"other settings than those of this version: {given}",
                "data written by TrainingSettings.to_json",
                "train again with this version of mechgap",
            )
        values: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in data.items()}
        return cls(**values)


_EXPECTED = {
    "hidden": "a width that the heads divide",
    "sizes": "one or more numbers of nodes, each at least 1",
    "connectivity": "one or more probabilities",
    "steps": "0 or more",
    "l1": "0 or more",
    "teacher_forcing": "a probability",
}

PRESETS = {
    "clrs": TrainingSettings(),
    "quick": TrainingSettings(
        hidden=64, steps=1000, learning_rate=2e-3, validate_every=100, checkpoint_every=100
    ),
}
"""``clrs``: as the benchmark trains. ``quick``: about a minute for BFS on two CPU cores."""


def preset(name: str) -> TrainingSettings:
    """The settings of that name.

    Raises:
        NotFoundError: if there are none.
    """
    if name not in PRESETS:
        raise NotFoundError(
            "training presets", repr(name), f"one of {', '.join(PRESETS)}", "correct the name"
        )
    return PRESETS[name]
