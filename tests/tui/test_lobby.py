"""The lobby and the way into every game."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import pytest
from textual import events
from textual.command import CommandList
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from shared.board import Mark
from shared.errors import ErrorCode, Refusal
from shared.text import cell_width
from tests.tui.scenes import SCENES, front, played, settle, table
from tests.tui.snapshots import CODE, KEY, NOW, game
from tests.tui.stage import LIVE_GAMES, OPEN_GAMES, StillClient, online
from tests.tui.test_walk import deed
from tui.app import NoughtsApp
from tui.client.errors import Unreachable
from tui.client.seats import SavedSeat
from tui.client.state import ClientState, ConnectionStatus, Missed, Table
from tui.options import JoinGame, StartGame, WatchGame
from tui.screens.dialogs import CodeDialog
from tui.screens.game import GameScreen
from tui.screens.help import HelpScreen
from tui.screens.lobby import LobbyScreen
from tui.screens.replay import ReplayScreen
from tui.screens.waiting import WaitingScreen
from tui.widgets.keybar import KeyBar, hints_of
from tui.widgets.top_line import TopLine
from tui.words.story import Story, share_card

LOBBY = SCENES["lobby_full"]


def notice(app: NoughtsApp) -> str:
    return str(app.screen.query_one("#notice", Static).render())


def sits_down(client: StillClient) -> None:
    """Lays the table at which the next request sits."""
    client._known = replace(client.state, tables={CODE: table("4", Mark.O)})


@pytest.mark.parametrize(
    ("keys", "asked"),
    [
        (("q",), ("match", 0)),
        (("n", "enter"), ("start", "x", False, 0)),
        (("n", "right", "down", "right", "down", "right", "enter"), ("start", "o", True, 10)),
        (("j", *"k7q-f2m", "enter"), ("join", CODE)),
        (("j", *"k7qf2m", "tab", "tab", "enter"), ("watch", CODE)),
        (("tab", "enter"), ("join", "7Q2M4K")),
        (("tab", "down", "down", "enter"), ("watch", "W00T5Z")),
        (("enter",), ("match", 0)),
        (("down", "enter", "enter"), ("start", "x", False, 0)),
    ],
)
async def test_keys_lead_into_a_game(keys: tuple[str, ...], asked: tuple[object, ...]) -> None:
    """Every way into a game is reached by keys, and leads to its table."""
    async with played(LOBBY) as (app, client, pilot):
        sits_down(client)
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
        await settle(pilot)
        assert client.asked == [asked]
        assert isinstance(app.screen, GameScreen)


@pytest.mark.parametrize(
    ("widget", "row", "asked"),
    [
        ("#menu", 0, ("match", 0)),
        ("#games", 1, ("join", "7Q2M4K")),
        ("#games", 4, ("watch", "W00T5Z")),
    ],
)
async def test_clicks_lead_into_a_game(widget: str, row: int, asked: tuple[object, ...]) -> None:
    """One click does what the key does."""
    async with played(LOBBY) as (app, client, pilot):
        sits_down(client)
        inset = 1 if widget == "#games" else 0
        await pilot.click(widget, offset=(8, row + inset))
        await settle(pilot)
        assert client.asked == [asked]
        assert isinstance(app.screen, GameScreen)


async def test_a_new_game_by_mouse() -> None:
    """The dialog's values are clicked through, and its button starts the game."""
    async with played(replace(LOBBY, keys=("n",))) as (app, client, pilot):
        client._known = online(table(o=None))
        await pilot.click("#mark")
        await pilot.click("#listed")
        await pilot.click("#start")
        await settle(pilot)
        assert client.asked == [("start", "o", True, 0)]
        assert isinstance(app.screen, WaitingScreen)


