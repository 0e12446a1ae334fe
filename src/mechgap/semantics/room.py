"""Whether the frames of a run fit into memory; else the system would end the process without a word."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..errors import MechgapError

LARGE = 2**28
"""Bytes from which on it is asked; asking takes less than a millisecond."""
_SHARE = 0.9
"""Of the free memory that frames may take; what is computed from them needs some too."""
_GIB = 2**30


def check_room(needed: int, where: str, given: str) -> None:
    """Nothing if so many bytes more fit, or if the system does not say how many do.

    Args:
        needed: bytes.
        where, given: the first two parts of the message.

    Raises:
        MechgapError: if they do not fit.
    """
    if needed < LARGE:
        return
    free = free_memory()
    if free is not None and needed > _SHARE * free:
        raise MechgapError(
            where,
            f"{given}: {needed / _GIB:.1f} GiB more",
            f"at most {_SHARE * free / _GIB:.1f} GiB, {_SHARE:.0%} of the free memory",
            "run fewer or smaller graphs at once, or use a machine with more memory",
        )


def free_memory(root: Path = Path("/")) -> int | None:
    """Bytes that processes can still take: of the machine, and of the control groups that this one is in.

    Pages that only hold copies of files count as free.

    Args:
        root: where ``proc`` and ``sys`` are.

    Returns:
        The number, None where there is no ``/proc/meminfo`` (elsewhere than on Linux).
    """
    available = _table(root / "proc/meminfo").get("MemAvailable:")
    if available is None:
        return None
    return max(0, min([available * 1024, *_left_to_groups(root)]))


def _left_to_groups(root: Path) -> Iterator[int]:
    """What is left of the limit of each group, by both versions of control groups."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, kinds, path = line.split(":", 2)
        base, limit, usage, total = root / "sys/fs/cgroup", "memory.max", "memory.current", ""
        if kinds == "memory":
            base /= "memory"
            limit, usage, total = "memory.limit_in_bytes", "memory.usage_in_bytes", "total_"
        elif kinds:
            continue
        inner = base / path.strip("/")
        for group in (inner, *inner.parents):  # in a container the outer ones may be all there are
            if not group.is_relative_to(base):
                break
            most, used = _number(group / limit), _number(group / usage)
            if most is not None and used is not None:
                told = _table(group / "memory.stat")
                copies = sum(told.get(f"{total}{state}_file", 0) for state in ("active", "inactive"))
                yield min(most, most - used + copies)


def _number(path: Path) -> int | None:
    """The number in a file; None if there is none, as of a group without a limit."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def _table(path: Path) -> dict[str, int]:
    """The lines of a file that are a name and a number; none if it cannot be read."""
    try:
        lines = [line.split() for line in path.read_text().splitlines()]
    except OSError:
        return {}
    return {line[0]: int(line[1]) for line in lines if len(line) > 1 and line[1].isdigit()}
