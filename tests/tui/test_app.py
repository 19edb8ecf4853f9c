"""What the app does across screens: practice, summons, bell, and a key for every click."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from rich.color import Color
from textual import events
from textual.app import App
from textual.command import CommandList
from textual.screen import Screen
from textual.widgets import OptionList, Static

from shared.board import Mark
from shared.errors import ErrorCode, Refusal
from tests.tui.scenes import SCENES, Scene, begun, front, played, reached, settle, table
from tests.tui.snapshots import CODE, NOW, game
from tests.tui.stage import StillClient, online
from tui.app import NoughtsApp, create_app
from tui.client.client import Client
from tui.client.errors import Unreachable
from tui.client.state import ClientState, ConnectionStatus, Table
from tui.options import Level, Options, PlayComputer
from tui.record import Record, RecordFile
from tui.screens.dialogs import Chooser, CodeDialog, NameDialog, NewGameDialog, QuitDialog, levels
from tui.screens.game import GameScreen
from tui.screens.help import HelpScreen
from tui.screens.intents import Practise
from tui.screens.lobby import LobbyScreen
from tui.screens.replay import ReplayScreen, ShareDialog
from tui.screens.waiting import WaitingScreen
from tui.session import Session
from tui.settings import settings_path
from tui.themes import DARK
from tui.widgets.ascii import PlainCharacters
from tui.widgets.keybar import KeyBar
from tui.words.story import Story

PRACTICE = "PRACT1"
_LOSING = {"play", "claim", "rematch", "leave", "resign"}
_WAITED = ("#waited", "#offer")


OPENED: list[Callable[[Session], Screen[Any]]] = [
    lambda session: LobbyScreen(session, Record()),
    lambda session: WaitingScreen(session, CODE),
    lambda session: GameScreen(session, CODE),
    lambda session: ReplayScreen(session, Story("4082")),
    lambda _: ShareDialog(Story("4082"), False),
    lambda _: HelpScreen("About", ()),
    lambda _: levels(),
    lambda _: NewGameDialog(),
    lambda _: CodeDialog(),
    lambda _: NameDialog("Ada"),
]


class ComputerClient(StillClient):
    """The player's client at a game against the computer; knows whether it was closed."""

    closed = False
    goes: asyncio.Event | None = None
    """Until it is set, the client does not close."""

    async def __aexit__(self, *_: object) -> None:
        if self.goes is not None:
            await self.goes.wait()
        self.closed = True


def against_the_computer(
    app: NoughtsApp, called: asyncio.Event | None = None
) -> tuple[ComputerClient, list[Level]]:
    """Puts a computer into the app that never moves, and comes when it has been ``called``."""
    computer = ComputerClient(online(Table(game(code=PRACTICE), Mark.X)))
    asked: list[Level] = []

    async def practise(level: Level) -> tuple[Client, str]:
        asked.append(level)
        if called is not None:
            await called.wait()
        return computer, PRACTICE

    app._practice = practise
    return computer, asked


@pytest.mark.parametrize("orderly", [True, False])
@pytest.mark.parametrize("opened", OPENED)
async def test_the_end_of_the_app_while_a_screen_opens(
    opened: Callable[[Session], Screen[Any]], orderly: bool
) -> None:
    """Whoever quits in the moment in which a screen opens is not shown a traceback."""
    async with played(SCENES["my_turn"]) as (app, _, _pilot):
        app.push_screen(opened(app.session))
        if orderly:
            app.exit()


@pytest.mark.parametrize("clicks", [False, True])
async def test_three_steps_to_the_first_mark(clicks: bool) -> None:
    """From the lobby to a mark on the board against the computer: three keys, or three clicks."""
    async with played(SCENES["lobby_empty"]) as (app, _, pilot):
        computer, asked = against_the_computer(app)
        if clicks:
            await pilot.click("#menu", offset=(5, 3))
            await settle(pilot)
            await pilot.click(OptionList, offset=(5, 1))
            await settle(pilot)
            await pilot.click("#cell-4")
        else:
            for key in ("p", "enter", "5"):
                await pilot.press(key)
                await settle(pilot)
        await settle(pilot)
        assert asked == ["medium"]
        assert computer.asked == [("play", PRACTICE, 4)]