@pytest.mark.parametrize(
    ("opening", "asked"),
    [
        (StartGame("o", listed=True, clock=30), ("start", "o", True, 30)),
        (JoinGame(CODE), ("join", CODE)),
        (WatchGame(CODE), ("watch", CODE)),
    ],
)
async def test_the_command_line_leads_there_at_once(
    opening: StartGame | JoinGame | WatchGame, asked: tuple[object, ...]
) -> None:
    """``new``, ``join`` and ``watch`` ask without another key."""
    async with played(replace(LOBBY, options={"opening": opening})) as (_, client, _):
        assert client.asked == [asked]
        assert client.looks == 0


@pytest.mark.parametrize("size", [(80, 24), (44, 18), (40, 16)])
async def test_a_long_failure_is_read_to_its_end(size: tuple[int, int]) -> None:
    """What is wrong, and what to do about it, takes as many lines as it needs."""
    sentence = (
        "Another program uses port 8002 of this machine: end it, or set NOUGHTS_TUI_PORT to a free"
        " port."
    )
    scene = replace(LOBBY, state=ClientState(connection=ConnectionStatus.FAILED, failure=sentence))
    async with played(scene, size) as (app, _, _):
        said = app.screen.query_one("#notice")
        rows = [
            "".join(segment.text for segment in said.render_line(row))
            for row in range(said.size.height)
        ]
        assert " ".join(" ".join(rows).split()) == sentence
        assert not said.region.overlaps(app.screen.query_one("#games").region)
        assert not said.region.overlaps(app.screen.query_one(KeyBar).region)


@pytest.mark.parametrize(
    "keys",
    [
        *(("q",), ("n", "enter"), ("j", *"k7qf2m", "enter"), ("r",), ("e",)),
        *(("enter",), ("home", "enter"), ("tab", "enter"), ("tab", "end", "enter")),
    ],
)
async def test_one_way_into_a_game_at_a_time(keys: tuple[str, ...]) -> None:
    """While the server is asked for a game nothing else is asked: else there would be two."""
    async with played(SCENES["lobby_busy"]) as (app, client, pilot):
        shown = {hint.label for hint in hints_of(app.screen)}
        assert shown == {"Theme", "Games", "Computer", "Help", "Cancel"}
        for key in keys:
            await pilot.press(key)
            await settle(pilot)
        assert app.focused is not None
        app.focused.post_message(events.Paste("noughts-tui join k7qf2m"))
        await settle(pilot)
        assert client.asked == [("match", 0)]
        assert isinstance(app.screen, LobbyScreen)
        client.answers.set()
        await settle(pilot)
        assert [type(each) for each in app.screen_stack[1:]] == [LobbyScreen, GameScreen]
        await pilot.press("escape", "2")
        await settle(pilot)
        assert {"q", "n", "j", "p", "e"} <= {hint.binding for hint in hints_of(app.screen)}


@pytest.mark.parametrize("cover", [(), ("question_mark", "escape")])
async def test_what_takes_too_long_can_be_cancelled(cover: tuple[str, ...]) -> None:
    """Esc is the way out of waiting for the server, and leads back to the whole lobby."""
    async with played(replace(LOBBY, silent=True)) as (app, client, pilot):
        before = hints_of(app.screen)
        for key in ("q", *cover):
            await pilot.press(key)
            await settle(pilot)
        assert notice(app) == "Looking for an opponent…"
        await pilot.press("escape")
        await settle(pilot)
        client.answers.set()
        await settle(pilot)
        assert isinstance(app.screen, LobbyScreen)
        assert (notice(app), hints_of(app.screen)) == ("", before)
        await pilot.press("n", "enter")
        await settle(pilot)
        assert client.asked == [("match", 0), ("start", "x", False, 0)]
        assert isinstance(app.screen, GameScreen)


@pytest.mark.parametrize("cover", ["question_mark", "ctrl+p"])
async def test_a_table_comes_in_place_of_what_was_open(cover: str) -> None:
    """No dialog waits under a game for its end."""
    async with played(LOBBY) as (app, client, pilot):
        client.answers.clear()
        await pilot.press("q", cover)
        await settle(pilot)
        client.answers.set()
        await settle(pilot)
        assert [type(each) for each in app.screen_stack[1:]] == [LobbyScreen, GameScreen]


