"""Small texts that several places share."""

from shlex import join, split

import pytest

from tui.words.phrases import (
    clock_text,
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
    ("seconds", "text"), [(0, "no clock"), (30, "30 s a move"), (120, "2 min a move")]
)
def test_clock_names(seconds: int, text: str) -> None:
    """A clock is named as people say it."""
    assert clock_text(seconds) == text


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


def test_too_small() -> None:
    """What is needed and what there is."""
    assert "38 x 12 now, 40 x 16 needed" in too_small_text(38, 12)


def test_the_command_that_joins() -> None:
    """What the other one types names the server, and no secret of its address."""
    assert join(join_words("K7QF2M", None)) == "noughts-tui join K7QF2M"
    assert join(join_words("K7QF2M", "ws://a:1")) == "noughts-tui join K7QF2M --url ws://a:1"
    assert join_words("K7QF2M", "ws://a:b@c/?d&e")[-1] == "ws://c/?d&e"


def test_a_text_is_cut_where_there_is_no_room() -> None:
    """A name that is too wide says that it goes on."""
    assert shortened("Barbara", 7) == "Barbara"
    assert shortened("Barbara", 6) == "Barba…"
    assert shortened("Barbara", 6, ascii_only=True) == "Barb.."
    assert shortened("井上井上", 6) == "井上…"
