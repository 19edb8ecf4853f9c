"""The board's art: symmetric, square and crisp at every size."""

import pytest

from shared.board import Mark
from tui.widgets.art import (
    CURSOR,
    LAST,
    SMALLEST,
    STRIKE,
    Charset,
    Size,
    Texel,
    Tile,
    Tone,
    bitmap,
    cell_size,
    picture,
)

SIZES = [cell_size(width, height) for width, height in ((17, 11), (32, 11), (44, 14), (60, 20))]
SIZES += [Size(2 * rows, rows) for rows in range(4, 20)]
EMPTY = (Tile(),) * 9


def drawn(rows: list[list[Texel]]) -> list[str]:
    return ["".join(texel.character for texel in row) for row in rows]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mark", Mark)
def test_a_mark_is_symmetric_and_fits_its_cell(mark: Mark, size: Size) -> None:
    """A mark looks the same mirrored and upside down, at every size."""
    shape = bitmap(mark, size)
    assert [row[::-1] for row in shape] == list(shape)
    assert shape[::-1] == shape
    assert len(shape[0]) <= size.columns
    assert len(shape) <= 2 * size.rows


@pytest.mark.parametrize("size", SIZES[2:])
def test_marks_are_square_and_differ_by_shape(size: Size) -> None:
    """A cross has ink in its middle and its corners, a ring has neither."""
    cross, ring = bitmap(Mark.X, size), bitmap(Mark.O, size)
    side, middle = len(cross), len(cross) // 2
    assert {len(cross), len(cross[0]), len(ring), len(ring[0])} == {side}
    assert (cross[0][0], cross[middle][middle]) == ("#", "#")
    assert (ring[0][0], ring[middle][middle]) == (".", ".")


@pytest.mark.parametrize(
    ("space", "size"),
    [
        ((1, 1), SMALLEST),
        ((17, 11), SMALLEST),
        ((32, 11), (10, 3)),
        ((44, 14), (10, 4)),
        ((80, 20), (12, 6)),
        ((60, 60), (18, 9)),
        ((200, 60), (38, 19)),
    ],
)
def test_the_cell_is_the_largest_that_fits(space: tuple[int, int], size: tuple[int, int]) -> None:
    """The board fills the space that there is."""
    assert cell_size(*space) == size


def test_a_small_board() -> None:
    """Half blocks make square pixels, and thin lines the grid."""
    tiles = (Tile(Mark.X), Tile(Mark.O), *EMPTY[2:])
    assert drawn(picture(tiles, Size(10, 3)))[:4] == [
        " ▀█▄  ▄█▀ │ ▄█▀▀▀▀█▄ │          ",
        "   ████   │ ██    ██ │          ",
        " ▄█▀  ▀█▄ │ ▀█▄▄▄▄█▀ │          ",
        "──────────┼──────────┼──────────",
    ]


def test_an_ascii_board() -> None:
    """Without Unicode the same shapes are made of plain characters."""
    tiles = (Tile(Mark.X), Tile(Mark.O, Tone.PENDING, LAST), Tile(frame=CURSOR), *EMPTY[3:])
    rows = drawn(picture(tiles, Size(10, 3), charset=Charset.ASCII))
    assert rows[:4] == [
        " 'X.  .X' | .+''''+. |+-      -+",
        "   XXXX   |>++    ++<|          ",
        " .X'  'X. | '+....+' |+-      -+",
        "----------+----------+----------",
    ]
    assert "".join(rows).isascii()


def test_tones_can_be_told_apart_without_colours() -> None:
    """A ghost and a pending mark are shaded where no colour can dim them."""
    tiles = (Tile(Mark.O, Tone.GHOST), Tile(Mark.O, Tone.PENDING), Tile(Mark.O), *EMPTY[3:])
    row = drawn(picture(tiles, Size(10, 3), charset=Charset.MONO))[1]
    assert row == " ░░    ░░ │ ▒▒    ▒▒ │ ██    ██ "


@pytest.mark.parametrize("size", [SMALLEST, Size(10, 3), Size(12, 6), Size(24, 12)])
@pytest.mark.parametrize("line", [(0, 1, 2), (1, 4, 7), (0, 4, 8), (2, 4, 6)])
def test_a_completed_line_is_struck_through(size: Size, line: tuple[int, int, int]) -> None:
    """The strike goes through the middle of each of its cells, and grows with the animation."""
    whole = picture(EMPTY, size, lines=[line])
    for cell in line:
        middle = whole[cell // 3 * (size.rows + 1) + size.rows // 2]
        texel = middle[cell % 3 * (size.columns + 1) + size.columns // 2]
        assert STRIKE in (texel.ink, texel.behind)
    half = picture(EMPTY, size, lines=[line], progress=0.5)
    assert 0 < _struck(half) < _struck(whole)
    assert _struck(picture(EMPTY, size, lines=[line], progress=0)) == 0


def _struck(rows: list[list[Texel]]) -> int:
    return sum(STRIKE in (texel.ink, texel.behind) for row in rows for texel in row)
