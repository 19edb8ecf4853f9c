"""What every store promises: atomic changes, exact conditions, conflicts with what there is."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.aws.dynamodb import DynamoDBStore
from backend.core import game as rules
from backend.core.fields import values_of
from backend.core.game import MAX_WATCHERS, Game, Moment, Move, Seat
from backend.core.ports import Change, Conflict, Store
from backend.local.sqlite import SqliteStore
from shared import crockford
from shared.board import Mark
from tests.backend.aws.emulator import emulator
from tests.backend.full_game import defaults, full_game
from tests.backend.memory import MemoryStore

NOW = 1_700_000_000_000
AT = Moment(NOW, NOW // 1000 + 3600)
LATER = Moment(NOW + 5_000, NOW // 1000 + 3605)
TOKENS = {Mark.X: "a" * 64, Mark.O: "b" * 64}

Stores = dict[str, Callable[[Path], Store]]
STORES: Stores = {
    "memory": lambda _: MemoryStore(),
    "sqlite": lambda folder: SqliteStore(folder / "games.sqlite"),
    "dynamodb": lambda _: emulator().store(),
}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made = STORES[request.param](tmp_path)
    yield made
    if isinstance(made, SqliteStore):
        made.close()


def waiting(game_id: str = "K7QF2M", **fields: Any) -> Game:
    seat = Seat(token=TOKENS[Mark.X], name="Ada", connection="ada", bound_at=NOW)
    game = Game(id=game_id, expires=AT.expires, x=seat, since=NOW)
    return replace(game, **fields)


GUEST = Seat(token=TOKENS[Mark.O], name="", connection="bob", bound_at=NOW)


def playing(store: Store, **fields: Any) -> Game:
    """A stored game of ada and bob."""
    game = waiting(**fields)
    store.create(game, AT)
    return store.take_seat(game.id, Mark.O, GUEST, AT)


def conflict(store: Store, change: Callable[[], object], game_id: str = "K7QF2M") -> Game | None:
    """The game that a failing change reports, which is the one stored before and after."""
    before = store.load(game_id, AT)
    with pytest.raises(Conflict) as caught:
        change()
    assert store.load(game_id, AT) == before == caught.value.current
    return before


def test_what_is_created_is_loaded(store: Store) -> None:
    """Every field of a game comes back as it was stored."""
    assert defaults() == []
    game = full_game()
    store.create(game, AT)
    loaded = store.load(game.id, AT)
    assert loaded is not None
    kept = values_of(loaded)
    assert [path for path, value in values_of(game).items() if kept[path] != value] == []
    assert loaded == game
    assert store.load("ZZZZZZ", AT) is None


def test_what_is_saved_is_loaded(store: Store) -> None:
    """Every field of a game can be changed, and can go back to its default."""
    blank = Game(id="K7QF2M", expires=AT.expires)
    full = replace(full_game(), expires=AT.expires, watchers=frozenset(), emoted={})
    store.create(blank, AT)
    for before, after in ((blank, full), (full, blank)):
        assert store.save(before, after, AT) == after == store.load("K7QF2M", AT)


def test_a_game_of_defaults_is_loaded(store: Store) -> None:
    """What has not been set yet comes back so."""
    game = Game(id="K7QF2M", expires=AT.expires)
    store.create(game, AT)
    assert store.load(game.id, AT) == game


def test_a_code_is_given_once(store: Store) -> None:
    """A living game is never overwritten by a new one of the same code."""
    store.create(waiting(), AT)
    assert conflict(store, lambda: store.create(waiting(clock=9), AT)) == waiting()


def test_an_expired_match_is_not_there(store: Store) -> None:
    """A game whose life is over is gone for every call, and its code is free."""
    game = playing(store)
    gone = Moment(AT.expires * 1000, AT.expires + 3600)
    assert store.load(game.id, gone) is None
    calls: list[Callable[[], object]] = [
        lambda: store.append_move(game.id, "ada", Move("", 4), gone),
        lambda: store.bind(game.id, Mark.X, TOKENS[Mark.X], "new", gone),
        lambda: store.unbind(game.id, Mark.X, "ada", gone),
        lambda: store.watch(game.id, "eve", gone),
        lambda: store.unwatch(game.id, "eve", gone),
        lambda: store.emote(game.id, "ada", gone),
        lambda: store.save(game, rules.resigned(game, Mark.X, gone), gone),
        lambda: store.take_seat(game.id, Mark.O, GUEST, gone),
        lambda: store.save_together([Change(game, rules.resigned(game, Mark.X, gone))], gone),
    ]
    for call in calls:
        with pytest.raises(Conflict) as caught:
            call()
        assert caught.value.current is None
    store.create(waiting(expires=gone.expires), gone)
    assert store.load(game.id, gone) == waiting(expires=gone.expires)


def test_a_seat_is_taken(store: Store) -> None:
    """Taking the seat is `joined`, and ends watching."""
    store.create(waiting(), AT)
    store.watch("K7QF2M", "bob", AT)
    watched = waiting(watchers=frozenset({"bob"}))
    game = store.take_seat("K7QF2M", Mark.O, GUEST, LATER)
    assert game == rules.joined(watched, Mark.O, GUEST, LATER) == store.load("K7QF2M", LATER)


def test_a_seat_is_taken_for_whoever_comes_later(store: Store) -> None:
    """A seat can be taken while nobody is connected to it; only its key is needed."""
    store.create(waiting(), AT)
    absent = replace(GUEST, connection=None)
    game = store.take_seat("K7QF2M", Mark.O, absent, LATER)
    assert game == rules.joined(waiting(), Mark.O, absent, LATER) == store.load("K7QF2M", LATER)


@pytest.mark.parametrize(
    "seat",
    [replace(GUEST, token=TOKENS[Mark.X]), replace(GUEST, connection="ada")],
    ids=["own key", "own connection"],
)
def test_a_host_takes_no_second_seat(store: Store, seat: Seat) -> None:
    """Neither the host's key nor the host's connection takes the other seat."""
    store.create(waiting(), AT)
    conflict(store, lambda: store.take_seat("K7QF2M", Mark.O, seat, AT))


def test_a_seat_is_given_once(store: Store) -> None:
    """A taken seat stays taken, and the game with it."""
    playing(store)
    other = replace(GUEST, token="c" * 64, connection="eve")
    conflict(store, lambda: store.take_seat("K7QF2M", Mark.O, other, AT))
    conflict(store, lambda: store.take_seat("K7QF2M", Mark.X, other, AT))


@pytest.mark.parametrize("status", ["cancelled", "won"])
def test_only_a_waiting_match_is_joined(store: Store, status: str) -> None:
    """A game that does not wait gives no seat."""
    store.create(waiting(status=status), AT)
    conflict(store, lambda: store.take_seat("K7QF2M", Mark.O, GUEST, AT))


def test_moves_are_appended(store: Store) -> None:
    """Every move is `played`, up to the one that ends the game."""
    game = playing(store, listed=True)
    for place, cell in enumerate("03142"):
        move = Move(game.moves, int(cell))
        expected = rules.played(game, move, LATER)
        who = "bob" if place % 2 else "ada"
        game = store.append_move(game.id, who, move, LATER)
        assert game == expected == store.load(game.id, LATER)
    assert (game.status, game.winner, game.series.x) == ("won", Mark.X, 1)


def test_a_draw_is_counted(store: Store) -> None:
    """A drawn match counts as drawn."""
    game = playing(store)
    for place, cell in enumerate("012435867"):
        who = "bob" if place % 2 else "ada"
        game = store.append_move(game.id, who, Move(game.moves, int(cell)), AT)
    assert (game.status, game.winner, game.series.drawn) == ("drawn", None, 1)
    assert store.load(game.id, AT) == game


@pytest.mark.parametrize(
    ("who", "move"),
    [
        ("ada", Move("4", 0)),
        ("bob", Move("", 4)),
        ("eve", Move("", 4)),
        ("ada", Move("40", 8)),
    ],
    ids=["wrong history", "wrong seat", "stranger", "history to come"],
)
def test_a_move_needs_its_history_and_its_seat(store: Store, who: str, move: Move) -> None:
    """A move is written only on the history it was judged by, by whoever's turn it is."""
    playing(store)
    conflict(store, lambda: store.append_move("K7QF2M", who, move, AT))


