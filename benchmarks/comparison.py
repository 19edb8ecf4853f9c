"""What `python -m benchmarks` prints: one figure of ours beside one of something known, as a row.

A part is a function that gives `Row`s; `benchmarks/__main__.py` lists them. Both sides of a row are
measured alternately in one run, for on a machine with other work only their ratio means anything.
"""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Row:
    """Rounds of ours and of what stands beside it, in the order they ran.

    ``most`` or ``least`` is what the ratio of the medians is aimed at.
    """

    what: str
    unit: str
    ours: Sequence[float]
    beside: Sequence[float]
    most: float | None = None
    least: float | None = None

    @property
    def ratio(self) -> float:
        return statistics.median(self.ours) / statistics.median(self.beside)

    @property
    def aim(self) -> str:
        if self.most is not None:
            return f"≤ {self.most:g}"
        return "" if self.least is None else f"≥ {self.least:g}"


HEAD = ("", "ours", "beside it", "ratio", "aim")


def table(rows: Iterable[Row]) -> str:
    """A table in Markdown: medians, each with its lowest and its highest round in brackets."""
    lines = [HEAD, ("---", "---:", "---:", "---:", "---:")]
    lines += [
        (
            f"{row.what}, {row.unit}",
            _spread(row.ours),
            _spread(row.beside),
            _short(row.ratio),
            row.aim,
        )
        for row in rows
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _spread(rounds: Sequence[float]) -> str:
    low, middle, high = min(rounds), statistics.median(rounds), max(rounds)
    return f"{_short(middle)} ({_short(low)} to {_short(high)})"


def _short(number: float) -> str:
    """Three digits, or all of a greater number."""
    return f"{number:,.0f}" if number >= 100 else f"{number:#.3g}"
