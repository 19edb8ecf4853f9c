"""When the lobby asks for its lists again."""

from collections.abc import Collection

from tui.lobby_refresh import BLURRED_SECONDS, LobbyRefresh


def asked(seconds: int, changes: Collection[int] = (), blurred: Collection[int] = ()) -> list[int]:
    """The seconds at which the lists are asked for; at those of ``changes`` they are new."""
    refresh, looks = LobbyRefresh(), []
    for second in range(seconds):
        if refresh.due(second, focused=second not in blurred):
            looks.append(second)
            refresh.answered(changed=second in changes)
    return looks


def test_a_lobby_in_which_nothing_happens_is_asked_less_and_less() -> None:
    """What stays as it is is asked for after 5, 10 and at most 15 seconds."""
    assert asked(80) == [0, 5, 15, 30, 45, 60, 75]


def test_a_lively_lobby_is_asked_every_five_seconds() -> None:
    """As long as each answer is another one, the lists are no older than five seconds."""
    assert asked(21, changes=range(21)) == [0, 5, 10, 15, 20]


def test_a_change_is_followed_closely() -> None:
    """Where something happened more may follow."""
    assert asked(50, changes={30}) == [0, 5, 15, 30, 35, 40]


def test_who_looks_elsewhere_asks_seldom_and_comes_back_to_fresh_lists() -> None:
    """Without the focus the lists may get half a minute old; with it again they are asked for."""
    assert BLURRED_SECONDS == 30
    assert asked(130, blurred=range(20, 101)) == [0, 5, 15, 45, 75, 101, 106, 116]
