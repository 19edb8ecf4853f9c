"""The board as pixels, and pixels as characters. Pure: standard library and shared.board only.

A terminal cell is about twice as tall as wide, so two half blocks in it are two square pixels. All
art is drawn in such pixels for the size that there is, never scaled, so that it is crisp at every
size. A pixel holds an ink, which is a name that the theme gives a colour to.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from shared.board import Mark

CLEAR: Final = ""
GRID: Final = "grid"
STRIKE: Final = "strike"
CURSOR: Final = "cursor"
LAST: Final = "last"

GUTTER: Final = 1
"""Terminal cells between two board cells, in both directions."""


class Tone(StrEnum):
    """How sure a mark is; part of its ink's name."""

    SOLID = ""
    GHOST = "-ghost"
    PENDING = "-pending"
    FADED = "-faded"


class Charset(StrEnum):
    """What characters may be used, and whether colours can tell inks apart."""

    BLOCKS = "blocks"
    MONO = "mono"
    ASCII = "ascii"


class Texel(NamedTuple):
    """One terminal cell: a character, the ink it is drawn in and the ink behind it."""

    character: str
    ink: str = CLEAR
    behind: str = CLEAR


@dataclass(frozen=True, slots=True)
class Tile:
    """What one board cell shows; ``frame`` singles it out: `CURSOR` or `LAST`, if any."""

    mark: Mark | None = None
    tone: Tone = Tone.SOLID
    frame: str = CLEAR

    @property
    def ink(self) -> str:
        return f"{self.mark}{self.tone}" if self.mark else CLEAR


class Size(NamedTuple):
    """A board cell in terminal columns and rows."""

    columns: int
    rows: int

    @property
    def board(self) -> tuple[int, int]:
        """The columns and rows of nine such cells with their gutters."""
        return 3 * self.columns + 2 * GUTTER, 3 * self.rows + 2 * GUTTER


SMALLEST: Final = Size(5, 3)
SMALL: Final = Size(10, 3)

Bitmap = tuple[str, ...]
"""Rows of pixels: ``#`` is set."""

# Three rows have no room for a handsome square; these were drawn by hand.
_BY_HAND: Final[dict[tuple[Mark, Size], Bitmap]] = {
    (Mark.X, SMALLEST): ("#...#", ".#.#.", "..#..", "..#..", ".#.#.", "#...#"),
    (Mark.O, SMALLEST): (".###.", "#...#", "#...#", "#...#", "#...#", ".###."),
    (Mark.X, SMALL): ("##....##", ".##..##.", "..####..", "..####..", ".##..##.", "##....##"),
    (Mark.O, SMALL): (".######.", "##....##", "##....##", "##....##", "##....##", ".######."),
}
# The thickness of a ring that goes with a cross whose strokes reach so far to each side.
_RING: Final = (1.0, 2.0, 3.0, 3.7, 5.0, 6.2, 7.4)


