"""Scores parameters in the unmodified network of the CLRS benchmark, on the benchmark's own samples.

Needs dm-clrs (the extra ``clrs``), which is imported when it is used.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import FileFormatError, MechgapError

if TYPE_CHECKING:
    from ..compiler.stock.parameters import Stock

ABOUT = "stock"
"""Entry of a file that holds all but the arrays."""

CELLS = 2**22
"""Numbers at pairs of nodes that one batch may have."""


@dataclass(frozen=True)
class StockScore:
    """How well parameters do.

    Attributes:
        n: number of nodes.
        samples: how many there were.
        seed: of the sampler.
        steps: of the longest run.
        score: the benchmark's own score of the outputs, 1 at best.
        outputs: name -> share of values that are right.
        hints: name -> share of values that are right at all steps; of scalars, those that are right
            to 1e-4 (of the largest value, if that is above 1).
    """

    n: int
    samples: int
    seed: int
    steps: int
    score: float
    outputs: Mapping[str, float]
    hints: Mapping[str, float]

    @property
    def exact(self) -> bool:
        """Whether every output is right."""
        return self.score == 1.0 and all(value == 1.0 for value in self.outputs.values())

    @property
    def hints_exact(self) -> bool:
        """Whether every hint is right at every step."""
        return all(value == 1.0 for value in self.hints.values())


def save_stock(stock: Stock, path: str | Path) -> None:
    """Write parameters to an .npz file: the arrays by their names, and ``stock``, the rest as JSON."""
    about = {key: value for key, value in vars(stock).items() if key != "arrays"}
    np.savez(path, **{ABOUT: np.array(json.dumps(about))}, **stock.arrays)  # type: ignore[arg-type]


def load_stock(path: str | Path) -> Stock:
    """The parameters that ``save_stock`` wrote.

    Raises:
        FileFormatError: if the file is another one.
    """
    from ..compiler.stock.parameters import Stock

    try:
        with np.load(path) as file:
            about = json.loads(str(file[ABOUT]))
            arrays = {key: file[key] for key in file.files if key != ABOUT}
        return Stock(arrays=arrays, **{**about, "silent": tuple(about["silent"])})
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise FileFormatError(
            str(path),
            f"{type(error).__name__}: {error}",
            "a file that `mechgap stock` wrote",
            "write it again",
        ) from error


def score_stock(stock: Stock, length: int, samples: int, seed: int) -> StockScore:
    """The score of parameters, by the benchmark's ``evaluate`` on samples of its ``build_sampler``.

    Permutations of the sorts are scored as pointers, which the benchmark calls not enforcing them.

    Args:
        stock: the parameters.
        length: of the samples.
        samples: how many.
        seed: of the sampler.

    Raises:
        MechgapError: if dm-clrs is not installed.
    """
    clrs = _clrs()
    sampler, spec = clrs.build_sampler(stock.task, seed=seed, num_samples=samples, length=length)
    size = max(1, CELLS // (length**2 * stock.width))
    spec, batches = clrs.process_permutations(spec, _batches(sampler, samples, size), False)
    counted = _Counted(stock.silent)
    model = None
    done, taken = [], 0
    for feedback in batches:
        if model is None:
            model = stock_model(stock, spec, feedback)
        outputs, hints = model.predict(_key(), feedback.features, return_hints=True)
        counted.add(feedback, outputs, [_decided(spec, hint) for hint in hints])
        done.append((feedback.outputs, outputs))
        taken += len(feedback.features.lengths)
        if taken >= samples:
            break
    return StockScore(
        length,
        taken,
        seed,
        counted.steps,
        _score(clrs, done),
        counted.shares("output"),
        counted.shares("hint"),
    )


def stock_model(stock: Stock, spec: Any, feedback: Any) -> Any:
    """The benchmark's ``BaselineModel`` with the parameters.

    Args:
        stock: the parameters.
        spec: of the algorithm, as ``build_sampler`` gives it.
        feedback: any sample.
    """
    clrs = _clrs()
    factory = clrs.get_processor_factory(
        stock.processor, use_ln=False, nb_triplet_fts=8, nb_heads=stock.heads
    )
    model = clrs.models.BaselineModel(
        spec,
        feedback,
        processor_factory=factory,
        hidden_dim=stock.width,
        encode_hints=False,
        decode_hints=True,
        nb_msg_passing_steps=stock.rounds,
        hint_repred_mode="hard",
    )
    model.params = tree(stock.arrays)
    return model


def tree(arrays: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Parameters as the benchmark nests them: module -> name -> array."""
    nested: dict[str, dict[str, Any]] = {}
    for key, array in arrays.items():
        module, _, name = key.rpartition("/")
        nested.setdefault(module, {})[name] = array
    return nested


