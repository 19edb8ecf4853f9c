"""The game screen: what is legal is in the key bar, and key and click do the same."""

from dataclasses import replace

import pytest
from textual.widgets import OptionList, Static

from shared.board import Mark
from shared.errors import ErrorCode, Refusal
from shared.messages import Player, Series
from tests.tui.scenes import SCENES, Scene, begun, front, played, playing, reached, settle, table
from tests.tui.snapshots import BOB, CODE, KEY, NOW, game, left, lost
from tests.tui.stage import online
from tui.app import NoughtsApp
from tui.client.errors import Unreachable
from tui.client.seats import SavedSeat
from tui.client.state import ClientState, ConnectionStatus, Said, Table
from tui.options import ShowReplay
from tui.screens.dialogs import Chooser, NewGameDialog
from tui.screens.game import GameScreen
from tui.screens.lobby import LobbyScreen
from tui.screens.replay import ReplayScreen, ShareDialog
from tui.screens.waiting import WaitingScreen
from tui.widgets.board import Board
from tui.widgets.keybar import KeyBar, hints_of
from tui.widgets.player import PlayerPanel
from tui.widgets.status_line import StatusLine
from tui.widgets.top_line import TopLine
from tui.words.hints import Hint, help_line
from tui.words.phrases import SAID_MS
from tui.words.table import leave_text

WON = "03142"
FULL = "Twenty people watch [already]."


LEGAL: list[tuple[Table, set[str]]] = [
    (table("40"), {"Play", "Say", "Give up"}),
    (table("4"), {"Say", "Give up"}),
    (table("40", pending=8), {"Say", "Give up"}),
    (table("4", o=left(BOB, 31)), {"Claim the game", "Say", "Give up"}),
    (table("40", None), set()),
    (table("40", replaced=True), {"Take it back"}),
    (table("40", gone=True), set()),
    (table(WON), {"Rematch", "Replay", "Share", "Say", "Play the computer"}),
    (table(WON, o=lost(BOB, 5)), {"Rematch", "Replay", "Share", "Play the computer"}),
    (table(WON, rematch=Mark.O), {"Rematch", "Replay", "Share", "Say", "Play the computer"}),
    (table(WON, rematch=Mark.X), {"Replay", "Share", "Say", "Play the computer"}),
    (table(WON, o=left(BOB, 5)), {"Replay", "Share", "Play the computer"}),
    (table(WON, None), {"Replay", "Share"}),
    (table(WON, None, next="NEXT22"), {"Replay", "Share", "Watch the next"}),
]


async def test_the_key_bar_has_exactly_what_is_legal() -> None:
    """A key is offered while it can be used, and gone while it cannot."""
    async with played(playing("4")) as (app, client, pilot):
        for shown, labels in LEGAL:
            client.show(shown)
            await settle(pilot)
            found = {hint.label for hint in app.screen.query_one(KeyBar).hints}
            assert (shown, found) == (shown, labels | {"Help", "Back"})


@pytest.mark.parametrize(
    ("scene", "key", "asked"),
    [
        (playing("40"), "9", ("play", CODE, 8)),
        (playing("4", o=left(BOB, 31)), "c", ("claim", CODE)),
        (playing("40", replaced=True), "t", ("take_back", CODE)),
        (playing(WON), "r", ("rematch", CODE)),
        (playing(WON), "escape", ("leave", CODE)),
        (playing("40", None), "escape", ("leave", CODE)),
    ],
)
@pytest.mark.parametrize("by_click", [False, True])
async def test_key_and_click_ask_the_same(
    scene: Scene, key: str, asked: tuple[object, ...], by_click: bool
) -> None:
    """The whole game can be played by keyboard alone and by mouse alone."""
    async with played(scene) as (app, client, pilot):
        if not by_click:
            await pilot.press(key)
        elif key == "9":
            await pilot.click("#cell-8")
        else:
            bar = app.screen.query_one(KeyBar)
            x = next(each.x for each in bar._placed() if each.hint.binding == key)
            await pilot.click(KeyBar, offset=(x, 0))
        await settle(pilot)
        assert client.asked == [asked]


@pytest.mark.parametrize(
    ("keys", "asked"),
    [
        (("e", "2"), [("emote", CODE, "nice")]),
        (("e", "down", "enter"), [("emote", CODE, "nice")]),
        (("e", "escape"), []),
        (("f", "enter"), []),
        (("f", "2"), [("resign", CODE)]),
        (("escape", "1"), []),
        (("escape", "escape"), []),
        (("escape", "2"), [("leave", CODE)]),
        (("escape", "3"), [("resign", CODE)]),
    ],
)
async def test_questions(keys: tuple[str, ...], asked: list[tuple[object, ...]]) -> None:
    """Leaving and giving up ask first, and Esc answers no."""
    async with played(replace(SCENES["my_turn"], keys=keys)) as (app, client, _):
        assert client.asked == asked
        assert isinstance(app.screen, LobbyScreen) == (("leave", CODE) in asked)


