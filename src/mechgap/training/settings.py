"""The settings of a training run, and presets of them."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from ..errors import CheckpointError, NotFoundError, TrainingError
from ..lang.program import Interface
from ..nets.config import NetworkConfig, clrs_config, mpnn_config, transformer_config

FAMILIES = ("gatv2", "mpnn", "transformer")
HINTS = ("encoded_decoded", "decoded_only", "none")
CLIPS = ("norm", "value")
SCHEDULES = ("constant", "cosine", "warmup_cosine")
LATER = (
    *("family", "rounds", "triplets", "gating", "hints", "random_pos", "schedule", "warmup"),
    *("weight_decay", "patience", "clip_by", "truncate", "attention", "attention_heads", "internal"),
    "device",
)
"""Settings that plain data name only where they are not the default, as there once were none of them."""


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """How a network is trained.

    What says the shape of the network counts for new networks only, not for those that are given.

    Attributes:
        family: "gatv2", "mpnn" or "transformer".
        hidden: width of the network.
        heads: attention heads.
        rounds: of messages in a step, each with weights of its own.
        layer_norm: whether a round ends in a layer normalisation.
        attend: whether a node hears its "neighbours" or "all" nodes; an mpnn that hears neighbours is
            the benchmark's pgn.
        edge_values: whether messages of attention carry edge features (CLRS has none).
        triplets: whether an mpnn keeps vectors at pairs that read triples of nodes; see ``mpnn_config``.
        gating: whether an mpnn mixes new hidden vectors with old ones; see ``mechgap.nets.gate``.
        hints: "encoded_decoded" as usual; "decoded_only" for a network that predicts hints and does not
            read them; "none" for one that is trained on outputs alone.
        sizes: nodes of the training graphs; step k draws graphs of the k-th, in turn.
        batch: graphs in a step.
        connectivity: edge probabilities, of which every graph draws one.
        random_pos: whether the input ``pos`` is sorted random numbers in training, and not i / N.
        steps: number of updates.
        learning_rate: of Adam; the largest one of a schedule.
        schedule: "constant"; "cosine" down to 0 at the last step; "warmup_cosine", which first rises.
        warmup: share of the steps in which the rate rises to its largest, for "warmup_cosine".
        weight_decay: share of every weight, times the rate, that a step takes away (Loshchilov and
            Hutter, 2019).
        patience: after how many validations without a better score "valid" a run ends; 0 for never.
        clip: largest norm of the gradient.
        clip_by: "norm", or "value" for which every number of the gradient is cut off at ``clip``; compiled
            networks need that, some of whose weights are so large that one part drowns all others.
        truncate: after how many steps of a run gradients stop going back in time; 0 for never.
        l1: weight of the sum of the absolute values of all weights in the loss.
        attention: weight of attention supervision in the loss; see ``mechgap.training.supervision``.
        attention_heads: for each selection of the program, which head is supervised, counted through
            all rounds from 0; by default the k-th for selection k.
        internal: weight of the loss of linear readouts of the program's internal variables.
        teacher_forcing: probability that a graph reads the true hints of a frame, not its own.
        soft: whether own hints are fed back as probabilities rather than as decoded values.
        seed: of the first weights and of everything that is drawn.
        threads: of the processor; the weights depend on it in their last bits. The tensors are small
            and made to fit the cache of one core: on a busy machine, two threads take many times longer.
        device: on which it is trained: "cpu", or an accelerator such as "cuda". Data are made on the
            processor. The weights depend on it by rounding, which training makes larger.
        validate_every, checkpoint_every: in steps.
    """

    family: str = "gatv2"
    hidden: int = 128
    heads: int = 1
    rounds: int = 1
    layer_norm: bool = True
    attend: str = "neighbours"
    edge_values: bool = False
    triplets: bool = False
    gating: bool = False
    hints: str = "encoded_decoded"
    sizes: tuple[int, ...] = (4, 7, 11, 13, 16)
    batch: int = 32
    connectivity: tuple[float, ...] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    random_pos: bool = False
    steps: int = 10_000
    learning_rate: float = 1e-3
    schedule: str = "constant"
    warmup: float = 0.05
    weight_decay: float = 0.0
    patience: int = 0
    clip: float = 1.0
    clip_by: str = "norm"
    truncate: int = 0
    l1: float = 0.0
    attention: float = 0.0
    attention_heads: tuple[int, ...] = ()
    internal: float = 0.0
    teacher_forcing: float = 0.0
    soft: bool = True
    seed: int = 0
    threads: int = 1
    device: str = "cpu"
    validate_every: int = 500
    checkpoint_every: int = 500

    def __post_init__(self) -> None:
        for name, holds in self._rules().items():
            if not holds:
                raise TrainingError(
                    f"training settings, {name}",
                    f"{getattr(self, name)}",
                    _EXPECTED.get(name, "a positive number"),
                    f"change {name}",
                )
        for name, usual, families in _PARTS:
            if getattr(self, name) != usual and self.family not in families:
                raise TrainingError(
                    f"training settings, {name}",
                    f"{name} = {getattr(self, name)} with family = {self.family}",
                    f"a network of the family {' or '.join(families)}, which has such a part",
                    f"set family, or leave {name} at {usual}",
                )

    def _rules(self) -> dict[str, bool]:
        """Whether what is set makes sense, by name."""
        return {
            "family": self.family in FAMILIES,
            "hidden": self.hidden >= 1 and self.heads >= 1 and self.hidden % self.heads == 0,
            "rounds": self.rounds >= 1,
            "attend": self.attend in ("neighbours", "all"),
            "hints": self.hints in HINTS,
            "sizes": len(self.sizes) > 0 and min(self.sizes, default=0) >= 1,
            "batch": self.batch >= 1,
            "connectivity": len(self.connectivity) > 0 and all(0 <= p <= 1 for p in self.connectivity),
            "steps": self.steps >= 0,
            "learning_rate": 0 < self.learning_rate < math.inf,
            "schedule": self.schedule in SCHEDULES,
            "warmup": 0 <= self.warmup <= 1,
            "weight_decay": 0 <= self.weight_decay * self.learning_rate < 1,
            "patience": self.patience >= 0,
            "clip": self.clip > 0,
            "clip_by": self.clip_by in CLIPS,
            "truncate": self.truncate >= 0,
            "l1": self.l1 >= 0,
            "attention": 0 <= self.attention < math.inf,
            "attention_heads": all(head >= 0 for head in self.attention_heads),
            "internal": 0 <= self.internal < math.inf,
            "teacher_forcing": 0 <= self.teacher_forcing <= 1,
            "threads": self.threads >= 1,
            "device": bool(self.device),
            "validate_every": self.validate_every >= 1,
            "checkpoint_every": self.checkpoint_every >= 1,
        }

    def network(self, interface: Interface) -> NetworkConfig:
        """A network of the family in the size that is set: the CLRS benchmark's, where it has one."""
        hidden, norm, attend = self.hidden, self.layer_norm, self.attend
        if self.family == "mpnn":
            config = mpnn_config(interface, hidden, norm, attend, self.triplets, self.gating)
        else:
            make = transformer_config if self.family == "transformer" else clrs_config
            config = make(interface, hidden, self.heads, norm, attend, self.edge_values)
        reads = self.hints == "encoded_decoded"
        return replace(config, rounds=config.rounds * self.rounds, encode_hints=reads)

    def size(self, step: int) -> int:
        """Number of nodes of the graphs of a step."""
        return self.sizes[step % len(self.sizes)]

    def rate(self, step: int) -> float:
        """The learning rate of a step, the first of which is 0."""
        if self.schedule == "constant":
            return self.learning_rate
        rising = math.ceil(self.warmup * self.steps) if self.schedule == "warmup_cosine" else 0
        if step < rising:
            return self.learning_rate * (step + 1) / (rising + 1)
        done = min(1.0, (step - rising) / max(1, self.steps - rising))
        return self.learning_rate * (1 + math.cos(math.pi * done)) / 2

    def to_json(self) -> dict[str, Any]:
        """The settings as plain data; those in ``LATER`` only where they are not the default."""
        usual = {field.name: field.default for field in fields(self) if field.name in LATER}
        kept = {name: v for name, v in asdict(self).items() if name not in usual or v != usual[name]}
        return {name: list(v) if isinstance(v, tuple) else v for name, v in kept.items()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> TrainingSettings:
        """The settings that ``to_json`` wrote.

        Raises:
            CheckpointError: if the data are not settings.
        """
        known = {field.name for field in fields(cls)}
        wrong = (set(data) - known) | (known - set(LATER) - set(data))
        if wrong:
            raise CheckpointError(
                "training settings",
                f"other settings than those of this version: {', '.join(sorted(wrong))}",
                "data written by TrainingSettings.to_json",
                "train again with this version of mechgap",
            )
        values: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in data.items()}
        return cls(**values)


