"""What a player can do at a table, and when."""

import pytest

from shared.board import Mark
from tests.tui.scenes import table
from tests.tui.snapshots import BOB, NEXT, NOW, left, lost
from tests.tui.stage import online
from tui.client.actions import TABLE_ACTIONS, TableAction, legal_actions
from tui.client.state import Table

WON = "03142"
AWAY = lost(BOB, 60)
CASES: dict[str, tuple[Table, set[TableAction]]] = {
    "playing": (table("4"), {"resign", "emote"}),
    "waiting": (table(o=None), set()),
    "claimable": (table("4", o=AWAY, bound_at=NOW - 90_000), {"resign", "emote", "claim"}),
    "absent for a moment": (table("4", o=lost(BOB, 7), bound_at=NOW), {"resign", "emote"}),
    "replaced": (table("4", replaced=True), {"take_back"}),
    "gone": (table("4", gone=True), set()),
    "watching": (table("4", None), set()),
    "won": (table(WON), {"rematch", "replay", "share", "practise", "emote"}),
    "won, rematch offered": (
        table(WON, rematch=Mark.X),
        {"replay", "share", "practise", "emote"},
    ),
    "won, opponent lost": (table(WON, o=AWAY), {"rematch", "replay", "share", "practise"}),
    "won, opponent left": (table(WON, o=left(BOB, 5)), {"replay", "share", "practise"}),
    "won, replaced": (table(WON, replaced=True), {"replay", "share", "practise"}),
    "watched to the end": (table(WON, None), {"replay", "share"}),
    "watched, they go on": (table(WON, None, next=NEXT), {"replay", "share", "follow"}),
    "cancelled": (table(status="cancelled", o=None), {"practise"}),
    "given up before a move": (
        table(status="resigned", winner=Mark.O),
        {"rematch", "practise", "emote"},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_can_be_done(case: str) -> None:
    """Each action is offered while the server would grant it, and at no other time."""
    shown, expected = CASES[case]
    assert legal_actions(online(shown), shown, NOW, practice=False) == expected


def test_the_computer_neither_talks_nor_waits() -> None:
    """Against the computer nothing is said."""
    for case in ("playing", "won"):
        shown, expected = CASES[case]
        assert legal_actions(online(shown), shown, NOW, practice=True) == expected - {"emote"}


def test_no_action_is_always_there_or_never() -> None:
    """Every action is offered at some table and not at another."""
    offered = [
        legal_actions(online(shown), shown, NOW, practice=False) for shown, _ in CASES.values()
    ]
    assert frozenset.union(*offered) == TABLE_ACTIONS
    assert frozenset.intersection(*offered) == frozenset()