def _batches(sampler: Any, samples: int, size: int) -> Iterator[Any]:
    for first in range(0, samples, size):
        yield sampler.next(min(size, samples - first))


def _clrs() -> Any:
    try:
        import clrs
    except ImportError as error:
        raise MechgapError(
            "the network of the CLRS benchmark",
            f"no dm-clrs ({error})",
            "dm-clrs 2.0.3 or later, with jax",
            "pip install 'mechgap[clrs]', in an environment of its own",
        ) from error
    return clrs


def _key() -> Any:
    import jax

    return jax.random.PRNGKey(0)


def _decided(spec: Any, logits: Any) -> Any:
    """Hints as the benchmark makes them of logits for its own scores."""
    from clrs._src import decoders

    return decoders.postprocess(spec, logits, sinkhorn_temperature=0.1, sinkhorn_steps=50, hard=True)


def _score(clrs: Any, done: list[tuple[Any, Any]]) -> float:
    """The benchmark's score of all batches together."""
    truths = [_joined([outputs[k] for outputs, _ in done]) for k in range(len(done[0][0]))]
    found = {name: _joined([predicted[name] for _, predicted in done]) for name in done[0][1]}
    return float(clrs.evaluate(truths, found)["score"])


def _joined(points: list[Any]) -> Any:
    from clrs import DataPoint

    first = points[0]
    data = np.concatenate([np.asarray(point.data) for point in points])
    return DataPoint(name=first.name, location=first.location, type_=first.type_, data=data)


class _Counted:
    """Counts the values that are right.

    Args:
        silent: hints that are not decoded.
    """

    def __init__(self, silent: tuple[str, ...]) -> None:
        self._silent = silent
        self._found: dict[tuple[str, str], list[int]] = {}
        self.steps = 0

    def add(self, feedback: Any, outputs: Any, hints: Any) -> None:
        """Count a batch."""
        lengths = np.asarray(feedback.features.lengths)
        self.steps = max(self.steps, int(lengths.max()) - 1)
        for truth in feedback.outputs:
            self._count("output", truth, np.asarray(outputs[truth.name].data), np.asarray(truth.data))
        for truth in feedback.features.hints:
            if truth.name in self._silent:
                continue
            for step, predicted in enumerate(hints, 1):
                live = step < lengths
                if live.any():
                    found = np.asarray(predicted[truth.name].data)[live]
                    self._count("hint", truth, found, np.asarray(truth.data)[step][live])

    def shares(self, part: str) -> dict[str, float]:
        """Name -> share of values that are right."""
        return {
            name: right / total
            for (kind, name), (right, total) in self._found.items()
            if kind == part and total
        }

    def _count(self, part: str, truth: Any, found: Any, wanted: Any) -> None:
        if truth.type_ == _clrs().Type.SCALAR:
            right = np.abs(found - wanted) <= 1e-4 * max(1.0, np.abs(wanted).max(initial=0.0))
        else:
            right = (found == wanted) | (wanted == -1)
        counts = self._found.setdefault((part, truth.name), [0, 0])
        counts[0] += int(right.sum())
        counts[1] += right.size
