"""Small texts: clocks, codes, players, connections, lobby lines, records."""

import os
import sys
from pathlib import Path
from shlex import join, split

import pytest

from shared.board import Mark
from shared.messages import Listing, Names, Series, Status
from shared.replay import code_of
from tests.tui.scenes import table
from tests.tui.stage import BOB, LIVE_GAMES, NOW, OPEN_GAMES, game, left, lost, online
from tui.client.seats import SavedSeat
from tui.client.state import ClientState, ConnectionStatus, Said, result_of
from tui.own_command import program
from tui.record import Record, RecordFile, record_text
from tui.screens.dialogs import clock_text, code_in
from tui.screens.game import heading
from tui.screens.lobby import Resumable, age_text, empty_text, listing_text, resume_text
from tui.screens.waiting import offer_text, terms_text, waiting_text
from tui.widgets.connection import connection_text
from tui.widgets.keybar import Hint, Placed, placed
from tui.widgets.large import large, largest
from tui.widgets.player import PlayerView, player_view
from tui.words.news import Ended, YourTurn, news
from tui.words.phrases import (
    elapsed,
    folded,
    join_words,
    line_names,
    listed,
    server_name,
    shortened,
    span,
    too_small_text,
)
from tui.words.story import (
    Story,
    headline,
    move_text,
    review_text,
    share_card,
    step_text,
    story_of,
)


@pytest.mark.parametrize(
    ("ms", "up", "down"),
    [
        (0, "0:00", "0:00"),
        (1, "0:01", "0:00"),
        (41_500, "0:42", "0:41"),
        (600_000, "10:00", "10:00"),
    ],
)
def test_clocks(ms: int, up: str, down: str) -> None:
    """A countdown is rounded up, so that 0:00 is the end; what has passed is rounded down."""
    assert (span(ms), elapsed(ms)) == (up, down)


def test_lists() -> None:
    """Words are joined as people do."""
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert line_names([(0, 4, 8), (2, 4, 6)]) == "both diagonals"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("K7QF2M", "K7QF2M"),
        (" k7q-f2m\n", "K7QF2M"),
        ("koooil", "K00011"),
        ("noughts-tui join K7QF2M --url wss://play.example.org/game", "K7QF2M"),
        ("Come and play: k7qf2m !", "K7QF2M"),
        ("noughts-tui watch --id K7QF2M", "K7QF2M"),
        ("K7QF2", None),
        ("", None),
        ("U7QF2M", None),
        ("x" * 10_000, None),
    ],
)
def test_a_code_is_found_in_what_was_pasted(text: str, code: str | None) -> None:
    """Case, hyphens and look-alikes are forgiven, and a whole command is understood."""
    assert code_in(text) == code


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "no clock"), (30, "30 s a move"), (120, "2 min a move")]
)
def test_clock_names(seconds: int, text: str) -> None:
    """A clock is named as people say it."""
    assert clock_text(seconds) == text


def test_a_player_s_panel() -> None:
    """Name, presence, clock and wins of each player."""
    shown = table("40", deadline=NOW + 10_000, series=Series(x=1, o=0), o=lost(BOB, 75))
    state = online(shown)
    assert player_view(state, shown, Mark.X, NOW) == PlayerView(
        mark=Mark.X, name="Ada", you=True, to_move=True, clock="0:10", wins=1
    )
    assert player_view(state, shown, Mark.O, NOW) == PlayerView(
        mark=Mark.O, name="Bob", away="offline 1:15", wins=0
    )


def test_who_left_is_not_said_to_be_offline() -> None:
    """Leaving and losing the connection are different things."""
    shown = table("4", o=left(BOB, 3))
    assert player_view(online(shown), shown, Mark.O, NOW).away == "left"


@pytest.mark.parametrize(("age", "words"), [(0, "Nice move!"), (4_999, "Nice move!"), (5_000, "")])
def test_an_emote_is_shown_for_a_while(age: int, words: str) -> None:
    """What was said fades by itself."""
    shown = table("4", said=Said(Mark.O, "nice", NOW - age))
    assert player_view(online(shown), shown, Mark.O, NOW).said == words
    assert player_view(online(shown), shown, Mark.X, NOW).said == ""