async def test_the_lobby_is_looked_at_once() -> None:
    """Each look at the lists costs money: one when the lobby opens."""
    async with played(LOBBY) as (_, client, pilot):
        await settle(pilot)
        assert client.looks == 1


async def test_the_lists_stay_fresh_when_the_clock_is_set_back() -> None:
    """The lists are looked at again after five seconds, whatever the time is said to be."""
    async with played(LOBBY) as (app, client, pilot):
        screen = front(app)
        for seconds, looks in ((4.9, 1), (5.0, 2)):
            screen.session = replace(
                screen.session, now_ms=lambda: NOW - 3_600_000, monotonic=partial(float, seconds)
            )
            screen.show()
            await settle(pilot)
            assert client.looks == looks


@pytest.mark.parametrize(
    "refusal",
    [Refusal(ErrorCode.GAME_FULL, "Both seats are taken."), Unreachable("Both seats are taken.")],
)
async def test_a_refusal_is_shown(refusal: Exception) -> None:
    """What went wrong is said in the lobby, where the next attempt begins."""
    async with played(LOBBY) as (app, client, pilot):
        client.refusal = refusal
        await pilot.press("q")
        await settle(pilot)
        assert isinstance(app.screen, LobbyScreen)
        assert notice(app) == "Both seats are taken."


async def test_a_seat_that_is_alive_is_offered_first() -> None:
    """After a crash the first thing under Enter is the game that was left behind."""
    async with played(SCENES["lobby_resume"]) as (app, client, pilot):
        menu = app.screen.query_one("#menu", OptionList)
        assert menu.highlighted_option is not None
        assert menu.highlighted_option.id == f"resume('{CODE}', 'x')"
        sits_down(client)
        await pilot.press("enter")
        await settle(pilot)
        assert client.asked == [("resume", CODE)]


async def test_a_seat_is_offered_once_there_is_a_connection() -> None:
    """A server that comes up later is asked then."""
    async with played(replace(SCENES["lobby_resume"], seats=())) as (app, client, pilot):
        menu = app.screen.query_one("#menu", OptionList)
        client.seats = SCENES["lobby_resume"].seats
        client.learn(replace(client.state, connection=ConnectionStatus.RECONNECTING))
        await settle(pilot)
        assert menu.get_option_at_index(0).id == "match"
        client.learn(replace(client.state, connection=ConnectionStatus.ONLINE))
        await settle(pilot)
        assert menu.get_option_at_index(0).id == f"resume('{CODE}', 'x')"


async def test_a_seat_that_another_terminal_resumed_is_not_taken_from_it() -> None:
    """The offer ends when another terminal has resumed the game, and its key takes nothing."""
    async with played(SCENES["lobby_resume"]) as (app, client, pilot):
        menu = app.screen.query_one("#menu", OptionList)
        assert menu.get_option_at_index(0).id == f"resume('{CODE}', 'x')"
        client.seats = ()
        await pilot.press("r")
        await settle(pilot)
        assert client.asked == []
        assert menu.get_option_at_index(0).id == "match"
        assert notice(app) == "Another terminal of yours has taken this game over."


async def test_the_list_refreshes_and_keeps_its_highlight() -> None:
    """A game that comes or goes does not move the highlight to another one."""
    async with played(LOBBY) as (app, client, pilot):
        await pilot.press("tab", "down")
        games = app.screen.query_one("#games", OptionList)

        def highlighted() -> str | None:
            return games.highlighted_option.id if games.highlighted_option else None

        assert highlighted() == "open-B4NNX1"
        client.learn(online(open_games=OPEN_GAMES[1:], live_games=LIVE_GAMES))
        await settle(pilot)
        assert highlighted() == "open-B4NNX1"
        client.learn(online(open_games=OPEN_GAMES[:1], live_games=LIVE_GAMES))
        await settle(pilot)
        assert highlighted() is None


