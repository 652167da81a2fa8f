"""What the sender measures of the machine: every key with its place and unit, in one table.

The sampler makes keys of it, the API tells the web app how to label them, and the documentation
prints it. A key is `system/` and a name; where there are several of a thing, `#` in the table
stands for its number, as in `gpu.0.util`.

Rows of a second machine that writes into the same run carry its name behind the key:
`system/cpu@node2`.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

PREFIX: Final = "system/"
HOST_SIGN: Final = "@"


class SystemMetric(NamedTuple):
    """One line of the table.

    Attributes:
        name: the key without its prefix.
        section: the heading below which charts stand.
        title: what is measured, for a person.
        unit: of the values; empty for counts.
        about: what exactly is measured.
    """

    name: str
    section: str
    title: str
    unit: str
    about: str

    @property
    def place(self) -> int:
        """Position in the table."""
        return _PLACES[_pattern(self.name)]


SYSTEM_METRICS: Final = (
    SystemMetric("cpu", "CPU", "CPU in use", "%", "Of all cores: 100 is the whole machine."),
    SystemMetric("memory", "Memory", "Memory in use", "%", "Of the machine's memory."),
    SystemMetric("memory.used_gib", "Memory", "Memory in use", "GiB", "By all processes."),
    SystemMetric("disk", "Disk", "Disk in use", "%", "Of the volume that holds the run's folder."),
    SystemMetric("disk.read_mb_s", "Disk", "Disk read", "MB/s", "By the machine, all disks."),
    SystemMetric("disk.write_mb_s", "Disk", "Disk written", "MB/s", "By the machine, all disks."),
    SystemMetric(
        "network.recv_mb_s", "Network", "Network received", "MB/s", "All interfaces together."
    ),
    SystemMetric(
        "network.sent_mb_s", "Network", "Network sent", "MB/s", "All interfaces together."
    ),
    SystemMetric(
        "proc.cpu",
        "Process",
        "CPU of the training",
        "%",
        "Training process and its children; 100 is one core.",
    ),
    SystemMetric(
        "proc.memory_rss_mb",
        "Process",
        "Memory of the training",
        "MB",
        "Resident memory of the same; what they share counts more than once.",
    ),
    SystemMetric("proc.threads", "Process", "Threads of the training", "", "Of the same."),
    SystemMetric("gpu.#.util", "GPU #", "GPU # busy", "%", "Time in which any kernel ran."),
    SystemMetric("gpu.#.memory", "GPU #", "GPU # memory in use", "%", "By all processes."),
    SystemMetric("gpu.#.memory_gib", "GPU #", "GPU # memory in use", "GiB", "By all processes."),
    SystemMetric("gpu.#.temp_c", "GPU #", "GPU # temperature", "°C", "Of the chip."),
    SystemMetric("gpu.#.power_w", "GPU #", "GPU # power", "W", "Drawn by the whole card."),
)
"""All of them, in the order of charts."""

_NUMBER: Final = re.compile(r"(?<=\.)\d+(?=\.)")
_PLACES: Final = {metric.name: place for place, metric in enumerate(SYSTEM_METRICS)}


def find(key: str) -> SystemMetric | None:
    """Return what a key stands for, its number and machine filled in; None if it is unknown."""
    name, _, host = key.removeprefix(PREFIX).partition(HOST_SIGN)
    if not key.startswith(PREFIX):
        return None
    place = _PLACES.get(_pattern(name))
    if place is None:
        return None
    metric = SYSTEM_METRICS[place]
    number = _NUMBER.search(name)
    if number is not None:
        metric = metric._replace(
            name=name,
            section=metric.section.replace("#", number[0]),
            title=metric.title.replace("#", number[0]),
        )
    return metric._replace(title=f"{metric.title}, {host}") if host else metric


def _pattern(name: str) -> str:
    return _NUMBER.sub("#", name, count=1)


def of_host(key: str, host: str) -> str:
    """Return the key under which another machine's values stand."""
    return f"{key}{HOST_SIGN}{host}"
