"""Collects the frames of runs that halt at different times into arrays of equal length."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

State = dict[str, Tensor]


@dataclass
class Segment:
    """Consecutive frames of the runs that had not halted when the first of them was made.

    Attributes:
        rows: [K] which runs.
        start: number of the first frame.
        entry: the state that the first frame was made from; for frame 0, that frame.
        frames: the states.
    """

    rows: Tensor
    start: int
    entry: State
    frames: list[State] = field(default_factory=list)


def collected(segments: list[Segment], name: str, lengths: Tensor) -> Tensor:
    """All frames of a variable, [T, B, …]; frames past the length of a run repeat its last one.

    A value that never changed is one frame, expanded.
    """
    frames = int(lengths.max())
    parts = [[state[name] for state in segment.frames] for segment in segments]
    entries = [segment.entry[name] for segment in segments]
    if all(value is entry for part, entry in zip(parts, entries, strict=True) for value in part):
        return parts[0][0].expand(frames, *parts[0][0].shape)
    if len(parts) == 1:
        found = torch.stack(parts[0])
    else:
        found = parts[0][0].new_empty((frames, *parts[0][0].shape))
        for segment, part in zip(segments, parts, strict=True):
            stop = segment.start + len(part)
            if len(segment.rows) == found.shape[1]:
                torch.stack(part, out=found[segment.start : stop])
            else:
                found[segment.start : stop, segment.rows] = torch.stack(part)
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
