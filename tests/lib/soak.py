# SPDX-License-Identifier: Apache-2.0
"""What one run of coollamad costs, sampled in moments that are alike: when nothing is to do."""

import json
import re
from collections import Counter
from dataclasses import dataclass
from statistics import median

from .host import Host

UNIT = "coollamad.service"


@dataclass(frozen=True)
class Sample:
    rss: int  # all in KiB
    pss: int
    dirty: int  # private: what it alone has written
    files: int  # open file descriptors


def pid_of(host: Host) -> str:
    return host.out("systemctl", "show", UNIT, "--property=MainPID", "--value")


def sample(host: Host, pid: str) -> Sample:
    text = host.sh(f"cat /proc/{pid}/smaps_rollup; echo Files: $(ls /proc/{pid}/fd | wc -l)")
    found = {name: int(value) for name, value in re.findall(r"(?m)^(\w+): +(\d+)", text)}
    return Sample(found["Rss"], found["Pss"], found["Private_Dirty"], found["Files"])


def thirds(values: list[int]) -> tuple[float, float]:
    """The medians of the first and of the last third."""
    size = max(1, len(values) // 3)
    return median(values[:size]), median(values[-size:])


def messages(host: Host, since: float, until: float) -> Counter[str]:
    """What the journal has of it between two times of the wall clock."""
    words = ("--since", f"@{since:.6f}", "--until", f"@{until:.6f}", "--output=json")
    text = host.out("journalctl", "--no-pager", f"_SYSTEMD_UNIT={UNIT}", *words)
    return Counter(json.loads(line)["MESSAGE"] for line in text.splitlines())
