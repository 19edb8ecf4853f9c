"""What a gateway counts, and how it tells it: in the text format of Prometheus.

What AWS calls ``GamesStarted`` is ``noughts_tui_games_started_total`` here, and so with each
`Metric`.
"""

import re
import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from backend.core.ports import Metric

CONTENT_TYPE: Final = "text/plain; version=0.0.4"
PREFIX: Final = "noughts_tui_"
BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds in seconds: a commit takes 0.2 ms on a quiet disk."""

_SAID: Final = {
    Metric.STARTED: "Games started, by `start`, a quick match or a rematch.",
    Metric.FINISHED: "Games that came to an end.",
    Metric.MOVES: "Moves in the games that came to an end.",
    Metric.REFUSED: "Requests refused.",
    Metric.BUSY: "Requests answered by `busy`: the store was late, or could not be written.",
    Metric.GONE: "Pushes that found nobody there.",
}
_Labels = tuple[tuple[str, str], ...]


class _Reply(msgspec.Struct):
    type: str
    code: str = ""


_read_reply: Final = msgspec.json.Decoder(_Reply).decode


class Tally:
    """The counts since the start. Threads may share it; it is the service's `Metrics`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, _Labels]] = Counter()
        self._commits = [0] * (len(BUCKETS) + 1)
        self._commit_seconds = 0.0

    def count(self, counts: Mapping[Metric, int]) -> None:
        """Adds to the counts of the service."""
        with self._lock:
            for metric, number in counts.items():
                self._counts[_name(metric), ()] += number

    def request(self, kind: str, result: str) -> None:
        """A request of this type, or route: ``ok``, the code of its refusal, failed, throttled."""
        self._add("requests_total", type="unknown" if kind == "$default" else kind, result=result)

    def turned_away(self, reason: str) -> None:
        """A connection that was not let in."""
        self._add("connections_refused_total", reason=reason)

    def committed(self, seconds: float) -> None:
        """A change of the games was brought to the disk."""
        with self._lock:
            self._commits[bisect_left(BUCKETS, seconds)] += 1
            self._commit_seconds += seconds

    def _add(self, name: str, **labels: str) -> None:
        with self._lock:
            self._counts[name, tuple(labels.items())] += 1

    def text(self, gauges: Iterable[tuple[str, str, Mapping[str, float]]]) -> str:
        """Everything counted, and the gauges: a name, what it is, values by label.

        A label is ``name="value"``, or nothing.
        """
        with self._lock:
            counts, commits, spent = dict(self._counts), list(self._commits), self._commit_seconds
        lines = [
            *_family("requests_total", "Requests by type and result.", "counter", counts),
            *_family("connections_refused_total", "Connections not let in.", "counter", counts),
        ]
        for metric in Metric:
            counts.setdefault((_name(metric), ()), 0)
            lines += _family(_name(metric), _SAID.get(metric, metric), "counter", counts)
        lines += _histogram("commit_seconds", "Time to bring a change to the disk.", commits, spent)
        for name, says, values in gauges:
            lines += _head(name, says, "gauge")
            lines += [_line(name, labels, value) for labels, value in values.items()]
        return "".join(f"{line}\n" for line in lines)


def result_of(response: Mapping[str, Any] | None) -> str:
    """How a request went, by the response of the handler, which is None where that failed."""
    if response is None:
        return "failed"
    body = response.get("body")
    try:
        reply = _read_reply(str(body)) if body else None
    except msgspec.MsgspecError:
        return "ok"  # a function of a test, whose words are no reply
    return reply.code if reply is not None and reply.type == "error" else "ok"


def _name(metric: Metric) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", metric).lower() + "_total"


def _family(
    name: str, says: str, kind: str, counts: Mapping[tuple[str, _Labels], int]
) -> list[str]:
    of_it = sorted((labels, number) for (each, labels), number in counts.items() if each == name)
    return [
        *_head(name, says, kind),
        *(_line(name, _written(labels), number) for labels, number in of_it),
    ]


def _histogram(name: str, says: str, counts: Iterable[int], spent: float) -> list[str]:
    lines, total = _head(name, says, "histogram"), 0
    for bound, number in zip((*map(repr, BUCKETS), "+Inf"), counts, strict=True):
        total += number
        lines.append(_line(f"{name}_bucket", f'le="{bound}"', total))
    return [*lines, _line(f"{name}_sum", "", spent), _line(f"{name}_count", "", total)]


def _head(name: str, says: str, kind: str) -> list[str]:
    return [f"# HELP {PREFIX}{name} {says}", f"# TYPE {PREFIX}{name} {kind}"]


def _line(name: str, labels: str, value: float) -> str:
    return f"{PREFIX}{name}{f'{{{labels}}}' if labels else ''} {value:.17g}"


def label(name: str, value: str) -> str:
    return f'{name}="{value}"'


def _written(labels: _Labels) -> str:
    return ",".join(label(name, value) for name, value in labels)
