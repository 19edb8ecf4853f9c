"""The board widget: what it shows of a game, and how a cell is chosen."""

import pytest
from textual.app import App, ComposeResult

from shared.board import Mark
from tui.widgets.art import CURSOR, LAST, Tile, Tone
from tui.widgets.board import Board, BoardView, Cell, stepped, tiles


class BoardApp(App[None]):
    """A board alone, that writes down what was chosen."""

    def __init__(self, view: BoardView) -> None:
        super().__init__()
        self.view = view
        self.chosen: list[int] = []

    def compose(self) -> ComposeResult:
        yield Board()

    def on_mount(self) -> None:
        self.board.view = self.view
        self.board.focus()

    @property
    def board(self) -> Board:
        return self.query_one(Board)

    def on_cell_chosen(self, event: Cell.Chosen) -> None:
        self.chosen.append(event.cell)


MINE = BoardView("40", Mark.X)


def test_tiles_of_a_running_game() -> None:
    """My turn: both marks, the last move framed, and a ghost of mine where the cursor is."""
    assert tiles(MINE, 8) == (
        Tile(Mark.O, Tone.SOLID, LAST),
        *(Tile(),) * 3,
        Tile(Mark.X),
        *(Tile(),) * 3,
        Tile(Mark.X, Tone.GHOST, CURSOR),
    )


def test_a_pending_move_is_not_shown_as_certain() -> None:
    """A chosen cell is pending until the server confirms it, and no ghost is shown meanwhile."""
    view = BoardView("40", Mark.X, pending=8)
    assert tiles(view, 8)[8] == Tile(Mark.X, Tone.PENDING, CURSOR)
    assert tiles(view, 7)[7] == Tile(frame=CURSOR)


def test_a_won_game_fades_what_is_not_in_the_line() -> None:
    """The winner's line stands out."""
    shown = tiles(BoardView("03142"), None)
    assert [tile.tone for tile in shown if tile.mark] == [
        *(Tone.SOLID,) * 3,
        *(Tone.FADED,) * 2,
    ]


@pytest.mark.parametrize(
    ("cell", "step", "to"), [(4, (-1, 0), 1), (0, (-1, 0), 0), (2, (0, 1), 2), (5, (1, -1), 7)]
)
def test_the_edge_stops_the_cursor(cell: int, step: tuple[int, int], to: int) -> None:
    """The cursor does not leave the board."""
    assert stepped(cell, *step) == to


KEYS: list[tuple[tuple[str, ...], list[int]]] = [
    (("up", "left", "enter"), []),
    (("down", "right", "enter"), [8]),
    (("j", "l", "space"), [8]),
    (("s", "d", "enter"), [8]),
    (("k", "space"), [1]),
    (("w", "enter"), [1]),
    (("h", "enter"), [3]),
    (("a", "enter"), [3]),
    (("9",), [8]),
    (("1",), []),
    (("0",), []),
]


async def test_keys_choose_a_free_cell() -> None:
    """Arrows, hjkl and WASD move the cursor, Enter and Space play, digits play at once."""
    app = BoardApp(MINE)
    async with app.run_test() as pilot:
        for keys, chosen in KEYS:
            app.board.cursor = 4
            app.chosen.clear()
            await pilot.press(*keys)
            await pilot.pause()
            assert (keys, app.chosen) == (keys, chosen)


@pytest.mark.parametrize(("numpad", "cell"), [(False, 8), (True, 2)])
async def test_digits_lie_as_the_player_likes(numpad: bool, cell: int) -> None:
    """9 is bottom right, or top right as on a numeric keypad."""
    app = BoardApp(MINE)
    async with app.run_test() as pilot:
        app.board.numpad = numpad
        await pilot.press("9")
        await pilot.pause()
        assert app.chosen == [cell]


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_a_click_does_what_the_digit_does(size: tuple[int, int]) -> None:
    """Click and key choose the same cell, and neither a taken one."""
    app = BoardApp(MINE)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        for cell in range(9):
            app.chosen.clear()
            await pilot.click(f"#cell-{cell}")
            await pilot.press(str(cell + 1))
            await pilot.pause()
            assert app.chosen == ([] if cell in {4, 0} else [cell, cell])


async def test_only_the_first_button_plays() -> None:
    """To paste with the middle button, or to ask for a menu with the right one, plays nothing."""
    app = BoardApp(MINE)
    async with app.run_test() as pilot:
        await pilot.pause()
        for button in (2, 3):
            await pilot.click("#cell-7", button=button)
        await pilot.pause()
        assert app.chosen == []


@pytest.mark.parametrize(
    "view", [BoardView("40"), BoardView("40", Mark.X, pending=8), BoardView("03142")]
)
async def test_nothing_can_be_chosen_out_of_turn(view: BoardView) -> None:
    """Out of turn, while a move is pending and after the end no cell is chosen, by no means."""
    app = BoardApp(view)
    async with app.run_test() as pilot:
        await pilot.pause()
        await pilot.click("#cell-7")
        await pilot.press("8", "enter", "space")
        await pilot.pause()
        assert app.chosen == []
        assert not app.board.check_action("choose", ())


async def test_pointer_and_terminal_cursor_follow_the_cell() -> None:
    """Hovering moves the cursor, and the terminal's own cursor stands on the focused cell."""
    app = BoardApp(MINE)
    async with app.run_test() as pilot:
        await pilot.pause()
        await pilot.hover("#cell-2")
        await pilot.pause()
        assert app.board.cursor == 2
        assert app.board.cell(2).region.contains_point(app.cursor_position)
        await pilot.press("down", "down")
        assert app.board.cell(8).region.contains_point(app.cursor_position)