async def test_a_pasted_code_opens_the_question() -> None:
    """A code, or the whole command, can be pasted anywhere in the lobby."""
    async with played(LOBBY) as (app, client, pilot):
        assert app.focused is not None
        app.focused.post_message(events.Paste("noughts-tui join k7qf2m"))
        await settle(pilot)
        assert isinstance(app.screen, CodeDialog)
        assert app.screen.query_one(Input).value == CODE
        await pilot.press("enter")
        await settle(pilot)
        assert client.asked == [("join", CODE)]


async def pasted(app: NoughtsApp, pilot: Pilot[None], text: str) -> None:
    assert app.focused is not None
    app.focused.post_message(events.Paste(text))
    await settle(pilot)


def wrong(app: NoughtsApp) -> str:
    return str(app.screen.query_one(".wrong", Static).render())


async def test_a_pasted_invitation_to_watch() -> None:
    """Who pastes the command that watches is led to watch."""
    async with played(LOBBY) as (app, client, pilot):
        await pasted(app, pilot, "noughts-tui watch K7QF2M")
        await pilot.press("enter")
        await settle(pilot)
        assert client.asked == [("watch", CODE)]


@pytest.mark.parametrize("open_first", [False, True])
async def test_a_pasted_replay_is_shown(open_first: bool) -> None:
    """A replay code opens the replay, in the lobby and in the question for a code."""
    async with played(LOBBY) as (app, client, pilot):
        if open_first:
            await pilot.press("j")
        await pasted(app, pilot, share_card(Story("40821"), plain=True))
        if open_first:
            await pilot.press("enter")
            await settle(pilot)
        assert isinstance(app.screen, ReplayScreen)
        await pilot.press("escape")
        await settle(pilot)
        assert isinstance(app.screen, LobbyScreen)
        assert client.asked == []
        assert client.connects == 1


async def test_a_paste_that_could_be_several_codes_is_asked_about() -> None:
    """Where it is not clear which code is meant nothing is joined, and the player is asked."""
    async with played(LOBBY) as (app, client, pilot):
        await pasted(app, pilot, "Please come")
        assert isinstance(app.screen, CodeDialog)
        assert app.screen.query_one(Input).value == ""
        assert wrong(app) == "Is Please the code? Type it here"
        await pasted(app, pilot, "K7QF2M or B4NNX1")
        assert wrong(app) == "Which is the code: K7QF2M, B4NNX1?"
        await pasted(app, pilot, "nothing at all")
        assert wrong(app) == "What you pasted holds no code"
        assert client.asked == []


async def test_a_paste_without_a_code_is_answered() -> None:
    """Text without a code is not passed over in silence."""
    async with played(LOBBY) as (app, _, pilot):
        await pasted(app, pilot, "nothing at all")
        assert isinstance(app.screen, LobbyScreen)
        assert notice(app) == "What you pasted holds no code."


async def test_several_lines_in_the_question_for_a_code() -> None:
    """A text of several lines is read as a whole, whatever its first line holds."""
    async with played(LOBBY) as (app, client, pilot):
        await pilot.press("j", "x")
        await pasted(app, pilot, "\n\nHello!\nThe code is `K7QF2M`.\n")
        assert app.screen.query_one(Input).value == CODE
        await pilot.press("enter")
        await settle(pilot)
        assert client.asked == [("join", CODE)]


@pytest.mark.parametrize(
    ("text", "name", "cut"),
    [
        ("Grace", "Grace", False),
        ("\nGrace\nHopper", "Grace Hopper", False),
        ("Grace Brewster Murray Hopper of the United States Navy", "Grace Brewster Murra", True),
        ("\u6f22" * 50, "\u6f22" * 10, True),
        ("x\u0301" * 50, "x\u0301" * 20, True),
    ],
)
async def test_a_pasted_name(text: str, name: str, cut: bool) -> None:
    """A name of several lines is one, and one that is too long is cut, and said to be."""
    async with played(LOBBY) as (app, _, pilot):
        await pilot.press("e", "ctrl+u")
        await pasted(app, pilot, text)
        assert app.screen.query_one(Input).value == name
        assert wrong(app) == ("A name has 20 columns: the rest is cut" if cut else "")
        if cut:
            await pilot.press("backspace")
            await settle(pilot)
            assert wrong(app) == ""