def test_a_move_needs_a_match_being_played(store: Store) -> None:
    """Neither a waiting nor an ended match takes a move."""
    store.create(waiting(), AT)
    conflict(store, lambda: store.append_move("K7QF2M", "ada", Move("", 4), AT))
    game = playing(store, id="ABCDEF")
    store.save(game, rules.resigned(game, Mark.O, AT), AT)
    move = Move("", 4)
    conflict(store, lambda: store.append_move("ABCDEF", "ada", move, AT), "ABCDEF")


def test_one_of_two_moves_wins(store: Store) -> None:
    """Of two moves for one turn the second finds another history."""
    playing(store)
    first = store.append_move("K7QF2M", "ada", Move("", 4), AT)
    assert conflict(store, lambda: store.append_move("K7QF2M", "ada", Move("", 0), AT)) == first


def test_binding_tells_whom_it_replaced(store: Store) -> None:
    """Binding a seat is `bound`, and the game tells who held the seat before."""
    before = playing(store)
    game = store.bind(before.id, Mark.X, TOKENS[Mark.X], "ada2", LATER)
    assert game == rules.bound(before, Mark.X, "ada2", LATER) == store.load(before.id, LATER)
    assert game.replaced == "ada"


def test_a_seat_is_bound_once(store: Store) -> None:
    """Bound by a try that seemed to fail, a seat still tells whom the first try replaced."""
    game = playing(store)
    bound = store.bind(game.id, Mark.X, TOKENS[Mark.X], "ada2", LATER)
    found = conflict(store, lambda: store.bind(game.id, Mark.X, TOKENS[Mark.X], "ada2", LATER))
    assert found == bound
    assert found.replaced == "ada"