@pytest.mark.parametrize(
    ("state", "where", "text"),
    [
        (ClientState(), "embedded", "connecting to embedded…"),
        (ClientState(connection=ConnectionStatus.ONLINE, latency_ms=1), "embedded", "embedded"),
        (ClientState(connection=ConnectionStatus.ONLINE), "wss://a.org", "wss://a.org"),
        (
            ClientState(connection=ConnectionStatus.ONLINE, latency_ms=42),
            "wss://a.org",
            "wss://a.org 42 ms",
        ),
        (ClientState(connection=ConnectionStatus.RECONNECTING), "embedded", "reconnecting…"),
        (ClientState(connection=ConnectionStatus.FAILED), "embedded", "no connection"),
    ],
)
def test_the_connection(state: ClientState, where: str, text: str) -> None:
    """Where the player is connected is always said, and never more than is true."""
    assert connection_text(state, where) == text


def test_a_connection_in_little_room() -> None:
    """Of a long address the part that says where it is stands longest."""
    state = ClientState(connection=ConnectionStatus.ONLINE, latency_ms=42)
    texts = [connection_text(state, "wss://play.example.org", cells) for cells in (28, 27, 20, 9)]
    assert texts == [
        *("wss://play.example.org 42 ms", "wss://play.example.org", "play.example.org"),
        "play.exa…",
    ]
    assert connection_text(ClientState(), "wss://play.example.org", 20) == "connecting…"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("wss://play.example.org:443/prod/game", "wss://play.example.org:443"),
        ("wss://ada:secret@example.org/game", "wss://example.org"),
        ("wss://example.org?key=secret", "wss://example.org"),
        ("ws://[::1]:8002", "ws://[::1]:8002"),
    ],
)
def test_server_names(url: str, name: str) -> None:
    """A long path does not fill the top line, and no secret of an address is shown there."""
    assert server_name(url) == name


def test_lobby_lines() -> None:
    """Who plays, which mark is free, the clock and the age, in the room that there is."""
    assert [listing_text(each, NOW, 40) for each in (*OPEN_GAMES, *LIVE_GAMES)] == [
        "Grace waits; you play o              now",
        "Barbara Liskov; you play x  30 s   3 min",
        "Edsger - Donald             10 s     1 h",
    ]
    assert listing_text(OPEN_GAMES[1], NOW, 34) == "Barbara Liskov waits  30 s   3 min"
    assert listing_text(OPEN_GAMES[1], NOW, 24) == "Barbara Li… 30 s   3 min"
    assert listing_text(OPEN_GAMES[1], NOW, 24, ascii_only=True) == "Barbara L.. 30 s   3 min"


def test_a_wide_name_does_not_break_a_lobby_line() -> None:
    """Names of double width are cut by what they take."""
    wide = Listing(id="7Q2M4K", names=Names(x="井上" * 5, o=None), mark=Mark.O, clock=0, since=NOW)
    assert listing_text(wide, NOW, 24) == "井上井上井上井上…    now"


@pytest.mark.parametrize(
    ("ms", "text"), [(-5, "now"), (59_999, "now"), (60_000, "1 min"), (7_200_000, "2 h")]
)
def test_ages(ms: int, text: str) -> None:
    """How long a game has been listed."""
    assert age_text(ms) == text


def test_an_empty_list_says_only_what_is_known() -> None:
    """Nobody waits is said only when the server has said so."""
    assert empty_text("open", online=False, known=True) == "not known without a connection"
    assert empty_text("open", online=True, known=False) == "looking…"
    assert empty_text("live", online=True, known=True) == "none now"