async def test_the_computer_goes_with_its_player() -> None:
    """Leaving the computer closes its game and does not count in the record."""
    scene = replace(SCENES["lobby_empty"], options={"opening": PlayComputer("perfect")})
    async with played(scene) as (app, _, pilot):
        assert str(app.screen.query_one("#notice", Static).render()) == "Nobody is there."
        computer, asked = against_the_computer(app)
        await pilot.press("p", "3")
        await settle(pilot)
        assert asked == ["perfect"]
        computer.show(Table(game("0314", code=PRACTICE), Mark.X))
        computer.show(Table(game("03142", code=PRACTICE), Mark.X))
        await settle(pilot)
        await pilot.press("escape")
        await settle(pilot)
        assert isinstance(app.screen, LobbyScreen)
        assert computer.closed
        assert app.screen.record.won == 0


async def test_whoever_waits_can_play_the_computer_meanwhile() -> None:
    """When somebody joins, the player is told and goes there by one key."""
    async with played(SCENES["waiting"]) as (app, client, pilot):
        computer, _ = against_the_computer(app)
        await pilot.press("p", "enter")
        await settle(pilot)
        assert front(app).session.practice
        client.show(table())
        await settle(pilot)
        assert "Bob has joined your game K7QF2M" in str(next(iter(app._notifications)).message)
        assert "g" in {hint.binding for hint in app.screen.query_one(KeyBar).hints}
        await pilot.press("g")
        await settle(pilot)
        screen = front(app)
        assert isinstance(screen, GameScreen)
        assert (screen.game_id, computer.closed) == (CODE, True)
        assert [type(each) for each in app.screen_stack[1:]] == [LobbyScreen, GameScreen]


async def test_nobody_is_called_to_what_is_in_front() -> None:
    """A screen that hears of its game while it makes room for it calls nobody."""
    async with played(SCENES["waiting"]) as (app, client, pilot):
        client.show(table())
        app.switch_screen(GameScreen(app.session, CODE))
        await settle(pilot)
        assert not list(app._notifications)


@pytest.mark.parametrize(
    ("cover", "way"),
    [(("question_mark",), "Esc"), (("ctrl+p",), "Esc"), (("p",), "Esc"), (("p", "enter"), "g")],
)
async def test_a_call_ends_when_the_game_is_shown(cover: tuple[str, ...], way: str) -> None:
    """Whoever comes back by Esc to a game that began meanwhile is not called there any more."""
    async with played(SCENES["waiting"]) as (app, client, pilot):
        computer, _ = against_the_computer(app)
        for key in cover:
            await pilot.press(key)
            await settle(pilot)
        client.show(table())
        computer.show(Table(game("03142", code=PRACTICE), Mark.X))
        await settle(pilot)
        assert [note.message for note in app._notifications] == [
            f"Bob has joined your game {CODE}: press {way} to go there."
        ]
        await pilot.press("escape")
        await settle(pilot)
        assert "g" not in {hint.binding for hint in app.screen.query_one(KeyBar).hints}
        assert not list(app._notifications)
        await pilot.press("g")
        await settle(pilot)
        assert front(app).client is client
        assert [type(each) for each in app.screen_stack[1:]] == [LobbyScreen, GameScreen]


async def test_a_game_that_was_cancelled_calls_nobody() -> None:
    """A waiting game that ends while the player does something else has been joined by nobody."""
    async with played(SCENES["waiting"]) as (app, client, pilot):
        against_the_computer(app)
        await pilot.press("p", "enter")
        await settle(pilot)
        client.show(table(o=None, status="cancelled"))
        await settle(pilot)
        assert not list(app._notifications)
        assert "g" not in {hint.binding for hint in app.screen.query_one(KeyBar).hints}