async def test_a_question_answered_by_mouse() -> None:
    """A choice is clicked, and a click beside the question takes it back."""
    async with played(replace(SCENES["my_turn"], keys=("escape",))) as (app, client, pilot):
        await pilot.click(OptionList, offset=(5, 1))
        await settle(pilot)
        assert client.asked == [("leave", CODE)]
        assert isinstance(app.screen, LobbyScreen)
    async with played(replace(SCENES["my_turn"], keys=("escape",))) as (app, client, pilot):
        await pilot.click(offset=(2, 2))
        await settle(pilot)
        assert isinstance(app.screen, GameScreen)


async def test_a_move_is_pending_until_the_server_says_so() -> None:
    """A chosen cell is shown dim, and a refused one vanishes again with the reason."""
    async with played(playing("40")) as (app, client, pilot):
        client.show(table("40", pending=8))
        await settle(pilot)
        board, line = app.screen.query_one(Board), app.screen.query_one(StatusLine)
        assert (board.view.pending, line.shown.text) == (8, "Your move is on its way")
        client.show(table("40", error="That cell is taken."))
        await settle(pilot)
        assert (board.view.pending, line.shown.note) == (None, "That cell is taken.")
        client.show(table("408"))
        await settle(pilot)
        assert (board.view.moves, line.shown.text) == ("408", "Bob is thinking")


@pytest.mark.parametrize("refusal", [Refusal(ErrorCode.TOO_MANY, FULL), Unreachable(FULL)])
async def test_a_refusal_is_read_once(refusal: Exception) -> None:
    """Why nothing happens is told, once: at the table, or where the table does not tell it."""
    followed = table(WON, None, next="NEXT22")
    async with played(Scene(online(followed))) as (app, client, pilot):
        client.refusal = refusal
        await pilot.press("n")
        await settle(pilot)
        assert client.asked == [("watch", "NEXT22")]
        assert [note.message for note in app._notifications] == [FULL]
        app.clear_notifications()
        client.show(replace(followed, error=FULL))
        await pilot.press("n")
        await settle(pilot)
        assert app.screen.query_one(StatusLine).shown.note == FULL
        assert not list(app._notifications)


async def test_a_rematch_begins_in_place() -> None:
    """When both want it, the new game takes the place of the old one."""
    async with played(playing(WON)) as (app, client, pilot):
        client.learn(online(table(WON, onward="NEXT22"), table(seat=Mark.O, code="NEXT22")))
        await settle(pilot)
        screen = front(app)
        assert isinstance(screen, GameScreen)
        assert screen.game_id == "NEXT22"
        await pilot.press("escape", "2")
        await settle(pilot)
        assert isinstance(app.screen, LobbyScreen)


async def test_a_claim_becomes_legal_by_time_alone() -> None:
    """The key for a claim appears when its time has come, without any news."""
    async with played(playing("4", deadline=NOW + 1_000)) as (app, _, pilot):
        screen = front(app)
        assert "c" not in {hint.binding for hint in hints_of(screen)}
        screen.session = replace(screen.session, now_ms=lambda: NOW + 1_100)
        screen.show()
        await settle(pilot)
        assert "c" in {hint.binding for hint in screen.query_one(KeyBar).hints}


async def test_replay_and_share_after_the_game() -> None:
    """A finished game can be looked at again and shared."""
    async with played(playing(WON)) as (app, _, pilot):
        await pilot.press("y")
        assert isinstance(app.screen, ShareDialog)
        await pilot.press("c")
        assert "Replay: noughts-tui replay R-" in app.clipboard
        await pilot.press("escape", "v")
        await settle(pilot)
        assert isinstance(app.screen, ReplayScreen)
        board = app.screen.query_one(Board)
        seen = []
        for key in ("home", "right", "right", "left", "end", "right"):
            await pilot.press(key)
            await settle(pilot)
            seen.append(board.view.moves)
        assert seen == ["", "0", "03", "0", WON, WON]
        await pilot.press("escape")
        assert isinstance(app.screen, GameScreen)


async def test_thanks_can_be_said_at_the_end() -> None:
    """A good game is called one when it is over, and both see it."""
    async with played(replace(playing(WON), keys=("e", "5"))) as (app, client, pilot):
        assert client.asked == [("emote", CODE, "gg")]
        client.show(table(WON, said=Said(Mark.O, "thanks", NOW)))
        await settle(pilot)
        assert '"Thanks!"' in str(app.screen.query_one("#right").render())


