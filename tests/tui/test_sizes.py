"""Every size whole: what stands on a screen stands on it from the least size up, in each status."""

import pytest
from textual.color import Color
from textual.geometry import Region, Size
from textual.widgets import Static

from tests.tui.scenes import SCENES, played, settle
from tui.themes import THEMES
from tui.widgets.art import SMALL
from tui.widgets.board import Board
from tui.widgets.status_line import StatusLine
from tui.widgets.table import places
from tui.words.phrases import LEAST_SIZE, shorter, wrapped
from tui.words.status import lines_of
from tui.words.story import review_text

LEAST = [LEAST_SIZE, (40, 17), (44, 18), (60, 16), (72, 16), (80, 24)]


def test_the_players_stand_at_the_board() -> None:
    """At every size the two players and the board lie beside each other, within the terminal."""
    for width in range(LEAST_SIZE[0], 220, 3):
        for height in range(12, 70):
            size = Size(width, height)
            left, board, right = places(size)
            whole = Region(0, 0, *size)
            assert all(whole.contains_region(each) for each in (left, board, right)), size
            assert not any(
                a.overlaps(b) for a, b in ((left, board), (board, right), (left, right))
            ), size
            assert board.width >= 3 * SMALL.columns, size
            assert left.size == right.size, size
            assert board.x - left.right <= 4, size


@pytest.mark.parametrize(
    "name", ["my_turn", "absent", "claim", "won", "two_lines", "watching", "reconnecting"]
)
async def test_every_row_of_the_board_can_be_seen(name: str) -> None:
    """From the least size up no cell is cut or covered, and no word of the status is."""
    async with played(SCENES[name]) as (app, _, pilot):
        for size in LEAST:
            await pilot.resize_terminal(*size)
            await settle(pilot)
            board, line = app.screen.query_one(Board), app.screen.query_one(StatusLine)
            for cell in range(9):
                region = board.cell(cell).region
                assert region.height >= SMALL.rows
                assert region.bottom <= line.region.y
                for corner in (region.offset, region.bottom_right - (1, 1)):
                    assert app.screen.get_widget_at(*corner)[0] is board.cell(cell), (size, cell)
            text, note = lines_of(line.shown, *line.content_size)
            assert " ".join(text) in set(shorter(line.shown.text))
            assert " ".join(note) in {"", *shorter(line.shown.note)}
            assert line.region.bottom <= size[1] - 1


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_the_lobby_stands_in_the_middle(size: tuple[int, int]) -> None:
    """However large the terminal is, names and ages stand side by side, not at its two edges."""
    async with played(SCENES["lobby_full"], size) as (app, _, _):
        columns = app.screen.query_one("#columns").region
        assert columns.width <= 100
        assert columns.x == (size[0] - columns.width) // 2
        assert app.screen.query_one("#games").region.right <= columns.right


@pytest.mark.parametrize("name", ["replay", "replay_end"])
async def test_a_replay_is_whole(name: str) -> None:
    """From the least size up a replay shows every row of its board and no half of a review."""
    async with played(SCENES[name]) as (app, _, pilot):
        for size in LEAST:
            await pilot.resize_terminal(*size)
            await settle(pilot)
            board, step = app.screen.query_one(Board), app.screen.query_one("#step")
            for cell in range(9):
                region = board.cell(cell).region
                for corner in (region.offset, region.bottom_right - (1, 1)):
                    assert app.screen.get_widget_at(*corner)[0] is board.cell(cell), (size, cell)
                assert region.bottom <= step.region.y
            review = app.screen.query_one("#review", Static)
            told = str(review.content)
            assert told in set(shorter(review_text("01428")))
            assert len(wrapped(told, review.content_size.width)) == review.region.height
            story = app.screen.query_one("#story")
            assert story.region.contains_region(review.region), size


def contrast(a: Color, b: Color) -> float:
    """As WCAG 2 measures it, from 1 to 21."""
    lighter, darker = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Color) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in colour.normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


async def test_the_grid_can_be_seen_in_every_theme() -> None:
    """Grid, cursor, last move, marks and strike stand out 3:1 from what is behind them."""
    inks = ("grid", "cursor", "last", "x", "o", "strike-won", "strike-lost", "strike-seen")
    async with played(SCENES["won"]) as (app, _, pilot):
        for name in sorted(app.available_themes):
            if "ansi" in name:
                continue  # The terminal's own colours are not known.
            app.theme = name
            await settle(pilot)
            board = app.screen.query_one(Board)
            behind = board.background_colors[1]
            for ink in inks[: None if name in {theme.name for theme in THEMES} else 1]:
                colour = behind + board.get_component_styles(f"board--{ink}").color
                assert contrast(colour, behind) >= 3, (name, ink)
