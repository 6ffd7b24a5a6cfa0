# SPDX-License-Identifier: Apache-2.0
"""The shapes of containers that must come out of a link as they went in: one list, by theme.

Adding one is adding a line in one of the themes' files; shape.py says what it can hold.
"""

from . import limits, network, process, stacks, storage
from .shape import NETWORKS, Shape, rich_images

SHAPES: tuple[Shape, ...] = (
    process.SHAPES + storage.SHAPES + network.SHAPES + limits.SHAPES + stacks.SHAPES
)

__all__ = ["NETWORKS", "SHAPES", "Shape", "rich_images"]
