"""The rules as functions of one game: what is judged, in which words, and what changes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

import pytest

from backend.core import game as rules
from backend.core.game import EMOTE_PAUSE_MS, Action, Game, Moment, Seat
from shared.board import Mark
from shared.constants import CLAIM_AFTER_MS
from shared.errors import ErrorCode, Refusal
from shared.messages import Series, Status

NOW = 1_700_000_000_000
LIFE = 3600
AT = Moment(NOW, NOW // 1000 + LIFE)
ADA = Seat(token="a" * 64, name="Ada", connection="ada", bound_at=NOW - 90_000)
BOB = Seat(token="b" * 64, name="Bob", connection="bob", bound_at=NOW - 90_000)


def game(**fields: Any) -> Game:
    """A game of Ada and Bob that began a minute ago."""
    begun = Game(id="K7QF2M", expires=1, status="playing", x=ADA, o=BOB, since=NOW - 60_000, rev=7)
    return replace(begun, **fields)


def lost(seat: Seat, ago: int) -> Seat:
    return replace(seat, connection=None, away="lost", away_at=NOW - ago)


NOT_STARTED = (ErrorCode.NOT_STARTED, "Nobody has joined this game yet.")
OVER = (ErrorCode.GAME_OVER, "This game is over.")
CANCELLED = (ErrorCode.GAME_OVER, "This game was cancelled.")
FULL = (ErrorCode.GAME_FULL, "Both seats of this game are taken.")
RUNNING = (ErrorCode.TOO_EARLY, "This game is still being played.")
REFUSED = {
    Action.JOIN: {"playing": FULL, "finished": FULL, "cancelled": CANCELLED},
    Action.PLAY: {"waiting": NOT_STARTED, "finished": OVER, "cancelled": CANCELLED},
    Action.RESIGN: {"waiting": NOT_STARTED, "finished": OVER, "cancelled": CANCELLED},
    Action.CLAIM: {"waiting": NOT_STARTED, "finished": OVER, "cancelled": CANCELLED},
    Action.REMATCH: {"waiting": NOT_STARTED, "playing": RUNNING, "cancelled": CANCELLED},
}
STATUSES = get_args(Status)
FINISHED = {"won", "drawn", "resigned", "timeout", "abandoned"}


def refusal(action: Action, status: str) -> tuple[ErrorCode, str] | None:
    """How an action is refused in a game of this status."""
    try:
        rules.check(game(status=status), action)
    except Refusal as caught:
        return caught.code, caught.message
    return None


@pytest.mark.parametrize("action", Action)
def test_the_phase_of_a_game_forbids(action: Action) -> None:
    """Each action is refused in the phases that forbid it, in a sentence that says which."""
    for status in STATUSES:
        phase = "finished" if status in FINISHED else status
        assert refusal(action, status) == REFUSED[action].get(phase)


@pytest.mark.parametrize(
    ("judge", "code", "sentence"),
    [
        (
            lambda: rules.judge_seated(game(), "eve"),
            ErrorCode.NOT_SEATED,
            "You do not sit at this game with this connection.",
        ),
        (
            lambda: rules.judge_play(game(moves="4"), "bob", 0, ""),
            ErrorCode.STALE,
            "The game has gone on since you looked; here is how it stands.",
        ),
        (
            lambda: rules.judge_play(game(moves="4"), "ada", 0, None),
            ErrorCode.NOT_YOUR_TURN,
            "It is your opponent's turn.",
        ),
        (
            lambda: rules.judge_play(game(moves="4"), "bob", 4, "4"),
            ErrorCode.TILE_TAKEN,
            "That tile is taken.",
        ),
        (
            lambda: rules.judge_claim(game(), Mark.X, NOW),
            ErrorCode.TOO_EARLY,
            "You cannot claim this game yet.",
        ),
    ],
)
def test_a_refusal_has_its_sentence(
    judge: Callable[[], object], code: ErrorCode, sentence: str
) -> None:
    """Whoever is refused reads why."""
    with pytest.raises(Refusal) as caught:
        judge()
    assert (caught.value.code, caught.value.message) == (code, sentence)


@pytest.mark.parametrize(
    ("away", "since", "bound", "claimable_at"),
    [
        (50_000, 60_000, 90_000, NOW - 50_000 + CLAIM_AFTER_MS),
        (50_000, 40_000, 90_000, NOW - 40_000 + CLAIM_AFTER_MS),
        (50_000, 60_000, 20_000, NOW - 20_000 + CLAIM_AFTER_MS),
    ],
)
def test_an_absence_counts_from_when_both_could_have_played(
    away: int, since: int, bound: int, claimable_at: int
) -> None:
    """Nobody is claimed against for a time before the game began, or before the other came back."""
    absent = game(
        x=replace(ADA, bound_at=NOW - bound), o=lost(BOB, away), since=NOW - since, moves=""
    )
    with pytest.raises(Refusal) as caught:
        rules.judge_claim(absent, Mark.X, claimable_at - 1)
    assert caught.value.retry_at == claimable_at
    assert rules.judge_claim(absent, Mark.X, claimable_at) == "abandoned"


@pytest.mark.parametrize(
    ("ago", "too_soon"),
    [(0, True), (1, True), (EMOTE_PAUSE_MS - 1, True), (EMOTE_PAUSE_MS, False), (-1, False)],
)
def test_one_emote_a_second(ago: int, too_soon: bool) -> None:
    """The pause begins with the last emote, and a clock that was set back does not prolong it."""
    spoken = Moment(NOW - ago, AT.expires, nonce=7).spoken
    assert rules.is_too_soon(spoken, AT) is too_soon
    assert not rules.is_too_soon(None, AT)


def test_a_seat_that_is_bound() -> None:
    """Whoever sits down watches no longer, may speak at once, and takes the place of another."""
    before = game(watchers=frozenset({"ada2", "eve"}), emoted={"ada": NOW}, x=lost(ADA, 5))
    assert rules.bound(before, Mark.X, "ada2", AT) == replace(
        before,
        rev=8,
        expires=AT.expires,
        x=replace(ADA, connection="ada2", bound_at=NOW),
        watchers=frozenset({"eve"}),
        emoted={},
        replaced=None,
    )
    assert rules.bound(game(), Mark.X, "ada2", AT).replaced == "ada"


@pytest.mark.parametrize(("offer", "kept"), [(Mark.X, None), (Mark.O, Mark.O), (None, None)])
def test_an_offer_leaves_with_its_player(offer: Mark | None, kept: Mark | None) -> None:
    """Who leaves takes back an offer of his own, and not that of the other."""
    after = rules.left(game(status="drawn", offer=offer), Mark.X, AT)
    assert after.offer is kept
    assert after.x == replace(
        ADA, connection=None, away="left", away_at=NOW, left_by=ADA.connection
    )


def test_a_rematch() -> None:
    """Marks are swapped, the series and the watchers go along, and the code follows."""
    old = game(
        status="won",
        clock=30,
        listed=True,
        series=Series(x=2, o=1, drawn=3),
        watchers=frozenset({"eve"}),
    )
    new = rules.rematch_of(old, 0, AT)
    assert new == Game(
        id=rules.code_from("rematch", "K7QF2M", ADA.token, BOB.token, "0"),
        expires=AT.expires,
        status="playing",
        x=replace(BOB, bound_at=NOW),
        o=replace(ADA, bound_at=NOW),
        clock=30,
        turn_at=NOW,
        since=NOW,
        listed=True,
        series=Series(x=1, o=2, drawn=3),
        watchers=frozenset({"eve"}),
    )
    assert new.id == "HY6685"
    assert rules.rematch_of(old, 1, AT).id != new.id


def test_who_goes_on_has_left() -> None:
    """Both players are gone from a game that they went on from; a free seat stays free."""
    after = rules.moved_on(game(status="waiting", o=Seat()), "ZZZZZZ", AT)
    assert (after.next, after.status, after.o) == ("ZZZZZZ", "cancelled", Seat())
    assert after.x == replace(ADA, connection=None, away="left", away_at=NOW)


def test_a_game_is_listed_for_half_a_life_more() -> None:
    """Whoever comes back to a listed game finds it in the lobby for some time, and no newer."""
    half = NOW - 1000 * (LIFE // 2)
    oldest = (AT.oldest + NOW) // 2
    assert abs(oldest - half) <= 1000
    assert rules.renewed(game(listed=True, since=oldest - 1), AT).since == oldest
    kept = game(listed=True, since=oldest)
    assert rules.renewed(kept, AT) is kept
    unlisted = game(since=0)
    assert rules.renewed(unlisted, AT) is unlisted
