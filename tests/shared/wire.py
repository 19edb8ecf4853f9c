"""Any message there is, for the tests of what becomes of it."""

from typing import Any, get_args

from hypothesis import strategies as st
from msgspec.structs import fields

from shared import crockford, replay
from shared.board import Mark, board, outcome, turn
from shared.errors import ErrorCode
from shared.messages import (
    EMOTES,
    Away,
    Listing,
    ListKind,
    Names,
    Next,
    Player,
    Players,
    RematchOffered,
    Series,
    Snapshot,
    Start,
    Status,
)


def game(moves: str = "04", **changed: Any) -> Snapshot:
    """A game of Ada and Bob, who has lost his connection."""
    return Snapshot(
        **{
            "id": "K7QF2M",
            "rev": 3,
            "status": "playing",
            "moves": moves,
            "board": board(moves),
            "turn": turn(moves),
            "winner": None,
            "lines": outcome(moves).lines,
            "players": Players(
                x=Player(name="Ada", online=True, away=None, away_at=None),
                o=Player(name="Bob", online=False, away="lost", away_at=5),
            ),
            "clock": 0,
            "deadline": None,
            "series": Series(),
            "rematch": None,
            "next": None,
            "watchers": 0,
            **changed,
        }
    )


names = st.text(st.characters(exclude_categories=[]), max_size=30)
marks = st.sampled_from(Mark)
codes = st.integers(0, 32**6 - 1).map(lambda number: crockford.encode(number, 6))
keys = st.from_regex(r"[A-Za-z0-9_-]{22}", fullmatch=True)
moments = st.integers(0, 4_000_000_000_000)
counts = st.integers(0, 2**53 - 1)
histories = st.integers(0, replay.histories(board("")) - 1).map(
    lambda number: replay.moves_of(crockford.encode(number, 4))
)
players = st.builds(
    Player,
    name=names,
    online=st.booleans(),
    away=st.none() | st.sampled_from(get_args(Away)),
    away_at=st.none() | moments,
)


@st.composite
def games(draw: st.DrawFn) -> Snapshot:
    moves = draw(histories)
    return Snapshot(
        id=draw(codes),
        rev=draw(counts),
        status=draw(st.sampled_from(get_args(Status))),
        moves=moves,
        board=board(moves),
        turn=draw(st.sampled_from([None, turn(moves)])),
        winner=outcome(moves).winner,
        lines=outcome(moves).lines,
        players=Players(x=draw(st.none() | players), o=draw(st.none() | players)),
        clock=draw(st.integers(0, 600)),
        deadline=draw(st.none() | moments),
        series=draw(st.builds(Series, x=counts, o=counts, drawn=counts)),
        rematch=draw(st.none() | marks),
        next=draw(st.none() | codes),
        watchers=draw(counts),
    )


listings = st.builds(
    Listing,
    id=codes,
    names=st.builds(Names, x=st.none() | names, o=st.none() | names),
    mark=st.none() | marks,
    clock=st.integers(0, 600),
    since=moments,
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "after": histories,
    "clock": st.just(0) | st.integers(5, 600),
    "code": st.sampled_from(ErrorCode),
    "emote": st.sampled_from(EMOTES),
    "game": games(),
    "games": st.lists(listings, max_size=3).map(tuple),
    "id": codes,
    "key": keys,
    "kind": st.sampled_from(get_args(ListKind)),
    "listed": st.booleans(),
    "mark": marks,
    "message": names,
    "name": names,
    "next": st.builds(Next, id=codes, mark=st.none() | marks, game=games()),
    "now": moments,
    "online": st.booleans(),
    "ref": st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=32),
    "retry_at": st.none() | moments,
    "tile": st.from_regex(r"[0-2],[0-2]", fullmatch=True),
    "token": st.tuples(marks, keys).map(".".join),
    "v": st.just(1),
}
SPECIAL: dict[tuple[type, str], st.SearchStrategy[Any]] = {
    (Start, "mark"): st.sampled_from(["x", "o", "random"]),
    (RematchOffered, "mark"): st.none() | marks,
}


def every(union: Any) -> st.SearchStrategy[Any]:
    """Any message of a union, each of its optional fields given or not."""
    return st.one_of([_any_of(kind) for kind in get_args(union)])


def _any_of(kind: Any) -> st.SearchStrategy[Any]:
    given_fields: dict[bool, dict[str, st.SearchStrategy[Any]]] = {True: {}, False: {}}
    for field in fields(kind):
        strategy = SPECIAL.get((kind, field.name), FIELDS[field.name])
        given_fields[field.required][field.name] = strategy
    return st.fixed_dictionaries(given_fields[True], optional=given_fields[False]).map(
        lambda values: kind(**values)
    )
