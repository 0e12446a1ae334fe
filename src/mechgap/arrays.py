"""Axis letters and the shape-typed names of tensors.

Axes: B graphs of a batch, N nodes (padded), T frames of a trace, H hidden width, M mid width,
K features of an edge, R rounds, A heads. In matrices over pairs that a *program* handles the axes
are (sender, receiver); in attention they are (receiver, sender), as in CLRS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from torch import Tensor

    Array: TypeAlias = Tensor