async def test_a_wrong_code_is_told_before_it_is_asked() -> None:
    """What cannot be a code is not sent."""
    async with played(SCENES["lobby_join"]) as (app, client, pilot):
        assert "6 letters and digits" in str(app.screen.query_one(".wrong", Static).render())
        await pilot.press("escape")
        assert isinstance(app.screen, LobbyScreen)
        assert client.asked == []


@pytest.mark.parametrize("last", [("enter",), ("tab", "tab", "enter")])
async def test_a_code_that_leads_nowhere_is_asked_for_again(last: tuple[str, ...]) -> None:
    """Of a mistyped code only what is wrong must be typed again."""
    async with played(LOBBY) as (app, client, pilot):
        client.refusal = Refusal(ErrorCode.NO_SUCH_GAME, "There is no game with that code.")
        await pilot.press("j", *"k7qf2m", *last)
        await settle(pilot)
        assert isinstance(app.screen, CodeDialog)
        assert app.screen.query_one(Input).value == CODE
        wrong = app.screen.query_one(".wrong", Static)
        assert str(wrong.render()) == "There is no game with that code."
        client.refusal = None
        await pilot.press("end", "backspace", "n")
        await settle(pilot)
        assert str(wrong.render()) == ""
        await pilot.press("enter")
        await settle(pilot)
        assert client.asked[-1] == ("join", "K7QF2N")


async def test_a_listed_game_that_is_gone_asks_for_no_code() -> None:
    """Who typed no code is not asked for one."""
    async with played(LOBBY) as (app, client, pilot):
        client.refusal = Refusal(ErrorCode.NO_SUCH_GAME, "There is no game with that code.")
        await pilot.press("tab", "enter")
        await settle(pilot)
        assert isinstance(app.screen, LobbyScreen)
        assert notice(app) == "There is no game with that code."


async def test_enter_is_told() -> None:
    """The key bar says what Enter does where one is, and where Tab leads."""
    async with played(LOBBY) as (app, client, pilot):

        async def shown(*keys: str) -> list[str]:
            for key in keys:
                await pilot.press(key)
                await settle(pilot)
            return [hint.label for hint in app.screen.query_one(KeyBar).hints]

        assert (await shown())[:2] == ["Choose", "Games"]
        assert (await shown("tab"))[:2] == ["Join", "Menu"]
        assert (await shown("end"))[:2] == ["Watch", "Menu"]
        client.learn(online())
        await settle(pilot)
        assert (await shown())[:1] == ["Menu"]
        client.learn(online(open_games=OPEN_GAMES))
        await settle(pilot)
        assert (await shown())[:2] == ["Join", "Menu"]


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        (("e",), ["Save", "Back"]),
        (("j",), ["Join", "Back"]),
        (("p",), ["Choose", "Back"]),
        (("t",), ["Back"]),
        (("ctrl+p",), ["Back"]),
    ],
)
async def test_a_dialog_tells_its_own_keys(keys: tuple[str, ...], told: list[str]) -> None:
    """Below a question stands what Enter and Esc do there, and no key of the screen behind."""
    async with played(replace(LOBBY, keys=keys)) as (app, _, _):
        assert [hint.label for hint in app.screen.query_one(KeyBar).hints] == told


@pytest.mark.parametrize("size", [(40, 16), (44, 18), (80, 24)])
@pytest.mark.parametrize("key", ["t", "ctrl+p"])
async def test_the_keys_of_a_search_stay_in_sight(size: tuple[int, int], key: str) -> None:
    """However long the list of what is found, the key bar is below it."""
    async with played(replace(LOBBY, keys=(key,)), size) as (app, _, pilot):
        await app.workers.wait_for_complete()
        await settle(pilot)
        found = app.screen.query_one(CommandList)
        assert found.option_count > 5
        assert not found.region.overlaps(app.screen.query_one(KeyBar).region)