@pytest.mark.parametrize("size", [(80, 24), (44, 18)])
async def test_a_replay_says_who_won(size: tuple[int, int]) -> None:
    """A game that was given up is not told as if the board had ended it."""
    scene = playing("40", status="resigned", winner=Mark.O)
    async with played(replace(scene, keys=("v",)), size) as (app, _, _):
        shown = app.screen.query_one("#headline", Static)
        assert shown.region.height
        assert str(shown.render()) == "Bob (o) won: Ada (x) gave up after 2 moves"
        assert str(app.screen.query_one("#review", Static).render()) == ""
        assert app.screen.query_one(TopLine).where == "embedded"


async def test_a_replay_by_its_code_needs_no_server() -> None:
    """What comes from no server says nothing of one, and connects to none before the lobby does."""
    opening = ShowReplay("R-7Y61")
    failed = ClientState(connection=ConnectionStatus.FAILED, failure="Nobody there.")
    async with played(Scene(failed, options={"opening": opening})) as (app, client, pilot):
        assert isinstance(app.screen, ReplayScreen)
        assert app.screen.query_one(TopLine).where is None
        assert "Try again" not in {hint.label for hint in app.screen.query_one(KeyBar).hints}
        assert client.connects == 0
        await pilot.press("escape")
        await settle(pilot)
        assert isinstance(app.screen, LobbyScreen)
        assert client.connects == 1


@pytest.mark.parametrize(
    ("name", "score", "rows"),
    [
        ("Ada", 2, ["✕ Ada  2 wins", "▸ ● you"]),
        ("Ada", 1, ["✕ Ada  1 win", "▸ ● you"]),
        ("Barbara Liskov", 2, ["✕ Barbara Liskov  2", "▸ ● you"]),
        ("Barbara Liskov of MIT", 2, ["✕ Barbara Liskov…  2", "▸ ● you"]),
    ],
)
async def test_the_series_in_little_room(name: str, score: int, rows: list[str]) -> None:
    """Who leads stands beside the name in the smallest terminal, too, and no word is cut for it."""
    shown = table(
        "40", x=Player(name=name, online=True, away=None, away_at=None), series=Series(x=score)
    )
    async with played(Scene(online(shown)), (44, 18)) as (app, _, _):
        assert str(app.screen.query_one("#left").render()).splitlines() == rows


async def test_a_move_of_a_replay_can_be_clicked() -> None:
    """The list of moves is a way through the game."""
    async with played(replace(playing(WON), keys=("v",))) as (app, _, pilot):
        await pilot.click("#moves", offset=(3, 2))
        await settle(pilot)
        assert app.screen.query_one(Board).view.moves == "03"


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ((44, 18), ["Previous", "Next", "Help", "Back"]),
        ((80, 24), ["Previous", "Next", "Share", "First", "Last", "Help", "Back"]),
    ],
)
async def test_the_keys_of_a_replay(size: tuple[int, int], shown: list[str]) -> None:
    """The keys that a replay is there for come first, in the key bar and in the help."""
    async with played(replace(playing(WON), keys=("v", "left")), size) as (app, _, _):
        bar = app.screen.query_one(KeyBar)
        assert [each.hint.label for each in bar._placed()] == shown
        told = [hint.label for hint in hints_of(app.screen, hidden=True)]
        assert [label for label in told if label != "Help"][:2] == shown[:2]


@pytest.mark.parametrize("button", [2, 3])
async def test_only_the_first_button_acts(button: int) -> None:
    """The other buttons of a mouse press no key, change no value and close no dialog."""
    async with played(replace(SCENES["lobby_new"])) as (app, _, pilot):
        chooser = app.screen.query_one("#mark", Chooser)
        for spot in ("#mark", KeyBar):
            await pilot.click(spot, offset=(2, 0), button=button)
        await pilot.click(offset=(1, 1), button=button)
        await settle(pilot)
        assert isinstance(app.screen, NewGameDialog)
        assert chooser.value == "x"


