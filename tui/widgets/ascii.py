"""Plain characters for terminals that have no others: the last thing done to every line."""

from typing import Final

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_PLAIN: Final = str.maketrans(
    {
        **dict.fromkeys("─━▔▁▂▃▀▄═╌", "-"),
        **dict.fromkeys("│┃▎▏▕▌▐║", "|"),
        **dict.fromkeys("╭╮╰╯┌┐└┘┏┓┗┛┼├┤┬┴", "+"),
        **dict.fromkeys("…·•", "."),
        **dict.fromkeys("█▇", "#"),
        **dict.fromkeys("▸→", ">"),
        "◂": "<",
        "←": "<",
        "⏎": "^",
        "↑": "^",
        "↓": "v",
        "●": "*",
        "○": "o",
        "✕": "x",
        "◯": "o",
    }
)


class PlainCharacters(LineFilter):
    """Replaces what this program draws by characters of the same width; names stay as they are."""

    def apply(
        self,
        segments: list[Segment],
        background: Color,  # noqa: ARG002 (Textual's)
    ) -> list[Segment]:
        return [
            Segment(text.translate(_PLAIN), style, control) for text, style, control in segments
        ]
