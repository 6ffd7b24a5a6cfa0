# SPDX-License-Identifier: Apache-2.0
"""Waiting for a condition, with a deadline and a reason."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class NotYet(AssertionError):
    """A condition cannot be judged at this moment, and may be at the next: wait_for() goes on."""


class Timeout(AssertionError):
    """A condition did not come true in time; the message says which, and what was seen instead."""


def wait_for(
    condition: Callable[[], T],
    what: str,
    seconds: float = 15,
    interval: float = 0.02,
    seen: Callable[[], object] | None = None,
) -> T:
    """Returns the condition's first true value. Waits far longer than it should take: a deadline
    is there to end a hang, not to measure speed. `seen` adds to the message what was there."""
    deadline = time.monotonic() + seconds
    while True:
        obstacle = ""
        try:
            value = condition()
        except NotYet as not_yet:
            obstacle = f"\nat last: {not_yet}"
        else:
            if value:
                return value
        if time.monotonic() >= deadline:
            detail = f"\nseen: {seen()}" if seen else ""
            raise Timeout(f"not within {seconds:g} s: {what}{obstacle}{detail}")
        time.sleep(interval)