async def test_the_computer_does_not_come_before_somebody() -> None:
    """A computer that was called and comes after an opponent goes again unseen."""
    async with played(SCENES["waiting"]) as (app, client, pilot):
        called = asyncio.Event()
        computer, _ = against_the_computer(app, called)
        await pilot.press("p", "enter")
        await settle(pilot)
        client.show(table())
        await settle(pilot)
        called.set()
        await settle(pilot)
        assert front(app).client is client
        assert computer.closed


async def test_a_computer_that_takes_too_long_can_be_cancelled() -> None:
    """Nothing else begins while the computer is called, and Esc calls it off."""
    async with played(SCENES["lobby_empty"]) as (app, client, pilot):
        called = asyncio.Event()
        against_the_computer(app, called)
        await pilot.press("p", "enter")
        await settle(pilot)
        await pilot.press("q")
        await settle(pilot)
        said = str(app.screen.query_one("#notice", Static).render())
        assert said == "Calling the computer… Esc cancels that."
        await pilot.press("escape")
        await settle(pilot)
        called.set()
        await settle(pilot)
        assert isinstance(app.screen, LobbyScreen)
        await pilot.press("q")
        await settle(pilot)
        assert client.asked == [("match", 0)]


async def test_whoever_plays_the_computer_next_has_left_his_table() -> None:
    """The opponent of the last game hears that nobody is there any more, once there is a game."""
    async with played(Scene(online(table("03142")))) as (app, client, pilot):
        await pilot.press("p", "enter")
        await settle(pilot)
        assert client.asked == []
        against_the_computer(app)
        await pilot.press("p", "enter")
        await settle(pilot)
        assert client.asked == [("leave", CODE)]
        assert [type(each) for each in app.screen_stack[1:]] == [LobbyScreen, GameScreen]
        assert front(app).session.practice


async def test_every_computer_is_closed() -> None:
    """Whoever calls another computer before the last one has gone leaves none behind."""
    async with played(SCENES["lobby_empty"]) as (app, _, pilot):
        goes = asyncio.Event()
        computers = []
        for _ in range(3):
            computer, _ = against_the_computer(app)
            computer.goes = goes
            computers.append(computer)
            app.screen.post_message(Practise("easy", front(app)))
            await settle(pilot)
        goes.set()
        await settle(pilot)
        assert [each.closed for each in computers] == [True, True, False]
        assert front(app).client is computers[-1]
    assert computers[-1].closed


@pytest.mark.parametrize(("name", "toasts"), [("lobby_empty", 0), ("waiting", 1)])
async def test_a_refused_game_against_the_computer_is_said(name: str, toasts: int) -> None:
    """Whatever keeps the computer from coming is told once, and nothing else happens."""
    async with played(SCENES[name]) as (app, _, pilot):
        before = app.screen

        async def practise(_level: Level) -> tuple[Client, str]:
            raise Refusal(ErrorCode.BUSY, "The server is busy.")

        app._practice = practise
        await pilot.press("p", "enter")
        await settle(pilot)
        assert [note.message for note in app._notifications] == ["The server is busy."] * toasts
        assert app.screen is before
        if not toasts:
            assert str(before.query_one("#notice", Static).render()) == "The server is busy."


async def test_the_computer_knows_the_name_of_today(monkeypatch: pytest.MonkeyPatch) -> None:
    """Against the computer, too, a player has the name that he took last."""
    names: list[str] = []

    async def practise(_level: Level, *, name: str) -> tuple[Client, str]:
        names.append(name)
        raise Unreachable("Nobody is there.")

    monkeypatch.setattr("tui.computer.practise", practise)
    app = create_app(
        Options(name="Ada"),
        client=StillClient(),
        record=RecordFile(None),
        remember=lambda _changes: None,
    )
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("e", "end", *" Byron", "enter", "p", "enter")
        await settle(pilot)
        assert names == ["Ada Byron"]


