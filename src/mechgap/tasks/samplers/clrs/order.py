"""What is asked of a sampler of the CLRS benchmark."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Order:
    """So many samples of one length.

    Attributes:
        count: number of samples, at least 1.
        length: size of each; the number of nodes where a task says nothing else.
        chances: probabilities of an edge, of which each sample draws one; empty if edges are
            not random.
        needle: letters of the string that is sought; None for the benchmark's share of the length, and
            -k for a number that each sample draws from 1 to k.
    """

    count: int
    length: int
    chances: tuple[float, ...] = ()
    needle: int | None = None
