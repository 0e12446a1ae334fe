"""The training loop of several seeds: all advance together, each keeps its own checkpoint and history."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ..errors import TrainingError
from .checkpoint import save
from .interruption import Interruption
from .loop import Company, Source, threads
from .run import Entry, Run
from .stack import Stack

Terms = Mapping[str, float]


@dataclass(frozen=True)
class Member:
    """A run of a team.

    Attributes:
        run: a new or a resumed one.
        source: gives its data.
        company: its validation and checkpoint file; there is no bar.
    """

    run: Run
    source: Source
    company: Company = field(default_factory=Company)

    @property
    def open(self) -> bool:
        """Whether it has steps left to do and can do them."""
        return not self.run.done and self.run.error is None

    def note(self, terms: Terms) -> None:
        """Validate and save after a step, if it is time to."""
        run, settings, company = self.run, self.run.settings, self.company
        if company.validate and (run.step % settings.validate_every == 0 or run.done):
            run.history.append(Entry(run.step, terms, dict(company.validate(run.network))))
        if run.step % settings.checkpoint_every == 0 and not run.done:
            self.save()

    def save(self) -> None:
        """Write the checkpoint, if there is a file for it."""
        if self.company.checkpoint:
            save(self.run, self.company.checkpoint)


def train_team(
    members: Sequence[Member], together: int = 8, watch: Callable[[Sequence[Member]], None] | None = None
) -> bool:
    """Do the steps of several runs that are left.

    Those that lag behind go first until all are at one step. A run whose loss is no number stops alone,
    with ``run.error`` set and its weights and checkpoint as they were before that step. Ctrl-C ends all
    after the current step, with the checkpoints written.

    Args:
        members: runs of the same settings but for the seed.
        together: how many are stacked at most; with 1 they advance in turns, bit for bit as alone.
        watch: told of every step before it is done.

    Returns:
        Whether all came to their end or to an error; False if they were interrupted.

    Raises:
        TrainingError: if the runs do not go together.
    """
    stacks: dict[tuple[int, ...], Stack] = {}
    with threads(members[0].run.settings.threads if members else 1), Interruption() as interruption:
        while not interruption.asked and (group := _next(members)):
            if watch:
                watch(members)
            parts = [group[start : start + together] for start in range(0, len(group), together)]
            stacks = {key: stack for key, stack in stacks.items() if key in map(_key, parts)}
            for part in parts:
                for member, terms in zip(part, _advanced(part, stacks), strict=True):
                    if terms is not None:
                        member.note(terms)
        for member in members:
            member.save()
    return not any(member.open for member in members)


def _next(members: Sequence[Member]) -> list[Member]:
    """Those that have done the fewest steps of those that are open."""
    left = [member for member in members if member.open]
    first = min((member.run.step for member in left), default=0)
    return [member for member in left if member.run.step == first]


def _key(part: Sequence[Member]) -> tuple[int, ...]:
    return tuple(id(member.run) for member in part)


def _advanced(part: Sequence[Member], stacks: dict[tuple[int, ...], Stack]) -> list[Terms | None]:
    """Do a step of some runs, stacked if there are several; the terms of their losses."""
    given = [member.source(member.run.step) for member in part]
    if len(part) == 1:
        run = part[0].run
        try:
            return [run.advance(given[0])]
        except TrainingError as error:
            run.error = error
            return [None]
    if _key(part) not in stacks:
        stacks[_key(part)] = Stack(member.run for member in part)
    return [*stacks[_key(part)].advance(given)]
