"""Keeps the frames of runs that halt at different times, and shows them as arrays of equal length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

import torch
from torch import Tensor

from .updates import Change

State = dict[str, Tensor]

_ROOM = 2**30
"""Bytes of room for the frames of one variable at first; memory that is never written to costs nothing."""


class Segment:
    """Consecutive frames of the runs that had not halted when the first of them was made.

    Of a variable that keeps part of its old value, the changes are kept; of one that is made anew in
    each step, all frames, one after another in one array; of one that stays, one frame.

    Attributes:
        rows: [K] which runs.
        start: number of the first frame.
        count: number of frames so far.
        state: the last frame; what changes at a few places is changed in place.

    Args:
        rows: see above.
        start: see above.
        state: for frame 0 that frame; else the frame before the first.
        expected: an upper bound on the number of frames.
    """

    def __init__(self, rows: Tensor, start: int, state: State, expected: int) -> None:
        self.rows = rows
        self.start = start
        self.state = dict(state)
        self.count = int(start == 0)
        self._expected = expected
        self._entry: State = {}
        self._frames: State = {}
        self._changes: dict[str, list[list[Change]]] = {}

    def written(self, name: str, value: Tensor) -> Tensor:
        """The value of a variable in the next frame, kept as a whole."""
        if name not in self._frames:
            first = self.state[name]
            room = max(1, min(self._expected, max(16, _ROOM // max(1, first.nbytes))))
            self._frames[name] = first.new_empty((room, *first.shape))
            if self.count:
                self._frames[name][0] = first
        frames = self._frames[name]
        if len(frames) == self.count:
            self._frames[name] = frames.new_empty((2 * self.count, *frames.shape[1:]))
            self._frames[name][: self.count] = frames
        return self._frames[name][self.count].copy_(value)

    def opened(self, name: str) -> Tensor:
        """The last frame of a variable that is going to be changed in place."""
        if name not in self._entry:
            self._entry[name] = self.state[name].clone()
            self._changes[name] = []
        return self.state[name]

    def note(self, name: str, changes: list[Change]) -> None:
        """Keep the changes that made the next frame of a variable."""
        self._changes[name].append(changes)

    def stays(self, name: str) -> bool:
        """Whether a variable was never written."""
        return not self.is_whole(name) and name not in self._changes

    def is_whole(self, name: str) -> bool:
        """Whether all frames of a variable are kept as a whole."""
        return name in self._frames

    def frames(self, name: str) -> Tensor:
        """[count, K, …], all frames of a variable; expanded if it stays."""
        if name in self._frames:
            return self._frames[name][: self.count]
        if self.stays(name):
            return self.state[name].expand(self.count, *self.state[name].shape)
        last, found = self._entry[name], self._entry[name].new_empty((self.count, *self._entry[name].shape))
        if self.start == 0:
            found[0] = last
        for frame, changes in zip(found[self.start == 0 :], self._changes[name], strict=True):
            whole = [number for number, (flat, _) in enumerate(changes) if flat is None]
            if whole:
                last, changes = changes[whole[-1]][1], changes[whole[-1] + 1 :]
            cells = frame.copy_(last).view(-1)
            for flat, new in changes:
                assert flat is not None
                cells.index_copy_(0, flat, new)
            last = frame
        return found

    def extremes(self, name: str) -> tuple[float, float]:
        """The smallest and the largest value of a variable in all frames."""
        if name in self._changes:
            new = [value.reshape(-1) for changes in self._changes[name] for _, value in changes]
            value = torch.cat([self._entry[name].reshape(-1), *new])
        else:
            value = self.frames(name) if name in self._frames else self.state[name]
        low, high = torch.aminmax(value)
        return float(low), float(high)


class Recording:
    """The frames of a batch of runs.

    Attributes:
        lengths: [B], the number of frames of each run.
        segments: its frames.
    """

    def __init__(self, segments: list[Segment], lengths: Tensor) -> None:
        self.segments = segments
        self.lengths = lengths

    def frames(self, name: str) -> Tensor:
        """[T, B, …]; frames past the length of a run repeat its last one."""
        first, later = self.segments[0], self.segments[1:]
        found, total = first.frames(name), int(self.lengths.max())
        if all(segment.stays(name) for segment in self.segments):
            return found[:1].expand(total, *found.shape[1:])
        if not later:
            return found
        whole = found.new_empty((total, *found.shape[1:]))
        whole[: first.count] = found
        for before, segment in pairwise(self.segments):
            left = torch.ones(len(self.lengths), dtype=torch.bool, device=found.device)
            left[segment.rows] = False
            behind = left[before.rows]
            whole[segment.start :, before.rows[behind]] = before.state[name][behind]
            whole[segment.start : segment.start + segment.count, segment.rows] = segment.frames(name)
        return whole

    def last(self, name: str) -> Tensor:
        """[B, …], the last frame of each run."""
        state, later = self.segments[0].state[name], self.segments[1:]
        state = state.clone() if later else state
        for segment in later:
            state[segment.rows] = segment.state[name]
        return state

    def extremes(self, name: str) -> tuple[float, float]:
        """The smallest and the largest value of a variable."""
        bounds = [segment.extremes(name) for segment in self.segments]
        return min(low for low, _ in bounds), max(high for _, high in bounds)


class Packed(Mapping[str, Tensor]):
    """The frames of every variable, [T, B, …] packed, put together when they are first asked for.

    Args:
        names: of the variables.
        parts: recordings of consecutive parts of a batch.
    """

    def __init__(self, names: tuple[str, ...], parts: list[Recording]) -> None:
        self._names = names
        self._parts = parts
        self._found: State = {}

    def __getitem__(self, name: str) -> Tensor:
        if name not in self._found:
            if name not in self._names:
                raise KeyError(name)
            self._found[name] = _joined([part.frames(name) for part in self._parts])
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _joined(parts: list[Tensor]) -> Tensor:
    """Frames [T, B, …] of several batches, runs one after another, repeated to equal length."""
    if len(parts) == 1:
        return parts[0]
    frames = max(len(part) for part in parts)
    if all(part.stride(0) == 0 for part in parts):
        return torch.cat([part[0] for part in parts]).expand(frames, -1, *parts[0].shape[2:])
    found = parts[0].new_empty((frames, sum(part.shape[1] for part in parts), *parts[0].shape[2:]))
    start = 0
    for part in parts:
        stop = start + part.shape[1]
        found[: len(part), start:stop] = part
        found[len(part) :, start:stop] = part[-1]
        start = stop
    return found
