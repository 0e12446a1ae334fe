"""The exceptions of mechgap; every message says where, what was given, what was expected and what to do.

MechgapError
├── ProgramError        a program is malformed (all faults at once)
├── GraphError          a graph or an input value cannot be used
├── RangeError          a run left the range that a program declares
├── FileFormatError     a file is missing, corrupt or of another format
├── NotFoundError       no program, task or option has that name
├── Refusal             the compiler cannot express or certify a program
├── TrainingError       training cannot start or go on
└── CheckpointError     a checkpoint is corrupt, foreign or does not fit
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One fault in four parts.

    Attributes:
        where: program, variable, operation or file that is at fault.
        given: what was found there.
        expected: what would have been right.
        remedy: what to do about it.
    """

    where: str
    given: str
    expected: str
    remedy: str

    def __str__(self) -> str:
        return (
            f"{self.where}\n    given:    {self.given}\n    expected: {self.expected}\n"
            f"    do:       {self.remedy}"
        )


class MechgapError(Exception):
    """Base of every error that mechgap raises on purpose.

    Args:
        where, given, expected, remedy: the four parts of the message.
    """

    def __init__(self, where: str, given: str, expected: str, remedy: str) -> None:
        self.faults: tuple[Fault, ...] = (Fault(where, given, expected, remedy),)
        super().__init__(str(self.faults[0]))

    @classmethod
    def of(cls, faults: Sequence[Fault]) -> MechgapError:
        """One error that carries several faults."""
        first = faults[0]
        error = cls(first.where, first.given, first.expected, first.remedy)
        error.faults = tuple(faults)
        error.args = ("\n".join(str(fault) for fault in faults),)
        return error


class ProgramError(MechgapError):
    """A program is malformed."""


class GraphError(MechgapError):
    """A graph or an input value cannot be used by a program."""


class RangeError(MechgapError):
    """A value left the range that its variable declares."""


class FileFormatError(MechgapError):
    """A file is missing, corrupt or of another format."""


class NotFoundError(MechgapError):
    """No program, task or option has that name."""


class Refusal(MechgapError):
    """The compiler cannot express a program in a target, or cannot certify that it is exact."""


class TrainingError(MechgapError):
    """Training cannot start or go on."""


class CheckpointError(MechgapError):
    """A checkpoint is corrupt, foreign, or does not fit the network."""