def test_binding_a_lost_seat_clears_why(store: Store) -> None:
    """A seat that is bound again is away no more, and its watcher is a player."""
    game = playing(store)
    lost = store.unbind(game.id, Mark.O, "bob", AT)
    assert (lost.o.away, lost.o.away_at) == ("lost", NOW)
    watched = store.watch(game.id, "bob2", AT)
    assert watched.watchers == {"bob2"}
    back = store.bind(game.id, Mark.O, TOKENS[Mark.O], "bob2", LATER)
    assert back == rules.bound(watched, Mark.O, "bob2", LATER) == store.load(game.id, LATER)
    assert (back.o.away, back.watchers, back.replaced) == (None, frozenset(), None)


def test_binding_needs_the_token(store: Store) -> None:
    """A seat is bound by its own token only, and one connection holds one seat."""
    game = playing(store)
    for mark, token, who in [
        (Mark.X, TOKENS[Mark.O], "eve"),
        (Mark.O, TOKENS[Mark.X], "eve"),
        (Mark.X, "", "eve"),
        (Mark.X, TOKENS[Mark.X], "bob"),
    ]:
        conflict(store, lambda m=mark, t=token, w=who: store.bind(game.id, m, t, w, AT))  # type: ignore[misc] # mypy does not infer lambdas with defaults
    with pytest.raises(Conflict):
        store.bind("ZZZZZZ", Mark.X, TOKENS[Mark.X], "ada", AT)


def test_unbinding_needs_the_connection(store: Store) -> None:
    """A connection that holds the seat no more cannot mark it lost."""
    game = playing(store)
    lost = store.unbind(game.id, Mark.O, "bob", LATER)
    assert lost == rules.unbound(game, Mark.O, LATER) == store.load(game.id, LATER)
    conflict(store, lambda: store.unbind(game.id, Mark.O, "bob", AT))
    conflict(store, lambda: store.unbind(game.id, Mark.X, "bob", AT))