@pytest.mark.parametrize(
    ("key", "typed", "asked"),
    [("j", CODE, [("join", CODE)]), ("n", ("right", "down", "right"), [("start", "o", True, 0)])],
)
async def test_enter_comes_after_what_was_typed(
    key: str, typed: Sequence[str], asked: list[tuple[object, ...]]
) -> None:
    """Whoever types faster than the screen is drawn gets what he typed."""
    async with played(replace(LOBBY, keys=(key,))) as (app, client, pilot):
        for each in (*typed, "enter"):
            app.post_message(events.Key(each, each if len(each) == 1 else None))
        await settle(pilot)
        assert client.asked == asked


async def test_a_name_is_saved_by_click() -> None:
    """What Enter does can be clicked."""
    async with played(replace(LOBBY, keys=("e",))) as (app, client, pilot):
        await pilot.press("end", "x")
        await pilot.click(KeyBar, offset=(2, 0))
        await settle(pilot)
        assert isinstance(app.screen, LobbyScreen)
        assert client.name == "Adax"


@pytest.mark.parametrize("letter", ["a", "日"])
async def test_no_name_is_longer_than_it_may_be(letter: str) -> None:
    """What would not be kept cannot be typed, and the menu has room for what can."""
    async with played(replace(LOBBY, keys=("e",))) as (app, client, pilot):
        app.screen.query_one(Input).value = ""
        await pilot.press(*[letter] * 21)
        await settle(pilot)
        typed = app.screen.query_one(Input).value
        assert cell_width(typed) == 20
        await pilot.press("enter")
        await settle(pilot)
        assert client.name == typed
        prompts = [
            str(option.prompt) for option in app.screen.query_one("#menu", OptionList).options
        ]
        assert {cell_width(prompt) for prompt in prompts} == {29}


async def test_a_new_name_is_used_and_kept() -> None:
    """A name is cleaned, shown, sent with the next game and remembered."""
    async with played(replace(LOBBY, keys=("e",))) as (app, client, pilot):
        kept: list[object] = []
        app._remember = kept.append
        await pilot.press(*"[b]Bo", "enter")
        await settle(pilot)
        assert client.name == "[b]Bo"
        assert kept == [{"name": "[b]Bo"}]
        menu = app.screen.query_one("#menu", OptionList)
        assert "Name: [b]Bo" in str(menu.get_option("name").prompt)


async def test_themes_switch_live_and_are_remembered() -> None:
    """A theme chosen once is there the next time."""
    async with played(LOBBY) as (app, _, pilot):
        kept: list[object] = []
        app._remember = kept.append
        app.theme = "high-contrast"
        await settle(pilot)
        assert kept == [{"theme": "high-contrast"}]


async def test_help_tells_every_key_and_does_what_is_chosen() -> None:
    """Help is also a menu: what has no room in the key bar is clicked there."""
    async with played(SCENES["lobby_help"], (44, 18)) as (app, client, pilot):
        assert isinstance(app.screen, HelpScreen)
        keys = {option.id for option in app.screen.query_one(OptionList).options}
        assert {"q", "n", "j", "p", "e", "escape", "ctrl+p"} <= keys
        sits_down(client)
        app.screen.query_one(OptionList).highlighted = [
            option.id for option in app.screen.query_one(OptionList).options
        ].index("q")
        await pilot.press("enter")
        await settle(pilot)
        assert client.asked == [("match", 0)]


async def test_every_action_is_in_the_palette() -> None:
    """The command palette knows what the screen below can do."""
    async with played(SCENES["my_turn"]) as (app, _, _):
        titles = {command.title for command in app.get_system_commands(app.screen)}
        assert {"Play", "Say", "Give up", "Back", "Help", "Quit", "Theme"} <= titles