def cell_size(width: int, height: int) -> Size:
    """The largest board cell of which nine fit into this space; never less than `SMALLEST`."""
    columns = (width - 2 * GUTTER) // 3
    rows = max(SMALL.rows, min((height - 2 * GUTTER) // 3, columns // 2))
    if columns < SMALL.columns:
        return SMALLEST
    return Size(max(SMALL.columns, 2 * rows), rows)


@lru_cache(maxsize=64)
def bitmap(mark: Mark, size: Size) -> Bitmap:
    """The mark as large as looks well in such a cell: symmetric, and square from four rows up."""
    if by_hand := _BY_HAND.get((mark, size)):
        return by_hand
    side = 2 * (size.rows - size.rows // 5)
    return _cross(side) if mark is Mark.X else _ring(side)


def _cross(side: int) -> Bitmap:
    reach = _reach(side)
    return _plot(side, lambda x, y: min(abs(x - y), abs(x + y + 1 - side)) <= reach)


def _ring(side: int) -> Bitmap:
    inner, outer = side / 2 - _RING[min(_reach(side), len(_RING) - 1)], side / 2 + 0.05
    middle = (side - 1) / 2
    return _plot(side, lambda x, y: inner**2 <= (x - middle) ** 2 + (y - middle) ** 2 <= outer**2)


def _reach(side: int) -> int:
    """How far a stroke of the cross reaches to each side of its middle."""
    return max(1, side // 7)


def _plot(side: int, inside: Callable[[int, int], bool]) -> Bitmap:
    return tuple("".join(".#"[inside(x, y)] for x in range(side)) for y in range(side))


Line = tuple[int, int, int]
Canvas = list[list[str]]


def picture(
    tiles: Sequence[Tile],
    size: Size,
    *,
    lines: Sequence[Line] = (),
    progress: float = 1.0,
    charset: Charset = Charset.BLOCKS,
) -> list[list[Texel]]:
    """The rows of the board: nine tiles, the grid, and ``progress`` (0-1) of the struck lines."""
    width, height = size.board
    canvas: Canvas = [[CLEAR] * width for _ in range(2 * height)]
    for cell, tile in enumerate(tiles):
        _paint_mark(canvas, cell, tile, size)
    rows = _with_grid(_texels(canvas, charset), size, charset)
    for cell, tile in enumerate(tiles):
        _paint_frame(rows, cell, tile.frame, size, charset)
    if lines and progress > 0:
        margin = 0.0 if charset is Charset.BLOCKS else 1.0
        _strike(canvas, lines, progress, size, margin)
        _replace_struck(rows, canvas, charset)
    return rows


def _paint_mark(canvas: Canvas, cell: int, tile: Tile, size: Size) -> None:
    if tile.mark is None:
        return
    shape = bitmap(tile.mark, size)
    left = cell % 3 * (size.columns + GUTTER) + (size.columns - len(shape[0])) // 2
    top = cell // 3 * 2 * (size.rows + GUTTER) + size.rows - len(shape) // 2
    for y, row in enumerate(shape, top):
        for x, pixel in enumerate(row, left):
            if pixel == "#":
                canvas[y][x] = tile.ink


_LINES: Final = ("│", "─", "┼")
_ASCII_LINES: Final = ("|", "-", "+")


def _with_grid(rows: list[list[Texel]], size: Size, charset: Charset) -> list[list[Texel]]:
    upright, level, crossing = _ASCII_LINES if charset is Charset.ASCII else _LINES
    columns = {size.columns, 2 * size.columns + GUTTER}
    for y, row in enumerate(rows):
        across = y in {size.rows, 2 * size.rows + GUTTER}
        for x in range(len(row)) if across else columns:
            line = (crossing if x in columns else level) if across else upright
            row[x] = Texel(line, GRID)
    return rows


_CORNERS: Final = "┏┓┗┛━"
_ASCII_CORNERS: Final = "++++-"
_POINTERS: Final = "▸◂"
_ASCII_POINTERS: Final = "><"
_DOT: Final = "·"
_ASCII_DOT: Final = "."


def _paint_frame(
    rows: list[list[Texel]], cell: int, ink: str, size: Size, charset: Charset
) -> None:
    """What singles a cell out, wherever its mark leaves room."""
    left = cell % 3 * (size.columns + GUTTER)
    top = cell // 3 * (size.rows + GUTTER)
    right, bottom = left + size.columns - 1, top + size.rows - 1
    if ink == CURSOR:
        _paint_corners(rows, (left, top, right, bottom), charset)
    elif ink == LAST:
        middle = (top + bottom) // 2
        pointers = _ASCII_POINTERS if charset is Charset.ASCII else _POINTERS
        beside = dict(zip(((left, middle), (right, middle)), pointers, strict=True))
        if any(rows[y][x].ink != CLEAR for x, y in beside):
            dot = _ASCII_DOT if charset is Charset.ASCII else _DOT
            beside = {(x, y): dot for x in (left, right) for y in (top, bottom)}
        for (x, y), character in beside.items():
            if rows[y][x].ink == CLEAR:
                rows[y][x] = Texel(character, ink)


def _paint_corners(
    rows: list[list[Texel]], box: tuple[int, int, int, int], charset: Charset
) -> None:
    """The corners of a box, with arms that grow with it."""
    left, top, right, bottom = box
    corners = _ASCII_CORNERS if charset is Charset.ASCII else _CORNERS
    arm = max(1, (right - left) // 8)
    for x, y, step, corner in (
        (left, top, 1, corners[0]),
        (right, top, -1, corners[1]),
        (left, bottom, 1, corners[2]),
        (right, bottom, -1, corners[3]),
    ):
        for length in range(arm + 1):
            if rows[y][x + step * length].ink == CLEAR:
                rows[y][x + step * length] = Texel(corners[4] if length else corner, CURSOR)


_HALO: Final = "halo"


def _strike(
    canvas: Canvas, lines: Sequence[Line], progress: float, size: Size, margin: float
) -> None:
    """Paints the lines, each in a margin that sets it off from the marks without colours."""
    half = 0.75 if size.rows < 12 else 1.5
    for line in lines:
        start, end = _ends(line, progress, size)
        for x, y, distance in _near(canvas, start, end, half + margin):
            if distance <= half:
                canvas[y][x] = STRIKE
            elif canvas[y][x] != STRIKE:
                canvas[y][x] = _HALO


Point = tuple[float, float]


def _ends(line: Line, progress: float, size: Size) -> tuple[Point, Point]:
    """Where the strike begins, a third of a cell before the first middle, and how far it is."""
    (x0, y0), (x1, y1) = _middle(line[0], size), _middle(line[2], size)
    overhang = 1 / 6
    dx, dy = x1 - x0, y1 - y0
    length = (1 + 2 * overhang) * progress - overhang
    return (x0 - overhang * dx, y0 - overhang * dy), (x0 + length * dx, y0 + length * dy)


def _middle(cell: int, size: Size) -> Point:
    return (
        cell % 3 * (size.columns + GUTTER) + (size.columns - 1) / 2,
        cell // 3 * 2 * (size.rows + GUTTER) + size.rows - 0.5,
    )


def _near(
    canvas: Canvas, start: Point, end: Point, reach: float
) -> Iterator[tuple[int, int, float]]:
    """The pixels no farther than ``reach`` from the line, which ends square, and their distance."""
    (x0, y0), (x1, y1) = start, end
    length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5 or 1.0
    ux, uy = (x1 - x0) / length, (y1 - y0) / length
    for y, row in enumerate(canvas):
        for x in range(len(row)):
            along = (x - x0) * ux + (y - y0) * uy
            distance = abs((x - x0) * uy - (y - y0) * ux)
            if distance <= reach and 0 <= along <= length:
                yield x, y, distance


def _replace_struck(rows: list[list[Texel]], canvas: Canvas, charset: Charset) -> None:
    for y, row in enumerate(rows):
        for x in range(len(row)):
            pair = canvas[2 * y][x], canvas[2 * y + 1][x]
            if STRIKE in pair or _HALO in pair:
                upper, lower = ("" if ink == _HALO else ink for ink in pair)
                row[x] = _texel(upper, lower, charset)


_FULL: Final[dict[str, str]] = {
    "x": "X",
    "o": "O",
    "x-faded": "x",
    "o-faded": "o",
    "x-pending": "+",
    "o-pending": "+",
    "x-ghost": ":",
    "o-ghost": ":",
    STRIKE: "#",
}


def _texels(canvas: Canvas, charset: Charset) -> list[list[Texel]]:
    return [
        [_texel(upper, lower, charset) for upper, lower in zip(*pair, strict=True)]
        for pair in zip(canvas[::2], canvas[1::2], strict=True)
    ]


@lru_cache(maxsize=256)
def _texel(upper: str, lower: str, charset: Charset) -> Texel:
    if upper == lower:
        return Texel(_full(upper, charset), upper) if upper else Texel(" ")
    halves = "'." if charset is Charset.ASCII else "▀▄"
    if not lower:
        return Texel(halves[0], upper)
    if not upper:
        return Texel(halves[1], lower)
    if charset is Charset.BLOCKS:
        return Texel("▀", upper, lower)
    ink = STRIKE if STRIKE in {upper, lower} else upper
    return Texel(_full(ink, charset), ink)


def _full(ink: str, charset: Charset) -> str:
    if charset is Charset.ASCII:
        return _FULL[ink]
    if charset is Charset.MONO:
        return "░" if ink.endswith(Tone.GHOST) else "▒" if ink.endswith(Tone.PENDING) else "█"
    return "█"