async def test_waiting_can_be_copied_and_cancelled() -> None:
    """The command is copied by a key, and Esc gives the game up at once."""
    async with played(SCENES["waiting"]) as (app, client, pilot):
        assert isinstance(app.screen, WaitingScreen)
        await pilot.press("c")
        await settle(pilot)
        assert app.clipboard == "noughts-tui join K7QF2M --url wss://play.example.org/game"
        assert "Copied" in str(app.screen.query_one("#offer", Static).render())
        assert not list(app._notifications)
        await pilot.press("escape")
        await settle(pilot)
        assert client.asked == [("leave", CODE)]
        assert isinstance(app.screen, LobbyScreen)


NO_THEME = "No theme is called nope[/]"
WHERE = f"--theme, or theme in {settings_path()}"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            "nope[/]",
            [f"{NO_THEME} ({WHERE}); t in the lobby shows them all."],
        ),
        ("high-contrast", []),
        (None, []),
    ],
)
async def test_a_theme_that_is_none_is_said(asked: str | None, said: list[str]) -> None:
    """A theme that does not exist is named, and the game comes in its own colours."""
    async with played(replace(SCENES["lobby_empty"], options={"theme": asked})) as (app, _, _):
        assert [note.message for note in app._notifications] == said
        assert app.theme == (DARK if said or asked is None else asked)


async def test_what_is_wrong_with_the_seats_is_said_once() -> None:
    """Whose seats cannot be kept is told so, wherever he is, and not with every move."""
    sentence = "Your seats cannot be kept in [folder]: no space left."
    async with played(Scene(online(table("4")))) as (app, client, pilot):
        for moves in ("40", "408"):
            client.learn(replace(online(table(moves)), warning=sentence))
            await settle(pilot)
        assert [note.message for note in app._notifications] == [sentence]


async def test_waiting_in_vain_is_said() -> None:
    """A game that is gone, or a connection that is, offers nothing that cannot be had."""
    async with played(SCENES["waiting"]) as (app, client, pilot):
        screen = front(app)

        async def shown(state: ClientState) -> tuple[str, str, set[str]]:
            client.learn(state)
            await settle(pilot)
            waited, offer = (str(screen.query_one(at, Static).render()) for at in _WAITED)
            return waited, offer, {hint.binding for hint in screen.query_one(KeyBar).hints}

        refused = "There is no game with that code."
        waited, offer, keys = await shown(online(table(o=None, gone=True, error=refused)))
        assert (waited, offer) == ("This game is no longer on the server", refused)
        assert {"p", "escape"} <= keys
        assert "c" not in keys
        lost = replace(
            online(table(o=None)), connection=ConnectionStatus.FAILED, failure="Nobody there."
        )
        waited, offer, keys = await shown(lost)
        assert (waited, offer) == ("No connection", "Nobody there.")
        assert {"c", "p", "escape"} <= keys


@pytest.mark.parametrize("size", [(80, 24), (44, 18), (120, 40)])
@pytest.mark.parametrize(
    "sentence", ["No.", "Bob has joined your game K7QF2M: press g to go there."]
)
async def test_what_is_told_covers_no_game(size: tuple[int, int], sentence: str) -> None:
    """Nobody has to wait for a message to go before he sees the board and where it stands."""
    scene = SCENES["my_turn"]
    app, _ = begun(scene)
    async with app.run_test(size=size, notifications=True) as pilot:
        await reached(scene, app, pilot)
        app.notify(sentence)
        await settle(pilot)
        toast = app.screen.query_one("Toast").region
        assert toast
        assert app.screen.region.contains_region(toast)
        for shown in ("Board", "StatusLine", "KeyBar"):
            assert not toast.overlaps(app.screen.query_one(shown).region)