def test_resume_offers() -> None:
    """The offer to resume says whose turn it is."""
    seat = SavedSeat(url="embedded", id="K7QF2M", token=f"x.{'A' * 22}", saved_at=NOW)
    texts = [resume_text(Resumable(seat, each)) for each in (game("40"), game("4"), game(o=None))]
    assert texts == [
        "Resume K7QF2M (your turn)",
        "Resume K7QF2M (their turn)",
        "Resume K7QF2M (waiting)",
    ]


def test_waiting() -> None:
    """The wait is counted, and after twenty seconds there is an offer."""
    assert waiting_text(7_400, ascii_only=False)[1:] == " Waiting for an opponent, 0:07"
    assert waiting_text(7_400, ascii_only=True).isascii()
    assert (offer_text(19_999), "computer" in offer_text(20_000)) == ("", True)
    assert terms_text(table(o=None, clock=30)) == "You play x and begin; 30 s a move"
    assert join(join_words("K7QF2M", None)) == "noughts-tui join K7QF2M"
    assert join(join_words("K7QF2M", "ws://a:1")) == "noughts-tui join K7QF2M --url ws://a:1"
    assert join_words("K7QF2M", "ws://a:b@c/?d&e")[-1] == "ws://c/?d&e"


@pytest.mark.parametrize("width", [40, 44, 60, 80])
@pytest.mark.parametrize(
    "url", ["wss://play.example.org/game", f"wss://{'a' * 50}.org/game", f"wss://{'a?' * 40}"]
)
def test_a_folded_command_is_one(url: str, width: int) -> None:
    """A command that takes several lines can be pasted as it stands."""
    words = join_words("K7QF2M", url)
    lines = folded(words, width)
    assert all(len(line) <= width for line in lines.splitlines())
    assert split(lines.replace("\\\n", "")) == list(words)


def test_a_command_is_folded_between_its_words() -> None:
    """No word is cut that has room on a line."""
    words = join_words("K7QF2M", "wss://play.example.org/game")
    assert folded(words, 44) == "noughts-tui join K7QF2M --url \\\nwss://play.example.org/game"
    assert folded(words, 80) == join(words)


