"""The games in DynamoDB: one table, one item a game, one conditional write a change.

Games that change together do so in one transaction.

Which requests are made of which parameters is all that stands here; the conditions are those that
`backend.core.ports.Store` asks for.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, Protocol
from uuid import uuid4

from botocore.exceptions import ClientError

from backend.aws import faults, items
from backend.aws.attributes import Item, Value, attribute
from backend.aws.expressions import (
    Clause,
    Placeholders,
    Update,
    absent,
    all_of,
    any_of,
    at_most,
    between,
    contains,
    different,
    equal,
    fewer_than,
    more_than,
    present,
)
from backend.core import game as rules
from backend.core.game import EMOTE_PAUSE_MS, MAX_WATCHERS, Game, Moment, Move, Seat
from backend.core.ports import LOBBY_LINES, SEATS_FOUND, Busy, Change, Conflict, LobbyLine
from shared.board import Mark
from shared.messages import LobbyKind

LOBBY_PAGE: Final = 100
"""How many games of a shard are read at once: about two read units."""
LOBBY_PAGES: Final = 4
"""How often that is done, when most are of another clock, or left without a word."""
_FAR_FUTURE: Final = 10**15 - 1
MEETINGS: Final = 3
"""How often a write that meets a transaction on its item is made again. A transaction takes ms."""


class DynamoDB(Protocol):
    """The calls of the DynamoDB client that are used."""

    def get_item(self, **request: Any) -> dict[str, Any]: ...

    def put_item(self, **request: Any) -> dict[str, Any]: ...

    def update_item(self, **request: Any) -> dict[str, Any]: ...

    def transact_write_items(self, **request: Any) -> dict[str, Any]: ...

    def query(self, **request: Any) -> dict[str, Any]: ...


class DynamoDBStore:
    """`backend.core.ports.Store` on a table with the key ``GameId``."""

    def __init__(self, client: DynamoDB, table: str) -> None:
        self._client = client
        self._table = table

    def create(self, game: Game, at: Moment) -> None:
        self._write(self._client.put_item, at, **self._creation(game, at))

    def load(self, game_id: str, at: Moment) -> Game | None:
        return _living(self._item(game_id), at)

    def _item(self, game_id: str) -> Item | None:
        with faults.busy():
            found: dict[str, Any] = self._client.get_item(
                TableName=self._table, Key=_key(game_id), ConsistentRead=True
            )
        return found.get("Item")

    def append_move(self, game_id: str, connection: str, move: Move, at: Moment) -> Game:
        stands = all_of(
            equal("Moves", move.before),
            equal(_player(move.mark), connection),
            equal("Status", "playing"),
        )
        return items.game_of(self._change(game_id, stands, _appended(move, at), at))

    def take_seat(self, game_id: str, mark: Mark, seat: Seat, at: Moment) -> Game:
        here = frozenset([seat.connection] if seat.connection else [])
        free = all_of(
            equal("Status", "waiting"),
            absent(f"Token{mark.upper()}"),
            different(f"Token{mark.other.upper()}", bytes.fromhex(seat.token)),
            *(different(_player(mark.other), connection) for connection in here),
        )
        begun = Update(
            put=items.seat_attributes(mark, seat)
            | {"Status": "playing", "TurnAt": at.now, "Since": items.standing("live", at.now)},
            take={"Watchers": here} if here else {},
        )
        item = self._change(game_id, free, begun, at)
        game = items.game_of(item)
        self._show(item, game, at)
        return game

    def bind(self, game_id: str, mark: Mark, token: str, connection: str, at: Moment) -> Game:
        side = mark.upper()
        entitled = all_of(
            equal(f"Token{side}", bytes.fromhex(token)),
            different("PlayerX", connection),
            different("PlayerO", connection),
        )
        bound = Update(
            put={_player(mark): connection, f"Bound{side}": at.now, "EmoteAt": {}},
            copy={"Replaced": _player(mark)},
            remove=[f"Away{side}", f"AwayAt{side}", f"LeftBy{side}"],
            take={"Watchers": {connection}},
        )
        try:
            item = self._change(game_id, entitled, bound, at)
        except Conflict as conflict:
            if conflict.current is not None and rules.seat_of(conflict.current, connection) is mark:
                # Bound by a try that was answered late, which may not have come to the lobby.
                self._show_as_it_is(game_id, at)
            raise
        game = items.game_of(item)
        self._show(item, game, at)
        return game

    def unbind(self, game_id: str, mark: Mark, connection: str, at: Moment) -> Game:
        side = mark.upper()
        lost = Update(put={f"Away{side}": "lost", f"AwayAt{side}": at.now}, remove=[_player(mark)])
        item = self._change(game_id, equal(_player(mark), connection), lost, at)
        game = items.game_of(item)
        with suppress(Busy):  # what stays in the index is not shown either
            self._show(item, game, at)
        return game

    def watch(self, game_id: str, connection: str, at: Moment) -> Game:
        room = any_of(
            absent("Watchers"),
            fewer_than("Watchers", MAX_WATCHERS),
            contains("Watchers", connection),
        )
        welcome = all_of(different("PlayerX", connection), different("PlayerO", connection), room)
        come = Update(add={"Watchers": {connection}})
        return items.game_of(self._update(game_id, welcome, come, at))

    def unwatch(self, game_id: str, connection: str, at: Moment) -> Game:
        gone = Update(take={"Watchers": {connection}})
        return items.game_of(self._update(game_id, present("GameId"), gone, at))

    def emote(self, game_id: str, connection: str, at: Moment) -> Game:
        spoken = f"EmoteAt/{connection}"
        allowed = all_of(
            any_of(equal("PlayerX", connection), equal("PlayerO", connection)),
            any_of(
                absent(spoken),
                at_most(spoken, rules.last_spoken(at.now - EMOTE_PAUSE_MS)),
                more_than(spoken, rules.last_spoken(at.now)),
            ),
        )
        return items.game_of(self._update(game_id, allowed, Update(put={spoken: at.spoken}), at))

    def save(self, before: Game, after: Game, at: Moment) -> Game:
        unchanged = equal("Rev", before.rev)
        return items.game_of(self._update(before.id, unchanged, _saved(before, after), at))

    def save_together(self, changes: Sequence[Change], at: Moment) -> None:
        self._write(
            self._client.transact_write_items,
            at,
            TransactItems=[self._part(change, at) for change in changes],
            # By it a repeat of the very same call is known, and is a success.
            ClientRequestToken=str(uuid4()),
        )

    def _part(self, change: Change, at: Moment) -> dict[str, Any]:
        before, after = change.before, change.after
        if before is None:
            return {"Put": self._creation(after, at)}
        unchanged = equal("Rev", before.rev)
        return {"Update": self._amendment(after.id, unchanged, _saved(before, after), at)}

    def games_of(self, connection: str) -> Sequence[tuple[str, Mark | None]]:
        seats = [
            (entry["GameId"]["S"], mark)
            for mark, index in items.BY_PLAYER.items()
            for entry in self._query(
                index, equal(index, connection), oldest_first=False, limit=SEATS_FOUND
            )
        ]
        return seats if len(seats) < 2 else self._without_the_past(seats)

    def _without_the_past(
        self, seats: Sequence[tuple[str, Mark]]
    ) -> Sequence[tuple[str, Mark | None]]:
        """Those of games that are not over, and the last bound of the others.

        The index does not tell which are over: for that each end of a game would cost two writes.
        """
        held = [(self._item(game_id), mark) for game_id, mark in seats]
        games = [(items.game_of(item), mark) for item, mark in held if item]
        over = [
            (game.seat(mark).bound_at, game.id, mark) for game, mark in games if not game.is_open
        ]
        last = [(game_id, mark) for _, game_id, mark in sorted(over)[-1:]]
        return [*((game.id, mark) for game, mark in games if game.is_open), *last]

    def lobby(
        self, kind: LobbyKind, since: int, *, clock: int | None = None, oldest_first: bool = False
    ) -> Sequence[LobbyLine]:
        shown = any_of(present("PlayerX"), present("PlayerO"))
        if clock is not None:
            shown = all_of(shown, equal("Clock", clock))
        times = between("Since", items.standing(kind, since), items.standing(kind, _FAR_FUTURE))
        shards = (
            self._query(
                items.LOBBY_INDEX,
                all_of(equal("Lobby", str(shard)), times),
                shown,
                oldest_first=oldest_first,
                enough=LOBBY_LINES,
            )
            for shard in range(items.SHARDS)
        )
        lines = [items.line_of(entry) for entries in shards for entry in entries]
        lines.sort(key=lambda line: (line.since, line.id), reverse=not oldest_first)
        return lines[:LOBBY_LINES]

    def _show(self, item: Item, game: Game, at: Moment) -> None:
        """Puts the game into the lobby's index, or takes it out, when ``item`` has it otherwise.

        One who comes or goes decides that, as the first or the last at a listed game; but no
        expression can tell.
        """
        for _ in range(MEETINGS):
            if (game.lobby is not None) == ("Lobby" in item):
                return
            shard = {"Lobby": items.shard_of(game.id)}
            change = Update(put=shard) if game.lobby else Update(remove=list(shard))
            with suppress(Conflict):
                self._update(game.id, equal("Rev", game.rev), change, at)
                return
            found = self._item(game.id)
            if found is None:
                return
            item, game = found, items.game_of(found)
        raise Busy

    def _show_as_it_is(self, game_id: str, at: Moment) -> None:
        item = self._item(game_id)
        if item is not None:
            self._show(item, items.game_of(item), at)

    def _change(self, game_id: str, clause: Clause, change: Update, at: Moment) -> Item:
        """An update that everybody is told of: the next ``rev``, and a new life."""
        counted = Update(
            put={**change.put, "ttl": at.expires},
            copy=change.copy,
            remove=change.remove,
            add={**change.add, "Rev": 1},
            take=change.take,
        )
        return self._update(game_id, clause, counted, at)

    def _update(self, game_id: str, clause: Clause, change: Update, at: Moment) -> Item:
        request = self._amendment(game_id, clause, change, at)
        answer = self._write(self._client.update_item, at, **request, ReturnValues="ALL_NEW")
        item: Item = answer["Attributes"]
        return item

    def _creation(self, game: Game, at: Moment) -> dict[str, Any]:
        """What a new game asks of DynamoDB, by itself or as a part of a transaction."""
        known = Placeholders()
        free = any_of(absent("GameId"), at_most("ttl", at.second))
        return {
            "TableName": self._table,
            "Item": items.item_of(game),
            "ConditionExpression": free(known),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            **known.request(),
        }

    def _amendment(
        self, game_id: str, clause: Clause, change: Update, at: Moment
    ) -> dict[str, Any]:
        """The same of a change to a game that lives."""
        known = Placeholders()
        alive = all_of(clause, more_than("ttl", at.second))
        return {
            "TableName": self._table,
            "Key": _key(game_id),
            "UpdateExpression": change(known),
            "ConditionExpression": alive(known),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            **known.request(),
        }

    def _write(
        self, call: Callable[..., dict[str, Any]], at: Moment, **request: Any
    ) -> dict[str, Any]:
        """Makes a call that writes; makes it again where it meets somebody's transaction."""
        with _conflicts(at):
            for _ in range(MEETINGS):
                try:
                    return call(**request)
                except ClientError as error:
                    if not faults.has_met(error):
                        raise
            return call(**request)

    def _query(
        self,
        index: str,
        keys: Clause,
        shown: Clause | None = None,
        *,
        oldest_first: bool = True,
        enough: int | None = None,
        limit: int = LOBBY_PAGE,
    ) -> list[Item]:
        """The first ``limit`` entries of one key, or so many at once until they are ``enough``."""
        known = Placeholders()
        request: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": index,
            "KeyConditionExpression": keys(known),
            "ScanIndexForward": oldest_first,
            "Limit": limit,
        }
        if shown is not None:
            request["FilterExpression"] = shown(known)
        entries: list[Item] = []
        for _ in range(LOBBY_PAGES):
            with faults.busy():
                answer = self._client.query(**request, **known.request())
            entries += answer["Items"]
            if enough is None or len(entries) >= enough or "LastEvaluatedKey" not in answer:
                break
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
        return entries