def test_watchers_do_not_disturb(store: Store) -> None:
    """Watching changes neither `rev` nor the game's life, and no change loses a watcher."""
    game = playing(store)
    watched = store.watch(game.id, "eve", LATER)
    assert watched == replace(game, watchers=frozenset({"eve"}))
    assert store.watch(game.id, "eve", LATER) == watched
    saved = store.save(game, rules.resigned(game, Mark.O, AT), AT)
    assert saved == replace(rules.resigned(game, Mark.O, AT), watchers=frozenset({"eve"}))
    assert store.unwatch(game.id, "eve", AT).watchers == frozenset()
    assert store.unwatch(game.id, "eve", AT).watchers == frozenset()
    assert store.load(game.id, AT) == rules.resigned(game, Mark.O, AT)


def test_there_is_room_for_twenty_watchers(store: Store) -> None:
    """The twenty-first watcher and the players themselves are no watchers."""
    game = playing(store)
    for number in range(MAX_WATCHERS):
        store.watch(game.id, f"watcher{number}", AT)
    conflict(store, lambda: store.watch(game.id, "late", AT))
    store.watch(game.id, "watcher0", AT)
    store.unwatch(game.id, "watcher0", AT)
    conflict(store, lambda: store.watch(game.id, "ada", AT))
    store.watch(game.id, "late", AT)


def test_emotes_are_spaced(store: Store) -> None:
    """A seat speaks once a second; speaking changes neither `rev` nor the life."""
    game = playing(store)
    spoken = store.emote(game.id, "ada", AT)
    assert spoken == replace(game, emoted={"ada": AT.spoken})
    soon, then = Moment(NOW + 999, AT.expires), Moment(NOW + 1000, AT.expires)
    conflict(store, lambda: store.emote(game.id, "ada", soon))
    assert store.emote(game.id, "bob", soon).emoted == {"ada": AT.spoken, "bob": soon.spoken}
    assert store.emote(game.id, "ada", then).emoted["ada"] == then.spoken
    conflict(store, lambda: store.emote(game.id, "eve", then))
    set_back = Moment(NOW - 3_600_000, AT.expires)
    assert store.emote(game.id, "ada", set_back).emoted["ada"] == set_back.spoken


def test_saving_needs_the_rev(store: Store) -> None:
    """A change judged by an older match is not written."""
    game = playing(store)
    offered = rules.offered(game, Mark.X, AT)
    assert store.save(game, offered, AT) == offered == store.load(game.id, AT)
    conflict(store, lambda: store.save(game, rules.resigned(game, Mark.X, AT), AT))


@pytest.mark.parametrize("change", ["left", "moved_on", "reseated"])
def test_saving_removes_what_ends(store: Store, change: str) -> None:
    """What a change takes away is gone from the store as well."""
    game = playing(store, listed=True)
    changed = {
        "left": rules.left(game, Mark.X, LATER),
        "moved_on": rules.moved_on(game, "ABCDEF", LATER),
        "reseated": replace(game, rev=game.rev + 1, x=game.o, o=game.x),
    }[change]
    assert store.save(game, changed, LATER) == changed == store.load(game.id, LATER)


def pair(store: Store) -> tuple[Game, Game]:
    """A finished game, and another that waits and is watched by bob."""
    over = store.save(game := playing(store), rules.resigned(game, Mark.O, AT), AT)
    store.create(waiting("ABCDEF", listed=True), AT)
    return over, store.watch("ABCDEF", "bob", AT)


def test_games_change_together(store: Store) -> None:
    """One game is moved on from, one is joined and one is new, all at the same moment."""
    over, found = pair(store)
    moved = rules.moved_on(over, "ZZZZZZ", LATER)
    joined = rules.joined(found, Mark.O, GUEST, LATER)
    new = waiting("ZZZZZZ", listed=True)
    changes = [Change(over, moved), Change(found, joined), Change(None, new)]
    store.save_together(changes, LATER)
    assert [store.load(game.id, LATER) for game in (moved, joined, new)] == [moved, joined, new]
    assert joined.watchers == frozenset()
    assert list(store.games_of("bob")) == [("ABCDEF", Mark.O)]
    assert [line.id for line in store.lobby("open", NOW)] == ["ZZZZZZ"]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_games_change_together_or_not_at_all(store: Store, place: int) -> None:
    """Where one condition does not hold nothing is changed, and the refusal tells which."""
    over, found = pair(store)
    new = waiting("ZZZZZZ")
    changes = [
        Change(over, rules.moved_on(over, new.id, LATER)),
        Change(found, rules.joined(found, Mark.O, GUEST, LATER)),
        Change(None, new),
    ]
    disturbed: list[Callable[[], object]] = [
        lambda: store.bind(over.id, Mark.X, TOKENS[Mark.X], "ada2", AT),
        lambda: store.unbind(found.id, Mark.X, "ada", AT),
        lambda: store.create(waiting("ZZZZZZ", clock=5), AT),
    ]
    for disturb in disturbed[place:]:
        disturb()
    stored = [store.load(change.after.id, AT) for change in changes]
    with pytest.raises(Conflict) as caught:
        store.save_together(changes, LATER)
    assert (caught.value.place, caught.value.current) == (place, stored[place])
    assert [store.load(change.after.id, AT) for change in changes] == stored


