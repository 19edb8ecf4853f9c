"""Four characters for any game."""

import pytest

from shared.board import board, followers, is_legal
from shared.crockford import ALPHABET
from shared.replay import code_of, histories, moves_of


def test_every_history_has_a_code_of_its_own_and_comes_back_from_it() -> None:
    """All 549,946 histories survive the way into four characters and back, none sharing a code."""
    walk = [("", board(""))]
    codes: set[str] = set()
    while walk:
        moves, cells = walk.pop()
        code = code_of(moves)
        assert moves_of(code) == moves
        codes.add(code)
        walk += [(f"{moves}{cell}", after) for cell, after in followers(cells)]
    assert len(codes) == histories(board("")) == 549_946
    assert {len(code) for code in codes} == {6}
    assert {code[:2] for code in codes} == {"R-"}
    assert set("".join(code[2:] for code in codes)) <= set(ALPHABET)


@pytest.mark.parametrize(
    ("moves", "code"),
    [("", "R-0000"), ("0", "R-0001"), ("01", "R-0002"), ("4", "R-7HDN"), ("0183", "R-079W")],
)
def test_a_code_written_down_once_stays_good(moves: str, code: str) -> None:
    """Codes are the same in every version: people keep them."""
    assert code_of(moves) == code
    assert moves_of(code) == moves


@pytest.mark.parametrize(
    "text", ["R-079W", "r-079w", "079W", "r079w", " R - O79w\n", "r o 7 9 w", "0-7-9-W", "R--O79W"]
)
def test_a_code_is_read_as_it_was_meant(text: str) -> None:
    """The prefix may be missing, and what game codes forgive is forgiven here."""
    assert moves_of(text) == "0183"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "R",
        "R-",
        "R-079",
        "079",
        "R-079WW",
        "X-079W",
        "R-079U",
        "R-07\u00df",
        "RRRR",
        "R" * 10_000,
    ],
)
def test_what_is_no_code_is_refused(text: str) -> None:
    """A code has four letters and digits after its prefix."""
    with pytest.raises(ValueError, match=r"^a code has 4 letters and digits, without U$"):
        moves_of(text)


def test_a_code_beyond_the_last_history_is_refused() -> None:
    """The last code is told to whoever asks for a later one."""
    last = moves_of("R-GS1S")
    assert (last, code_of(last)) == ("8765432", "R-GS1S")
    for beyond in ("R-GS1T", "R-RRRR", "RRRRR", "R-ZZZZ"):
        with pytest.raises(ValueError, match=r"^no game has this code: the last one is R-GS1S$"):
            moves_of(beyond)


@pytest.mark.parametrize("moves", ["00", "9", "031425", "x", "\ud800"])
def test_a_history_that_no_game_can_have_has_no_code(moves: str) -> None:
    """Only what could have been played has a code."""
    assert not is_legal(moves)
    with pytest.raises(ValueError, match="no game can have the history"):
        code_of(moves)