def _appended(move: Move, at: Moment) -> Update:
    put: dict[str, Value] = {"Moves": move.after, "TurnAt": at.now}
    if move.status == "playing":
        return Update(put=put)
    winner = move.outcome.winner
    put["Status"] = move.status
    if winner is not None:
        put["Winner"] = winner
    series = "SeriesDrawn" if winner is None else f"Series{winner.upper()}"
    return Update(put=put, remove=["Lobby"], add={series: 1})


def _saved(before: Game, after: Game) -> Update:
    was, will_be = items.attributes_of(before), items.attributes_of(after)
    apart = {"Watchers", "EmoteAt"}
    seated = rules.sat_down(before, after)
    return Update(
        put={
            name: value
            for name, value in will_be.items()
            if name not in apart and was.get(name) != value
        },
        remove=sorted(was.keys() - will_be.keys() - apart),
        take={"Watchers": seated} if seated else {},
    )


def _key(game_id: str) -> Item:
    return {"GameId": attribute(game_id)}


def _player(mark: Mark) -> str:
    return items.BY_PLAYER[mark]


def _living(item: Item | None, at: Moment) -> Game | None:
    game = items.game_of(item) if item else None
    return None if game is None or game.is_gone(at.second) else game


@contextmanager
def _conflicts(at: Moment) -> Iterator[None]:
    """Makes a condition that does not hold the `Conflict` it means."""
    try:
        with faults.busy():
            yield
    except ClientError as error:
        failed = faults.failed_condition(error)
        if failed is None:
            raise
        place, item = failed
        raise Conflict(_living(item, at), place) from None