def test_watchers_who_come_meanwhile_stay(store: Store) -> None:
    """A change made together with another loses no watcher."""
    over, found = pair(store)
    store.watch(found.id, "eve", AT)
    joined = rules.joined(found, Mark.O, GUEST, LATER)
    changes = [Change(over, rules.moved_on(over, found.id, LATER)), Change(found, joined)]
    store.save_together(changes, LATER)
    assert store.load(found.id, LATER) == replace(joined, watchers=frozenset({"eve"}))


def test_who_comes_back_has_not_left(store: Store) -> None:
    """Of a seat that was left and is bound again nothing tells any more who left it."""
    game = playing(store)
    left = store.save(game, rules.left(game, Mark.X, AT), AT)
    assert rules.left_by(left, "ada") is Mark.X
    back = store.bind(game.id, Mark.X, TOKENS[Mark.X], "ada2", LATER)
    assert back == rules.bound(left, Mark.X, "ada2", LATER) == store.load(game.id, LATER)
    assert rules.left_by(back, "ada") is None


def test_an_emote_that_comes_meanwhile_is_noted(store: Store) -> None:
    """A change, alone or with another, forgets no emote: the pause after it is kept."""
    game = playing(store)
    store.emote(game.id, "ada", AT)
    store.save(game, rules.resigned(game, Mark.O, AT), AT)
    over = store.load(game.id, AT)
    assert over is not None
    store.emote(game.id, "bob", AT)
    store.save_together([Change(over, rules.moved_on(over, "ABCDEF", AT))], AT)
    kept = store.load(game.id, AT)
    assert kept is not None
    assert kept.emoted == {"ada": AT.spoken, "bob": AT.spoken}


def test_a_connection_finds_its_seats(store: Store) -> None:
    """The seats of a connection are found while it holds them."""
    playing(store, id="ABCDEF")
    store.create(waiting("GHJKMN"), AT)
    assert sorted(store.games_of("ada")) == [("ABCDEF", Mark.X), ("GHJKMN", Mark.X)]
    assert list(store.games_of("bob")) == [("ABCDEF", Mark.O)]
    store.unbind("ABCDEF", Mark.X, "ada", AT)
    assert list(store.games_of("ada")) == [("GHJKMN", Mark.X)]
    assert list(store.games_of("nobody")) == []


def test_what_is_over_is_not_found_but_the_last(store: Store) -> None:
    """Whatever a connection has finished, it finds its open games, and the last of the others."""
    for number in range(4):
        game = playing(store, id=f"AAAAA{number}", x=replace(waiting().x, bound_at=NOW + number))
        store.save(game, rules.resigned(game, Mark.X, AT), AT)
    store.create(waiting("GHJKMN"), AT)
    assert sorted(store.games_of("ada")) == [("AAAAA3", Mark.X), ("GHJKMN", Mark.X)]
    assert list(store.games_of("bob")) == [("AAAAA3", Mark.O)]


def test_a_connection_finds_what_it_watches(store: Store) -> None:
    """A connection that watches is found with what it watches, where the store can tell."""
    playing(store)
    for who in ("eve", 'quote"', "ev"):
        store.watch("K7QF2M", who, AT)
        found = [] if isinstance(store, DynamoDBStore) else [("K7QF2M", None)]
        assert list(store.games_of(who)) == found
    assert list(store.games_of("e")) == []