_PARTS: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
    ("heads", 1, ("gatv2", "transformer")),
    ("edge_values", False, ("gatv2", "transformer")),
    ("attention", 0.0, ("gatv2", "transformer")),
    ("triplets", False, ("mpnn",)),
    ("gating", False, ("mpnn",)),
)
"""Settings of parts that not all families have, what leaves the part out, and the families."""

_EXPECTED = {
    "family": f"one of {', '.join(FAMILIES)}",
    "hidden": "a width that the heads divide",
    "attend": "neighbours or all",
    "hints": f"one of {', '.join(HINTS)}",
    "sizes": "one or more numbers of nodes, each at least 1",
    "connectivity": "one or more probabilities",
    "steps": "0 or more",
    "schedule": f"one of {', '.join(SCHEDULES)}",
    "warmup": "a share from 0 to 1",
    "weight_decay": "0 or more, and below 1 when multiplied by learning_rate",
    "patience": "0 or more",
    "clip_by": f"one of {', '.join(CLIPS)}",
    "truncate": "0 or more",
    "l1": "0 or more",
    "attention": "0 or more",
    "attention_heads": "numbers of heads, from 0",
    "internal": "0 or more",
    "teacher_forcing": "a probability",
    "device": "cpu, cuda or the name of another device of PyTorch",
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
