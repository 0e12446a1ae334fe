"""The official training, validation and test sets of the CLRS benchmark."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ....errors import NotFoundError
from .inputs import clrs_dataset
from .recipes import recipe_of

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Split:
    """One of the sets.

    Attributes:
        name: ``train``, ``val`` or ``test``.
        seed: of the sampler.
        size: length of each sample.
        count: number of samples.
    """

    name: str
    seed: int
    size: int
    count: int


SPLITS = (Split("train", 1, 16, 1000), Split("val", 2, 16, 32), Split("test", 3, 64, 32))
"""The sets of a task that answers at every node."""

REPEATS = {
    "binary_search": 64,
    "find_maximum_subarray_kadane": 32,
    "kmp_matcher": 64,
    "minimum": 64,
    "naive_string_matcher": 64,
    "quickselect": 64,
    "segments_intersect": 64,
}
"""By how much the validation and test sets are larger for tasks whose answer is short."""


def split_of(task: str, name: str) -> Split:
    """The numbers of a set.

    Args:
        task: one of the benchmark's thirty.
        name: ``train``, ``val`` or ``test``.

    Raises:
        NotFoundError: if there is no such task or set.
    """
    recipe_of(task)
    for split in SPLITS:
        if split.name == name:
            repeats = 1 if name == "train" else REPEATS.get(task, 1)
            return replace(split, count=split.count * repeats)
    names = ", ".join(split.name for split in SPLITS)
    raise NotFoundError("the sets of the CLRS benchmark", repr(name), f"one of {names}", "correct the name")


def clrs_split(task: str, name: str) -> dict[str, NDArray[Any]]:
    """The inputs of an official set, each sample once, in order; see ``clrs_dataset`` for the layout.

    These are the samples from which the benchmark's package builds the set that it offers for download,
    drawn as its version 2.0.3 does; positions are not random.

    Args:
        task, name: see ``split_of``.

    Raises:
        NotFoundError: if there is no such task or set.
    """
    split = split_of(task, name)
    return clrs_dataset(task, split.seed, split.count, split.size)