async def test_the_record_grows_with_a_game() -> None:
    """A game won is counted, once, and told in the lobby."""
    async with played(SCENES["my_turn"]) as (app, client, pilot):
        client.show(table("0314"))
        client.show(table("03142"))
        client.show(table("03142", rematch=Mark.O))
        await settle(pilot)
        await pilot.press("escape")
        await settle(pilot)
        shown = str(app.screen.query_one("#record", Static).render())
        assert shown == "1 won, 0 lost, 0 drawn"


async def test_too_small_and_back() -> None:
    """A terminal that is too small says so and plays nothing, until it is enlarged."""
    async with played(SCENES["my_turn"], (80, 24)) as (app, client, pilot):
        cover = app.screen.query_one("TooSmall")
        for size, covered in (((39, 24), True), ((80, 15), True), ((40, 16), False)):
            await pilot.resize_terminal(*size)
            await settle(pilot)
            assert cover.display is covered
            if covered:
                await pilot.press("8", "enter")
                await settle(pilot)
                assert client.asked == []
        await pilot.press("9")
        await settle(pilot)
        assert client.asked == [("play", CODE, 8)]


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("my_turn", ("escape", "e", "f", "question_mark")),
        ("replay", ("left", "escape", "y")),
        ("leave", ("2", "down", "enter", "escape")),
        ("lobby_new", ("right", "enter", "escape")),
        ("lobby_name", ("x", "enter", "escape")),
        ("lobby_full", ("q", "n", "tab", "enter", "ctrl+p")),
    ],
)
async def test_nothing_is_done_unseen(name: str, keys: tuple[str, ...]) -> None:
    """In a terminal that is too small keys and mouse reach no screen and no dialog."""
    async with played(SCENES[name]) as (app, client, pilot):
        await pilot.resize_terminal(39, 15)
        await settle(pilot)
        before = deed(app, client)
        for key in keys:
            await pilot.press(key)
            await settle(pilot)
        app.post_message(events.Paste("noughts-tui join k7qf2m"))
        for event in (events.MouseDown, events.MouseUp):
            app.post_message(event(None, 1, 1, 0, 0, 1, False, False, False))
        await settle(pilot)
        assert deed(app, client) == before
        await pilot.press("ctrl+q")
        await settle(pilot)
        assert not app.is_running


@pytest.mark.parametrize("name", ["lobby_full", "waiting", "my_turn", "won", "replay"])
@pytest.mark.parametrize("ascii_only", [False, True])
async def test_no_word_of_the_top_line_is_cut(name: str, ascii_only: bool) -> None:
    """What has no room in the top line is left out, not cut, however wide the terminal was."""
    scene = replace(
        SCENES[name],
        where="wss://play.example.org",
        options={**SCENES[name].options, "ascii": ascii_only},
    )
    async with played(scene, (120, 40)) as (app, _, pilot):
        for width in (80, 44, 40):
            await pilot.resize_terminal(width, 18)
            await settle(pilot)
            line = app.screen._compositor.render_strips()[0].text
            assert "…" not in line
            assert "play.example.org" in line
            assert app.screen.query_one(TopLine).heading.split(" · ")[0] in line


@pytest.mark.parametrize("name", ["lobby_full", "waiting", "my_turn", "won", "replay", "lobby_new"])
async def test_nothing_is_cut_off(name: str) -> None:
    """Every widget with something to say lies within the screen, the way back included."""
    async with played(SCENES[name]) as (app, _, pilot):
        for size in ((80, 24), (44, 18), (40, 16)):
            await pilot.resize_terminal(*size)
            await settle(pilot)
            bar = app.screen.query_one(KeyBar)
            assert "escape" in {each.hint.binding for each in bar._placed()}
            for widget in app.screen.query("Board, StatusLine, PlayerPanel, Static, OptionList"):
                if widget.display and widget.region:
                    assert app.screen.region.contains_region(widget.region), (size, widget)