@pytest.mark.parametrize("size", [(80, 24), (44, 18)])
async def test_names_do_nothing_but_show(size: tuple[int, int]) -> None:
    """A name that looks like markup is shown as it is, and a click on it does nothing."""
    async with played(SCENES["nasty"], size) as (app, _, pilot):
        shown = "".join(str(panel.render()) for panel in app.screen.query(PlayerPanel))
        assert "x[/]" in shown
        assert "[@click=app.quit]" in shown
        assert "[@click=app.quit]hi[ is thinking" in str(app.screen.query_one(StatusLine).render())
        for y in range(4):
            await pilot.click("#right", offset=(size[0] // 6, y))
        await settle(pilot)
        assert app.is_running
        assert isinstance(app.screen, GameScreen)


async def test_a_waiting_game_goes_on_when_somebody_comes() -> None:
    """Whoever waits is taken to the board at once."""
    async with played(SCENES["waiting"]) as (app, client, pilot):
        assert isinstance(app.screen, WaitingScreen)
        client.show(table())
        await settle(pilot)
        assert isinstance(app.screen, GameScreen)
        assert app.focused is app.screen.query_one(Board)
        client.show(table("4"))
        await settle(pilot)
        assert not list(app._notifications)


def note(app: NoughtsApp) -> str:
    return app.screen.query_one(StatusLine).shown.note


@pytest.mark.parametrize(
    ("scene", "key", "said"),
    [
        ("my_turn", "5", "That cell is taken."),
        ("their_turn", "1", "It is not your turn."),
        ("their_turn", "enter", "It is not your turn."),
        ("pending", "1", "Your move is on its way."),
        ("watching", "1", "You watch this game; its players move."),
        ("replaced", "1", "Another terminal of yours plays this game."),
        ("won", "9", "The game is over."),
        ("my_turn", "c", "Bob is neither away nor too late."),
        ("absent", "c", "You can claim the game in 0:23."),
        ("my_turn", "r", "You can when this game is over."),
        ("my_turn", "v", "The game is not over."),
        ("my_turn", "t", "This terminal plays the game already."),
        ("watching", "f", "You watch this game."),
        ("won", "f", "The game is over."),
        ("gone", "e", "Bob does not hear you."),
        ("my_turn", "x", "x means nothing here; ? shows the keys."),
        ("my_turn", "delete", "delete means nothing here; ? shows the keys."),
    ],
)
async def test_a_key_that_means_nothing_now(scene: str, key: str, said: str) -> None:
    """A key that does nothing is told why in the status line, and nothing is asked."""
    async with played(SCENES[scene]) as (app, client, pilot):
        before = note(app)
        await pilot.press(key)
        await settle(pilot)
        assert (note(app), client.asked) == (said, [])
        assert not list(app._notifications)
        screen = app.screen
        assert isinstance(screen, GameScreen)
        screen.session = replace(screen.session, now_ms=lambda: NOW + SAID_MS)
        screen.show()
        assert note(app) == before


async def test_a_click_on_a_taken_cell() -> None:
    """A click says as much as a key."""
    async with played(SCENES["my_turn"]) as (app, client, pilot):
        await pilot.click("#cell-4")
        await settle(pilot)
        assert (note(app), client.asked) == ("That cell is taken.", [])


@pytest.mark.parametrize("scene", ["my_turn", "claim", "won", "watching"])
async def test_looking_at_the_help_does_nothing(scene: str) -> None:
    """Whoever opens the help and presses Enter has done nothing that cannot be undone."""
    async with played(SCENES[scene]) as (app, client, pilot):
        screen = app.screen
        await pilot.press("question_mark")
        await settle(pilot)
        lines = app.screen.query_one(OptionList)
        final = {"Play", "Play at once", "Claim the game", "Rematch"}
        for option in (each for each in lines.options if each.id):
            told = str(option.prompt)[len(help_line(Hint("", "", ""))) :]
            assert option.disabled == (told in final)
        await pilot.press("enter")
        await settle(pilot)
        assert (app.screen, client.asked) == (screen, [])


@pytest.mark.parametrize(
    ("scene", "widget", "said"),
    [
        ("waiting", "#offer", "x means nothing here; ? shows the keys."),
        ("replay", "Toast", "x means nothing here; ? shows the keys."),
    ],
)
async def test_no_screen_is_silent_about_a_key(scene: str, widget: str, said: str) -> None:
    """Every screen tells once of a key that means nothing there."""
    app, _ = begun(SCENES[scene])
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await reached(SCENES[scene], app, pilot)
        for _ in range(2):
            await pilot.press("x")
            await settle(pilot)
        [told] = app.screen.query(widget)
        assert said in str(told.render())


def test_leaving_with_a_move_on_its_way() -> None:
    """Whoever leaves before his move has arrived is told so first."""
    claim = "Bob can claim the game 30 seconds after you left."
    assert leave_text(table("40")) == claim
    moving = leave_text(table("40", pending=8))
    assert moving == f"Your last move has not reached the server. {claim}"


@pytest.mark.parametrize("size", [(80, 24), (44, 18), (40, 16)])
async def test_many_games_that_were_left(size: tuple[int, int]) -> None:
    """However many games were left, the others' games stay in sight."""
    seats = tuple(
        (SavedSeat("embedded", code, f"x.{KEY}", NOW), game("40", code=code))
        for code in (f"A1B2C{number}" for number in range(8))
    )
    async with played(replace(SCENES["lobby_full"], seats=seats), size) as (app, _, _):
        shown = app.screen.query_one("#games").region
        assert shown.height >= 3
        assert app.screen.region.contains_region(shown)
