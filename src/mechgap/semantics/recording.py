"""Collects the frames of runs that halt at different times into arrays of equal length."""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import Tensor

State = dict[str, Tensor]

_ROOM = 2**30
"""Bytes of room for the frames of one variable at first."""


class Segment:
    """Consecutive frames of the runs that had not halted when the first of them was made.

    The frames of a variable stand one after another in one array, which grows as needed; each is
    written there by the step that makes it. Variables that stay are kept once.

    Attributes:
        rows: [K] which runs.
        start: number of the first frame.
        count: number of frames so far.

    Args:
        rows: see above.
        start: see above.
        state: for frame 0 that frame; else the frame before the first.
        changing: the names of the variables that a step writes.
        expected: an upper bound on the number of frames.
    """

    def __init__(
        self, rows: Tensor, start: int, state: State, changing: Collection[str], expected: int
    ) -> None:
        self.rows = rows
        self.start = start
        self.count = 0
        self.kept = state
        self._room = {
            name: value.new_empty((_frames(value, expected), *value.shape))
            for name, value in state.items()
            if name in changing
        }
        if start == 0:
            for name, value in self.room().items():
                value.copy_(state[name])
            self.count = 1

    def room(self) -> State:
        """Where the next frame is to be written."""
        for name, frames in self._room.items():
            if len(frames) == self.count:
                more = frames.new_empty((2 * self.count, *frames.shape[1:]))
                more[: self.count] = frames
                self._room[name] = more
        return {name: frames[self.count] for name, frames in self._room.items()}

    def frames(self, name: str) -> Tensor:
        """[count, K, …], all frames of a variable that changes."""
        return self._room[name][: self.count]


def _frames(value: Tensor, expected: int) -> int:
    """For how many frames to make room at first. Memory that is never written to costs nothing."""
    return max(1, min(expected, max(16, _ROOM // max(1, value.nbytes))))


def collected(segments: list[Segment], name: str, changing: Collection[str], lengths: Tensor) -> Tensor:
    """All frames of a variable, [T, B, …]; frames past the length of a run repeat its last one.

    A value that never changed is one frame, expanded.
    """
    frames, (first, *later) = int(lengths.max()), segments
    if name not in changing:
        return first.kept[name].expand(frames, *first.kept[name].shape)
    found = first.frames(name)
    if later:
        found = found.new_empty((frames, *found.shape[1:]))
        found[: first.count] = first.frames(name)
        for segment in later:
            found[segment.start : segment.start + segment.count, segment.rows] = segment.frames(name)
    return _repaired(found, lengths)


def _repaired(found: Tensor, lengths: Tensor) -> Tensor:
    """Frames in which those past the length of a run repeat its last one; changed in place."""
    short = (lengths < len(found)).nonzero()[:, 0]
    if len(short):
        first = int(lengths.min())
        frames = torch.arange(first, len(found), device=found.device)
        last = torch.minimum(frames[:, None], lengths[short] - 1)
        found[first:, short] = found[last, short]
    return found


def last_frame(found: Tensor, lengths: Tensor) -> Tensor:
    """[B, …], the last frame of every run."""
    return found[lengths - 1, torch.arange(len(lengths), device=found.device)]


def joined(parts: list[Tensor], axis: int) -> Tensor:
    """Frames of several batches as those of one, runs one after another, repeated to equal length.

    Args:
        parts: [T, B, …] each with a T of its own.
        axis: the axis of runs, 1; or 0 for values without frames.
    """
    if len(parts) == 1:
        return parts[0]
    if axis == 0:
        return torch.cat(parts)
    frames = max(len(part) for part in parts)
    found = parts[0].new_empty((frames, sum(part.shape[1] for part in parts), *parts[0].shape[2:]))
    start = 0
    for part in parts:
        stop = start + part.shape[1]
        found[: len(part), start:stop] = part
        found[len(part) :, start:stop] = part[-1]
        start = stop
    return found
