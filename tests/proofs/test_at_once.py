"""Requests that meet: each is served as if the other had come before it or after it."""

from hypothesis import given
from hypothesis import strategies as st

from tests.proofs.counts import examples
from tests.proofs.test_any_order import DROP, AnyOrder, Deed

PLAYERS = st.sampled_from("xo")
HISTORIES = st.sampled_from(["", "4", "40", "0314", "031487", "03142", "03142", "012435867"])
ABSENCES = st.sampled_from([("x", "drop"), ("o", "drop"), ("o", "leave"), ("x", "wait")])
OFFERS = st.sampled_from([("x", "rematch"), ("o", "rematch"), ("x", "resign")])
BEFORE = st.lists(ABSENCES, max_size=1) | st.lists(OFFERS, max_size=2)
KINDS = ["play", "play", "play", "claim", "resign", "rematch", "rematch", "leave"]
FIRST = st.tuples(PLAYERS, st.sampled_from(KINDS), st.integers(0, 8))
MEANWHILE = st.tuples(st.just("kim"), st.sampled_from(["join", "resume", "watch"]), st.just(0))


@examples(500, 30_000)
@given(
    story=st.tuples(st.sampled_from([True, True, True, False]), st.sampled_from([0, 5]), HISTORIES),
    before=BEFORE,
    first=FIRST | FIRST | st.just(("kim", "join", 0)),
    second=FIRST | FIRST | MEANWHILE | st.tuples(PLAYERS, st.just(DROP), st.just(0)),
    call=st.sampled_from([2, 2, 2, 3, 4]),
)
def test_two_requests_at_once_are_one_after_the_other(
    *,
    story: tuple[bool, int, str],
    before: list[tuple[str, str]],
    first: Deed,
    second: Deed,
    call: int,
) -> None:
    """Served in the middle of another, between any two steps of it, a request spoils nothing."""
    world = AnyOrder()
    world.open()
    joined, clock, moves = story
    world.start(person="ada", mark="x", clock=clock, name="", listed=True, given=True)
    if joined:
        world.join("bob", 0, "", given=True)
        for cell in moves:
            world.send_move(world.game(0), f"{int(cell) // 3},{int(cell) % 3}", {})
    for mark, deed in before:
        if deed == "drop":
            world.drop({"x": "ada", "o": "bob"}[mark], announced=True)
        elif deed == "wait":
            world.wait(30_000)
        else:
            world.player_asks(0, mark, deed, 0)
    world.at_once(0, first, second, call)