def test_the_program_is_called_as_it_can_be(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where no shell finds the program by its name, its path from here is shown."""
    here = tmp_path / "here"
    there = here / ".venv" / "bin" / "noughts-tui"
    there.parent.mkdir(parents=True)
    there.write_text("")
    there.chmod(0o755)
    monkeypatch.chdir(here)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", [str(there)])
    assert program() == (str(Path(".venv", "bin", "noughts-tui")),)
    monkeypatch.chdir(there.parent)
    assert program() == (os.path.join(".", "noughts-tui"),)  # noqa: PTH118 (pathlib drops the dot)
    monkeypatch.setattr(sys, "argv", [str(here / "tui" / "__main__.py")])
    assert program()[1:] == ("-m", "tui")
    monkeypatch.setenv("PATH", str(there.parent))
    assert program() == ("noughts-tui",)


def test_what_has_no_room_is_left_out() -> None:
    """Of the parts of a line the first ones stand, and no word is cut."""
    shown = table("03142", clock=30, watchers=2)
    assert heading(shown, 40) == f"Game K7QF2M · {code_of('03142')} · 30 s a move"
    assert heading(shown, 29) == f"Game K7QF2M · {code_of('03142')}"
    assert heading(shown, 0) == "Game K7QF2M"
    assert shortened("Barbara", 7) == "Barbara"
    assert shortened("Barbara", 6) == "Barba…"
    assert shortened("Barbara", 6, ascii_only=True) == "Barb.."
    assert shortened("井上井上", 6) == "井上…"


def test_too_small() -> None:
    """What is needed and what there is."""
    assert "38 x 12 now, 40 x 16 needed" in too_small_text(38, 12)


def test_large_codes() -> None:
    """Every letter of a code has its own drawing; the largest that fits is shown."""
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    assert len({large(letter) for letter in alphabet}) == len(alphabet)
    assert largest("K7QF2M", 90, 9, ascii_only=False) == large("K7QF2M", scale=2)
    assert largest("K7QF2M", 50, 9, ascii_only=False) == large("K7QF2M")
    assert largest("K7QF2M", 30, 9, ascii_only=False) == ("K7QF2M",)
    assert "".join(large("K7QF2M", ascii_only=True)).isascii()


def test_keys_that_do_not_fit_are_left_to_the_help() -> None:
    """The way back and the help always have their place."""
    hints = [Hint("e", "e", "Say"), Hint("f", "f", "Give up"), Hint("escape", "esc", "Back")]
    assert placed(hints, 30) == (
        Placed(hints[0], 1),
        Placed(hints[1], 8),
        Placed(hints[2], 21),
    )
    assert placed(hints, 20) == (Placed(hints[0], 1), Placed(hints[2], 11))


def test_records(tmp_path: Path) -> None:
    """Each game counts once; a new process knows them; a damaged file is no disaster."""
    file = RecordFile(tmp_path)
    assert record_text(file.read()) == "No games yet"
    for code, result in (("A", "lost"), ("B", "won"), ("C", "won"), ("C", "won")):
        file.add(code, result)  # type: ignore[arg-type] # results, all three
    again = RecordFile(tmp_path).read()
    assert again == Record(won=2, lost=1, drawn=0, streak=2, best=2, games=("A", "B", "C"))
    assert record_text(again) == "2 won, 1 lost, 0 drawn; 2 in a row"
    (tmp_path / "record.json").write_text('{"won": -1')
    assert RecordFile(tmp_path).read() == Record()


def test_results_for_the_record() -> None:
    """Only own games that were played to an end count."""
    assert result_of(table("03142")) == "won"
    assert result_of(table("03142", Mark.O)) == "lost"
    assert result_of(table("012435768")) == "drawn"
    assert result_of(table("03142", None)) is None
    assert result_of(table("40")) is None
    assert result_of(table(o=None, status="cancelled")) is None


def test_news() -> None:
    """The bell rings for one's turn, and a result is recorded, each once."""
    before, mine, over = online(table("4")), online(table("40")), online(table("0314"))
    won = online(table("03142"))
    assert list(news(before, mine)) == [YourTurn("K7QF2M")]
    assert list(news(mine, mine)) == []
    assert list(news(over, won)) == [Ended("K7QF2M", "won")]
    assert list(news(online(), won)) == []


NAMES = ("Ada", "Bob")


def test_a_story() -> None:
    """A finished game in words."""
    assert move_text("01428", 2) == "2  o  top  ?"
    assert step_text("01428", 0) == "Before the first of 5 moves"
    assert step_text("01428", 4) == "Move 4 of 5: o takes the top right"
    assert review_text("01428") == "o's move 2, top, lost it: the centre held the draw."
    assert headline(Story("01428", NAMES)) == "Ada (x) beat Bob (o) in 5 moves"
    assert headline(Story("012435768", NAMES)) == "Ada (x) and Bob (o) drew"
    assert headline(Story("01428")) == "x beat o in 5 moves"


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ("resigned", "gave up"),
        ("timeout", "ran out of time"),
        ("abandoned", "did not come back"),
    ],
)
def test_a_story_that_the_board_does_not_end(status: Status, why: str) -> None:
    """Who won without three in a row is told, and no move is said to have lost the game."""
    story = story_of(game("40", status, winner=Mark.O))
    assert headline(story) == f"Bob (o) won: Ada (x) {why} after 2 moves"
    assert headline(story_of(game("4", status, winner=Mark.X))).endswith(f"{why} after 1 move")
    assert review_text("40") == ""
    assert headline(Story("40")) == "2 moves, not finished on the board"


def test_a_share_card() -> None:
    """The result can be pasted anywhere, with emoji or without."""
    assert share_card(Story("01428", NAMES)).splitlines()[1:4] == ["❌⭕⭕", "⬜❌⬜", "⬜⬜❌"]
    plain = share_card(Story("01428", NAMES), plain=True)
    assert plain.isascii()
    assert plain.splitlines()[1] == " x o o"
    assert plain.splitlines()[4].startswith("Replay: noughts-tui replay R-")