async def test_quitting_is_asked() -> None:
    """Esc in the lobby does not end the program by accident."""
    async with played(replace(LOBBY, keys=("escape",))) as (app, _, pilot):
        assert not isinstance(app.screen, LobbyScreen)
        await pilot.press("escape")
        assert isinstance(app.screen, LobbyScreen)
        await pilot.press("escape", "enter")
        await settle(pilot)
        assert not app.is_running


async def test_the_computer_needs_no_server() -> None:
    """Whoever waits for a server in vain reads why, and plays the computer instead."""
    async with played(SCENES["lobby_busy"]) as (app, client, pilot):
        lost = replace(
            client.state, connection=ConnectionStatus.CONNECTING, failure="Nothing listens there."
        )
        client.learn(lost)
        await settle(pilot)
        assert notice(app) == "Looking for an opponent… Nothing listens there."
        await pilot.press("n")
        await settle(pilot)
        said = "Looking for an opponent… Nothing listens there. Esc cancels that."
        assert notice(app) == said.replace(" Nothing listens there.", "")
        await pilot.press("p", "enter")
        await settle(pilot)
        assert notice(app) == "Nobody is there."
        client.answers.set()
        await settle(pilot)
        assert isinstance(app.screen, LobbyScreen)


async def test_every_game_that_was_left_is_offered() -> None:
    """Each of several games can be gone back to, the last one by a key of its own."""
    seats = tuple(
        (SavedSeat("embedded", code, f"x.{KEY}", NOW), game("40", code=code))
        for code in (CODE, "A1B2C3", "D4E5F6")
    )
    async with played(replace(LOBBY, seats=seats)) as (app, client, pilot):
        menu = app.screen.query_one("#menu", OptionList)
        lines = [str(option.prompt).split() for option in menu.options[:4]]
        assert lines == [
            ["Resume", CODE, "(your", "turn)", "r"],
            ["Resume", "A1B2C3", "(your", "turn)"],
            ["Resume", "D4E5F6", "(your", "turn)"],
            ["Quick", "match", "q"],
        ]
        await pilot.press("down", "down", "enter")
        await settle(pilot)
        assert client.asked == [("resume", "D4E5F6")]


async def test_nothing_to_resume_is_said() -> None:
    """A key of the lobby that means nothing now is told why, and so is one that never does."""
    async with played(LOBBY) as (app, _, pilot):
        await pilot.press("r")
        await settle(pilot)
        assert notice(app) == "You left no game."
        await pilot.press("x")
        await settle(pilot)
        assert notice(app) == "x means nothing here; ? shows the keys."


async def test_what_happened_meanwhile_is_told_and_counted() -> None:
    """Games that ended without the player are told of once, count, and can be replayed."""
    missed = (
        Missed(CODE, Table(game("40216"), Mark.O)),
        Missed("A1B2C3", Table(game("", "abandoned", winner=Mark.O), Mark.X)),
        Missed("D4E5F6", None),
    )
    async with played(LOBBY) as (app, client, pilot):
        client.learn(replace(client.state, missed=missed))
        await settle(pilot)
        said = str(app.screen.query_one(".hint", Static).render()).strip().splitlines()
        assert said == [
            f"{CODE}: Ada wins: the diagonal",
            "A1B2C3: Bob wins: you did not come back",
            "D4E5F6: no longer on the server",
        ]
        choices = app.screen.query_one(OptionList)
        assert [str(option.prompt) for option in choices.options] == [
            "1  Go on",
            f"2  Replay {CODE}",
        ]
        assert choices.highlighted == 0
        lobby = app.screen_stack[1]
        assert isinstance(lobby, LobbyScreen)
        assert (lobby.record.lost, client.state.missed) == (2, ())
        await pilot.press("2")
        await settle(pilot)
        assert isinstance(app.screen, ReplayScreen)
        await pilot.press("escape")
        await settle(pilot)
        client.learn(replace(client.state, missed=missed[:1]))
        await settle(pilot)
        assert app.screen_stack[-1] is lobby
