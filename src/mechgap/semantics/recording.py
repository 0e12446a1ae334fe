"""Keeps the frames of runs that halt at different times, and shows them as arrays of equal length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from .room import check_room
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
            _check(name, room, first)
            self._frames[name] = first.new_empty((room, *first.shape))
            if self.count:
                self._frames[name][0] = first
        frames = self._frames[name]
        if len(frames) == self.count:
            _check(name, self.count, frames[0])  # the old ones make room for as many later
            self._frames[name] = frames.new_empty((2 * self.count, *frames.shape[1:]))
            self._frames[name][: self.count] = frames
        return self._frames[name][self.count].copy_(value)

    def owns(self, name: str) -> bool:
        """Whether the last frame of a variable is nowhere else, so that it may be changed in place."""
        frames = self._changes.get(name, [])
        return bool(frames) and all(flat is not None for flat, _ in frames[-1])

    def note(self, name: str, changes: list[Change]) -> None:
        """Keep the changes that made the next frame of a variable."""
        if name not in self._changes:
            self._entry[name] = self.state[name]
            self._changes[name] = []
        self._changes[name].append(changes)

    def stays(self, name: str) -> bool:
        """Whether a variable was never written."""
        return not self.is_whole(name) and name not in self._changes

    def is_whole(self, name: str) -> bool:
        """Whether all frames of a variable are kept as a whole."""
        return name in self._frames

    def first(self, name: str) -> Tensor:
        """[K, …], the first frame of a variable; in later segments the frame before it."""
        if name in self._frames and self.start == 0:
            return self._frames[name][0]
        return self._entry.get(name, self.state[name])

    def whole(self, name: str) -> Tensor:
        """[count, K, …], all frames of a variable that is kept as a whole."""
        return self._frames[name][: self.count]

    def play(self, name: str, current: Tensor, out: Tensor) -> None:
        """Write the frames of a variable, one after another.

        Args:
            name: of the variable.
            current: [B, …], the frame before the first for all runs; afterwards the last one.
            out: [T, B, …], where they are written.
        """
        everyone, new = len(self.rows) == len(current), int(self.start == 0)
        if self.is_whole(name) and everyone:
            out[self.start : self.start + self.count] = self.whole(name)
            current.copy_(out[self.start + self.count - 1])
            return
        offset = (self.rows - torch.arange(len(self.rows), device=self.rows.device)) * current[0].numel()
        for frame in range(new, self.count):
            if self.is_whole(name):
                current.index_copy_(0, self.rows, self._frames[name][frame])
            for flat, value in self._changes[name][frame - new] if name in self._changes else ():
                if flat is None:
                    current.index_copy_(0, self.rows, value)
                    continue
                moved = flat if everyone else flat + offset[flat // current[0].numel()]
                current.view(-1).index_copy_(0, moved, value)
            out[self.start + frame].copy_(current)

    def extremes(self, name: str) -> tuple[float, float]:
        """The smallest and the largest value of a variable in all frames."""
        if name in self._changes:
            new = [value.reshape(-1) for changes in self._changes[name] for _, value in changes]
            value = torch.cat([self._entry[name].reshape(-1), *new])
        else:
            value = self.whole(name) if self.is_whole(name) else self.state[name]
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

    @property
    def count(self) -> int:
        """The number T of frames of the longest run."""
        return int(self.lengths.max())

    def stays(self, name: str) -> bool:
        """Whether a variable was never written."""
        return all(segment.stays(name) for segment in self.segments)

    def first(self, name: str) -> Tensor:
        """[B, …], the first frame."""
        return self.segments[0].first(name)

    def frames(self, name: str) -> Tensor:
        """[T, B, …]; frames past the length of a run repeat its last one."""
        first, (segment, *later) = self.first(name), self.segments
        if self.stays(name):
            return first.expand(self.count, *first.shape)
        if not later and segment.is_whole(name):
            return segment.whole(name)
        _check(name, self.count, first)
        out = first.new_empty((self.count, *first.shape))
        self.play(name, out)
        return out

    def play(self, name: str, out: Tensor) -> None:
        """Write all frames [T, B, …] of a variable; there may be more than the longest run has."""
        current = self.first(name).clone(memory_format=torch.contiguous_format)
        out[0] = current
        for segment in self.segments:
            segment.play(name, current, out)
        out[self.count :] = current

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
            self._found[name] = self._joined(name)
        return self._found[name]

    def _joined(self, name: str) -> Tensor:
        if len(self._parts) == 1:
            return self._parts[0].frames(name)
        frames = max(part.count for part in self._parts)
        first = [part.first(name) for part in self._parts]
        if all(part.stays(name) for part in self._parts):
            return torch.cat(first).expand(frames, -1, *first[0].shape[1:])
        _check(name, frames, *first)
        out = first[0].new_empty((frames, sum(map(len, first)), *first[0].shape[1:]))
        start = 0
        for part, value in zip(self._parts, first, strict=True):
            part.play(name, out[:, start : start + len(value)])
            start += len(value)
        return out

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _check(name: str, frames: int, *frame: Tensor) -> None:
    """Raise an error if frames of a variable do not fit into memory."""
    if frame[0].device.type == "cpu":  # other devices say themselves what they lack
        runs = sum(map(len, frame))
        needed = frames * sum(part.nbytes for part in frame)
        check_room(needed, f"frames of {name}", f"{frames} frames of {runs} runs")
