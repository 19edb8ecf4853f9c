"""The code in what a player typed or pasted."""

import pytest

from tui.words.codes import Code, GameCode, ReplayCode, Unsure, read_code
from tui.words.story import Story, share_card

GAME = GameCode("K7QF2M")
REPLAY = ReplayCode("R-7Y61")


@pytest.mark.parametrize("before", ["", "the code is ", "Come and play: ", "join "])
@pytest.mark.parametrize(
    "written",
    [
        "K7QF2M",
        "k7qf2m",
        "K7Q-F2M",
        "K7QF2M.",
        "(K7QF2M)",
        "'K7QF2M'",
        '"K7QF2M"',
        "`K7QF2M`",
        "\u201eK7QF2M\u201c",
        "\u00abK7QF2M\u00bb",
        "*K7QF2M*",
        "_K7QF2M_",
        "K7QF2M!",
        "K7QF2M, see you",
        "\n\nK7QF2M\nsee you",
        "\uff2b\uff17\uff31\uff26\uff12\uff2d",
        "\u300cK7QF2M\u300d",
    ],
)
def test_a_code_beside_whatever_people_write(before: str, written: str) -> None:
    """Punctuation, quotes, other lines and another keyboard hide no code."""
    assert read_code(before + written) == GAME


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("K 7 Q F 2 M", GAME),
        ("koooil", GameCode("K00011")),
        ("482913", GameCode("482913")),
        ("noughts-tui join K7QF2M --url wss://a1b2c3.example.org/game", GAME),
        ("noughts-tui join K7QF2M --url \\\nwss://play.example.org/game", GAME),
        ("noughts-tui join kxqfzm", GameCode("KXQFZM")),
        ('make play ARGS="join k7qf2m"', GAME),
        ("noughts-tui watch K7QF2M", GameCode("K7QF2M", watch=True)),
        ("noughts-tui watch --id K7QF2M", GameCode("K7QF2M", watch=True)),
        ("$ noughts-tui join --id=K7QF2M", GAME),
        ("Please come, the code is K7QF2M", GAME),
        ("Please come, the code is: 482913.", GameCode("482913")),
        ("Please come, the code is KXQFZM", GameCode("KXQFZM")),
        ("Please come before eleven: KXQFZM", GameCode("KXQFZM")),
        ("the code is K7Q F2M", GAME),
        ("call 482913 or mail abc123@example.org, K7QF2M is it", GAME),
        ("K7QF2M or k7q-f2m, as you like", GAME),
        ("R-7Y61", REPLAY),
        ("r-7y61.", REPLAY),
        ("noughts-tui replay R-7Y61", REPLAY),
        ("Replay code: R-7Y61", REPLAY),
        ("Please look at R-7Y61, it is mine", REPLAY),
        ("noughts-tui join K7QF2M, after R-7Y61", Unsure(("K7QF2M", "R-7Y61"))),
        ("K7QF2M or B4NNX1", Unsure(("K7QF2M", "B4NNX1"))),
        ("Please come", Unsure(("Please",))),
        ("Please join before eleven", Unsure(("Please", "before", "eleven"))),
        ("PLEASE COME BEFORE ELEVEN", Unsure(("PLEASE", "BEFORE", "ELEVEN"))),
        ("we are at wss://a1b2c3.example.org/x1y2z3", None),
        ("K7QF2", None),
        ("R-ZZZZ", None),
        ("", None),
        ("U7QF2M", None),
        ("x" * 100_000, None),
        ("apples, plates, silver, mantle, bottle, cattle and rattle", None),
    ],
)
def test_a_code_is_preferred_to_what_could_be_one(text: str, code: Code | None) -> None:
    """A code beyond doubt wins over words of six letters; between several the player is asked."""
    assert read_code(text) == code


@pytest.mark.parametrize("plain", [False, True])
def test_our_own_card_is_a_replay(plain: bool) -> None:
    """What one player shares another can paste."""
    card = share_card(Story("4082", ("Please", "K7QF2M")), plain=plain)
    assert isinstance(read_code(card), ReplayCode)


def test_our_own_sentences_hold_the_code() -> None:
    """What line mode says to one player another can paste."""
    for sentence in (
        "Game AY6BVJ: you play x and wait for an opponent.",
        "Your opponent types: noughts-tui join AY6BVJ",
        "You left game AY6BVJ, your turn: type resume AY6BVJ",
    ):
        assert read_code(sentence) == GameCode("AY6BVJ")


def test_what_could_be_meant_is_asked() -> None:
    """The question names what was written."""
    assert Unsure(("Please",)).question == "Is Please the code? Type it here"
    assert Unsure(("K7QF2M", "R-7Y61")).question == "Which is the code: K7QF2M, R-7Y61?"