@pytest.mark.parametrize(
    ("size", "lines"),
    [
        ((80, 24), ["noughts-tui join K7QF2M --url wss://play.example.org/game"]),
        ((44, 18), ["noughts-tui join K7QF2M --url \\", "wss://play.example.org/game"]),
    ],
)
async def test_the_command_stands_in_one_piece(size: tuple[int, int], lines: list[str]) -> None:
    """What is selected on the waiting screen can be pasted, in however many lines it stands."""
    async with played(SCENES["waiting"], size) as (app, _, _):
        rows = [strip.text.strip() for strip in app.screen._compositor.render_strips()]
        at = rows.index(lines[0])
        assert rows[at : at + len(lines)] == lines


@pytest.mark.parametrize(
    ("reported", "bell", "rings"),
    [
        (events.AppBlur, True, 1),
        (events.AppFocus, True, 0),
        (None, True, 1),
        (events.AppBlur, False, 0),
        (None, False, 0),
    ],
)
async def test_the_bell(
    reported: type[events.Event] | None, bell: bool, rings: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bell rings for one's turn, unless one is known to look, or has turned it off."""
    rung: list[None] = []
    monkeypatch.setattr(App, "bell", lambda _app: rung.append(None))
    scene = Scene(online(table("4")), options={"bell": bell})
    async with played(scene) as (app, client, pilot):
        if reported is not None:
            app.post_message(reported())
            await settle(pilot)
        client.show(table("40"))
        await settle(pilot)
        assert len(rung) == rings


async def test_a_lost_connection_is_shown_and_can_be_tried_again() -> None:
    """No screen is silent about the connection, and a failed one has a key to try again."""
    failed = replace(
        online(table("40")),
        connection=ConnectionStatus.FAILED,
        failure="The server speaks another language.",
    )
    async with played(Scene(failed)) as (app, client, pilot):
        assert "Try again" in {hint.label for hint in app.screen.query_one(KeyBar).hints}
        await pilot.press("f5")
        assert client.asked == [("reconnect",)]


@pytest.mark.parametrize("name", ["ascii", "ascii_lobby"])
async def test_ascii_draws_plain_characters_only(name: str) -> None:
    """With ``--ascii`` everything that the program draws is plain, every screen with its frame."""
    async with played(SCENES[name]) as (app, _, pilot):
        for key in ("question_mark", "escape"):
            await pilot.press(key)
            await settle(pilot)
            assert any(isinstance(each, PlainCharacters) for each in app.get_line_filters())
            lines = app.screen._compositor.render_strips()
            assert "".join(strip.text for strip in lines).isascii()


@pytest.mark.parametrize("name", ["lobby_full", "lobby_new", "lobby_join", "my_turn", "won"])
async def test_no_color_means_none(name: str) -> None:
    """With ``NO_COLOR`` not even a grey leaves the program, and the place of the focus shows."""
    scene = replace(SCENES[name], environment={"NO_COLOR": "1"})
    async with played(scene) as (app, _, pilot):
        for key in ("question_mark", "escape"):
            await pilot.press(key)
            await settle(pilot)
            segments = [each for line in app.screen._compositor.render_strips() for each in line]
            styles = [segment.style for segment in segments if segment.style]
            colours = {colour for style in styles for colour in (style.color, style.bgcolor)}
            assert colours <= {None, Color.default()}
            if isinstance(app.focused, OptionList | Chooser):
                assert any(style.underline or style.reverse for style in styles)


async def test_time_goes_on_by_itself() -> None:
    """A countdown counts without news from the server."""
    async with played(Scene(online(table("40", deadline=NOW + 9_000)))) as (app, _, pilot):
        screen = front(app)
        screen.session = replace(screen.session, now_ms=lambda: NOW + 4_000)
        screen.show()
        await settle(pilot)
        assert "Your turn, 0:05" in str(app.screen.query_one("StatusLine").render())


def last_words(*codes: str) -> list[str]:
    """What the terminal shows when the screen is gone, without the time of day."""
    return [f"You can come back until #: noughts-tui join {code}" for code in codes]


def timeless(app: NoughtsApp) -> list[str]:
    return [re.sub(r"\d\d:\d\d", "#", sentence) for sentence in app.last_words]


@pytest.mark.parametrize(
    ("before", "answer", "asked"),
    [
        ((), ("1",), []),
        ((), ("escape",), []),
        ((), ("2",), [("part", CODE)]),
        ((), ("ctrl+q",), [("part", CODE)]),
        ((), ("3",), [("resign", CODE), ("part", CODE)]),
        *((cover, ("2",), [("part", CODE)]) for cover in (("e",), ("question_mark",), ("ctrl+p",))),
    ],
)
async def test_quitting_in_a_game(
    before: tuple[str, ...], answer: tuple[str, ...], asked: list[Any]
) -> None:
    """Ctrl+Q asks where a game is played, tells the opponent rightly, and how to come back."""
    async with played(SCENES["my_turn"]) as (app, client, pilot):
        for key in (*before, "ctrl+q"):
            await pilot.press(key)
            await settle(pilot)
        assert isinstance(app.screen, QuitDialog)
        assert client.asked == []
        for key in answer:
            await pilot.press(key)
            await settle(pilot)
        assert (client.asked, app._exit) == (asked, bool(asked))
        assert timeless(app) == (last_words(CODE) if asked else [])


@pytest.mark.parametrize(
    ("scene", "asked"),
    [
        ("won", [("part", CODE)]),
        ("waiting", [("part", CODE)]),
        ("watching", [("part", CODE)]),
        ("replaced", [("part", CODE)]),
        ("lobby_full", [("part",)]),
    ],
)
async def test_quitting_where_nothing_is_lost(scene: str, asked: list[Any]) -> None:
    """Whoever plays no game quits at once, and has left his table."""
    async with played(SCENES[scene]) as (app, client, pilot):
        await pilot.press("ctrl+q")
        await settle(pilot)
        assert (client.asked, app._exit, app.last_words) == (asked, True, ())


async def test_quitting_in_the_dark() -> None:
    """Where no question can be seen Ctrl+Q leaves the game in order and at once."""
    async with played(SCENES["too_small"]) as (app, client, pilot):
        await pilot.press("ctrl+q")
        await settle(pilot)
        assert (client.asked, timeless(app)) == ([("part", CODE)], last_words(CODE))


async def test_quitting_against_the_computer() -> None:
    """A game against the computer cannot be come back to: quitting asks, and promises nothing."""
    async with played(SCENES["lobby_empty"]) as (app, client, pilot):
        against_the_computer(app)
        await pilot.press("p", "enter")
        await settle(pilot)
        await pilot.press("ctrl+q")
        await settle(pilot)
        choices = app.screen.query_one(OptionList).options
        assert [str(choice.prompt) for choice in choices] == ["1  Play on", "2  Quit"]
        await pilot.press("2")
        await settle(pilot)
        assert (client.asked, app._exit, app.last_words) == ([("part",)], True, ())


@pytest.mark.parametrize("scene", ["my_turn", "claim", "won", "waiting", "lobby_full", "replay"])
async def test_a_search_that_just_opened_ends_nothing(scene: str) -> None:
    """Whoever opens the list of actions and presses Enter has neither played nor left anything."""
    async with played(SCENES[scene]) as (app, client, pilot):
        below = app.screen
        await pilot.press("ctrl+p")
        await app.workers.wait_for_complete()
        await settle(pilot)
        found = {str(option.prompt) for option in app.screen.query_one(CommandList).options}
        assert found
        ends = ("Play\n", "Claim", "Rematch", "Back", "Cancel", "Quit\n", "Give up")
        assert [each for each in found if each.startswith(ends)] == []
        await pilot.press("enter")
        await app.workers.wait_for_complete()
        await settle(pilot)
        assert below in app.screen_stack
        assert [request for request in client.asked if request[0] in _LOSING] == []