def open_games(store: Store, **options: Any) -> list[str]:
    lines = store.lobby("open", NOW - 1000, **options)
    return [line.id for line in lines]


def test_the_lobby_is_in_order(store: Store) -> None:
    """Open games come newest first, or oldest first, of one clock or of any."""
    for place, (game_id, clock) in enumerate([("AAAAAA", 0), ("BBBBBB", 9), ("CCCCCC", 0)]):
        store.create(waiting(game_id, listed=True, since=NOW + place, clock=clock), AT)
    store.create(waiting("DDDDDD"), AT)
    store.create(waiting("EEEEEE", listed=True, since=NOW - 1001), AT)
    assert open_games(store) == ["CCCCCC", "BBBBBB", "AAAAAA"]
    assert open_games(store, clock=0, oldest_first=True) == ["AAAAAA", "CCCCCC"]
    [line] = store.lobby("open", NOW, clock=9)
    assert (line.names, line.connections, line.clock, line.since) == (
        ("Ada", None),
        ("ada", None),
        9,
        NOW + 1,
    )
    assert line.free is Mark.O


def test_the_lobby_follows_the_match(store: Store) -> None:
    """A listed game goes from open to live to nowhere, and hides while nobody is there."""
    store.create(waiting(listed=True), AT)
    assert open_games(store) == ["K7QF2M"]
    store.unbind("K7QF2M", Mark.X, "ada", AT)
    assert open_games(store) == []
    store.bind("K7QF2M", Mark.X, TOKENS[Mark.X], "ada", AT)
    assert open_games(store) == ["K7QF2M"]
    game = store.take_seat("K7QF2M", Mark.O, GUEST, LATER)
    assert open_games(store) == []
    [line] = store.lobby("live", NOW)
    assert (line.names, line.free, line.since) == (("Ada", ""), None, LATER.now)
    store.save(game, rules.resigned(game, Mark.X, AT), AT)
    assert list(store.lobby("live", NOW)) == []


def test_a_won_match_leaves_the_lobby(store: Store) -> None:
    """The last move takes a game out of the live list."""
    game = playing(store, listed=True)
    for place, cell in enumerate("03142"):
        who = "bob" if place % 2 else "ada"
        game = store.append_move(game.id, who, Move(game.moves, int(cell)), AT)
    assert list(store.lobby("live", NOW)) == []


def test_a_match_shows_while_somebody_is_there(store: Store) -> None:
    """A listed game that both have lost is shown again when one comes back, or joins it."""
    game = playing(store, listed=True)
    for mark, who in ((Mark.X, "ada"), (Mark.O, "bob")):
        assert [line.id for line in store.lobby("live", NOW)] == [game.id]
        store.unbind(game.id, mark, who, AT)
    assert list(store.lobby("live", NOW)) == []
    store.bind(game.id, Mark.O, TOKENS[Mark.O], "bob", AT)
    assert [line.id for line in store.lobby("live", NOW)] == [game.id]
    store.create(waiting("ABCDEF", listed=True), AT)
    store.unbind("ABCDEF", Mark.X, "ada", AT)
    store.take_seat("ABCDEF", Mark.O, replace(GUEST, connection="eve"), LATER)
    assert "ABCDEF" in [line.id for line in store.lobby("live", NOW)]


def test_who_is_sought_is_found_behind_others(store: Store) -> None:
    """Hundreds of games with another clock do not hide the one that is looked for."""
    for number in range(450):
        code = crockford.encode(number, crockford.GAME_CODE_LENGTH)
        store.create(waiting(code, listed=True, since=NOW + number, clock=9), AT)
    store.create(waiting("ZZZZZZ", listed=True, since=NOW + 450), AT)
    assert open_games(store, clock=0, oldest_first=True) == ["ZZZZZZ"]


def test_a_full_lobby_is_cut(store: Store) -> None:
    """The lobby holds twenty-five lines at most."""
    for number in range(30):
        store.create(waiting(f"AAAA{number:02}", listed=True, since=NOW + number), AT)
    assert open_games(store) == [f"AAAA{number:02}" for number in range(29, 4, -1)]
