"""A game's code in drawn letters, to be read across a room."""

from typing import Final

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

# Five pixels wide and seven tall, for the alphabet of the codes.
_GLYPHS: Final = {
    "0": ".###. #...# #..## #.#.# ##..# #...# .###.",
    "1": "..#.. .##.. ..#.. ..#.. ..#.. ..#.. .###.",
    "2": ".###. #...# ....# ..##. .#... #.... #####",
    "3": ".###. #...# ....# ..##. ....# #...# .###.",
    "4": "...#. ..##. .#.#. #..#. ##### ...#. ...#.",
    "5": "##### #.... ####. ....# ....# #...# .###.",
    "6": ".###. #.... #.... ####. #...# #...# .###.",
    "7": "##### ....# ...#. ..#.. .#... .#... .#...",
    "8": ".###. #...# #...# .###. #...# #...# .###.",
    "9": ".###. #...# #...# .#### ....# ....# .###.",
    "A": ".###. #...# #...# ##### #...# #...# #...#",
    "B": "####. #...# #...# ####. #...# #...# ####.",
    "C": ".###. #...# #.... #.... #.... #...# .###.",
    "D": "####. #...# #...# #...# #...# #...# ####.",
    "E": "##### #.... #.... ####. #.... #.... #####",
    "F": "##### #.... #.... ####. #.... #.... #....",
    "G": ".###. #...# #.... #.### #...# #...# .###.",
    "H": "#...# #...# #...# ##### #...# #...# #...#",
    "J": "..### ...#. ...#. ...#. ...#. #..#. .##..",
    "K": "#...# #..#. #.#.. ##... #.#.. #..#. #...#",
    "M": "#...# ##.## #.#.# #.#.# #...# #...# #...#",
    "N": "#...# ##..# #.#.# #..## #...# #...# #...#",
    "P": "####. #...# #...# ####. #.... #.... #....",
    "Q": ".###. #...# #...# #...# #.#.# #..#. .##.#",
    "R": "####. #...# #...# ####. #.#.. #..#. #...#",
    "S": ".#### #.... #.... .###. ....# ....# ####.",
    "T": "##### ..#.. ..#.. ..#.. ..#.. ..#.. ..#..",
    "V": "#...# #...# #...# #...# #...# .#.#. ..#..",
    "W": "#...# #...# #...# #.#.# #.#.# ##.## #...#",
    "X": "#...# #...# .#.#. ..#.. .#.#. #...# #...#",
    "Y": "#...# #...# .#.#. ..#.. ..#.. ..#.. ..#..",
    "Z": "##### ....# ...#. ..#.. .#... #.... #####",
}
_HALVES: Final = {"..": " ", "#.": "▀", ".#": "▄", "##": "█"}


def large(text: str, *, scale: int = 1, ascii_only: bool = False) -> tuple[str, ...]:
    """The code in rows of half blocks, or of ``#`` as tall as the pixels."""
    rows = [_row(text, y, scale) for y in range(7) for _ in range(scale)]
    if ascii_only:
        return tuple(row.replace(".", " ") for row in rows)
    rows += ["." * len(rows[0])] * (len(rows) % 2)
    return tuple(
        "".join(_HALVES[upper + lower] for upper, lower in zip(*pair, strict=True))
        for pair in zip(rows[::2], rows[1::2], strict=True)
    )


def _row(text: str, y: int, scale: int) -> str:
    pixels = "..".join(_GLYPHS[letter].split()[y] for letter in text)
    return "".join(pixel * scale for pixel in pixels)


def largest(text: str, width: int, height: int, *, ascii_only: bool) -> tuple[str, ...]:
    """The code as large as fits; the plain text where nothing does."""
    for scale in (2, 1):
        rows = large(text, scale=scale, ascii_only=ascii_only)
        if len(rows[0]) <= width and len(rows) <= height:
            return rows
    return (text,)


class LargeCode(Widget):
    """Shows a code as large as the space allows."""

    DEFAULT_CSS = """
    LargeCode {
        width: 1fr;
        height: 7;
        content-align: center middle;
        text-align: center;
        color: $text-accent;
    }
    """

    code: reactive[str] = reactive("")
    ascii: reactive[bool] = reactive(default=False)

    def render(self) -> Content:
        rows = largest(self.code, *self.size, ascii_only=self.ascii)
        return Content("\n".join(rows))
