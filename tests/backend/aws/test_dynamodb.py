"""What the DynamoDB store adds to the contract of every store: faults, sizes, shards."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from backend.aws import items
from backend.aws.dynamodb import DynamoDBStore
from backend.core.game import MAX_WATCHERS, Game, Moment, Move, Seat
from backend.core.ports import Busy, Change, Conflict, Store
from shared.board import Mark
from shared.messages import Series
from shared.text import NAME_BYTES, clean_name
from tests.backend.aws.emulator import emulator
from tests.backend.aws.faulty import Faulty, refusal
from tests.backend.aws.meter import size

NOW = 1_760_000_000_000
AT = Moment(NOW, NOW // 1000 + 3600)
CONNECTION = "Fx3kq9dLIAMCJTw="
HOST = Seat(token="ab" * 32, name="Ada", connection=CONNECTION, bound_at=NOW)
GUEST = Seat(token="cd" * 32, name="Bob", connection="Gx3kq9dLIAMCJTw=", bound_at=NOW)
MATCH = Game(id="K7QF2M", expires=AT.expires, x=HOST, since=NOW, listed=True)

CALLS: dict[str, Callable[[Store], object]] = {
    "create": lambda store: store.create(MATCH, AT),
    "load": lambda store: store.load(MATCH.id, AT),
    "append_move": lambda store: store.append_move(MATCH.id, CONNECTION, Move("", 4), AT),
    "take_seat": lambda store: store.take_seat(MATCH.id, Mark.O, GUEST, AT),
    "bind": lambda store: store.bind(MATCH.id, Mark.X, HOST.token, "new", AT),
    "unbind": lambda store: store.unbind(MATCH.id, Mark.X, CONNECTION, AT),
    "watch": lambda store: store.watch(MATCH.id, "eve", AT),
    "unwatch": lambda store: store.unwatch(MATCH.id, "eve", AT),
    "emote": lambda store: store.emote(MATCH.id, CONNECTION, AT),
    "save": lambda store: store.save(MATCH, replace(MATCH, rev=2), AT),
    "save_together": lambda store: store.save_together([Change(MATCH, replace(MATCH, rev=2))], AT),
    "games_of": lambda store: store.games_of(CONNECTION),
    "lobby": lambda store: store.lobby("open", NOW),
}
WRITES = CALLS.keys() - {"load", "games_of", "lobby"}


def failing(error: Exception) -> Store:
    return DynamoDBStore(Faulty(error), "games")


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(
    "error",
    [
        refusal("ProvisionedThroughputExceededException"),
        refusal("ThrottlingException"),
        refusal("TransactionConflictException"),
        refusal("InternalServerError", 500),
        refusal("503", 503),
        ConnectTimeoutError(endpoint_url="https://example.org"),
        ReadTimeoutError(endpoint_url="https://example.org"),
    ],
    ids=str,
)
def test_what_passes_by_itself_is_busy(error: Exception, call: Callable[[Store], object]) -> None:
    """Throttling, contention, time-outs and faults of the database mean: try again in a moment."""
    with pytest.raises(Busy):
        call(failing(error))


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_mistake_is_not_hidden(call: Callable[[Store], object]) -> None:
    """A wrong request or a missing permission is no reason to try again."""
    with pytest.raises(ClientError, match="AccessDeniedException"):
        call(failing(refusal("AccessDeniedException")))


@pytest.mark.parametrize("name", sorted(WRITES))
def test_a_failed_condition_brings_the_truth(name: str) -> None:
    """The game that did not meet the condition comes with the refusal, without a read."""
    stored = items.item_of(MATCH)
    with pytest.raises(Conflict) as caught:
        CALLS[name](failing(refusal("ConditionalCheckFailedException", Item=stored)))
    assert caught.value.current == MATCH


@pytest.mark.parametrize("name", sorted(WRITES))
def test_a_failed_condition_on_an_expired_match_says_there_is_none(name: str) -> None:
    """What the database has not removed yet is gone all the same."""
    stored = items.item_of(replace(MATCH, expires=AT.second))
    with pytest.raises(Conflict) as caught:
        CALLS[name](failing(refusal("ConditionalCheckFailedException", Item=stored)))
    assert caught.value.current is None


class Transactions:
    """A client whose transactions meet others, as often as told, and are asked again."""

    def __init__(self, *reasons: str) -> None:
        self.reasons = list(reasons)
        self.tokens: list[str] = []

    def write(self, **request: Any) -> dict[str, Any]:
        self.tokens.append(request.get("ClientRequestToken", ""))
        if not self.reasons:
            return {"Attributes": items.item_of(MATCH)}
        code = self.reasons.pop(0)
        if code != "TransactionConflict":
            raise refusal(code)
        parts = [{"Code": "None"}, {"Code": code}]
        raise refusal("TransactionCanceledException", CancellationReasons=parts)

    transact_write_items = update_item = get_item = put_item = query = write


def test_a_transaction_that_meets_another_is_made_again() -> None:
    """Two that change the same game at the same moment come one after the other."""
    client = Transactions("TransactionConflict", "TransactionConflict")
    CALLS["save_together"](DynamoDBStore(client, "games"))
    assert len(client.tokens) == 3
    assert len(set(client.tokens)) == 1
    with pytest.raises(Busy):
        CALLS["save_together"](DynamoDBStore(Transactions(*4 * ["TransactionConflict"]), "games"))


def test_a_write_that_meets_a_transaction_is_made_again() -> None:
    """A change of one game waits for a transaction that is changing it."""
    client = Transactions("TransactionConflictException")
    CALLS["unbind"](DynamoDBStore(client, "games"))
    assert len(client.tokens) == 2


def test_a_cancelled_transaction_tells_why() -> None:
    """Of several conditions the first that does not hold is told, with the game that there is."""
    parts = [
        {"Code": "None"},
        {"Code": "ConditionalCheckFailed", "Item": items.item_of(MATCH)},
        {"Code": "TransactionConflict"},
    ]
    error = refusal("TransactionCanceledException", CancellationReasons=parts)
    with pytest.raises(Conflict) as caught:
        CALLS["save_together"](failing(error))
    assert (caught.value.place, caught.value.current) == (1, MATCH)


@pytest.mark.parametrize("code", ["ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_throttled_transaction_is_busy(code: str) -> None:
    """So is one of which a part was refused for now."""
    error = refusal("TransactionCanceledException", CancellationReasons=[{"Code": code}])
    with pytest.raises(Busy):
        CALLS["save_together"](failing(error))


class Interrupted:
    """The emulator's client, at whose so-manieth update something happens instead, once."""

    def __init__(self, client: Any, update: int, deed: Callable[[], object]) -> None:
        self._client = client
        self._left = update
        self._deed = deed

    def __getattr__(self, operation: str) -> Any:
        return getattr(self._client, operation)

    def update_item(self, **request: Any) -> dict[str, Any]:
        self._left -= 1
        if not self._left:
            self._deed()
        answer: dict[str, Any] = self._client.update_item(**request)
        return answer


def throttle() -> None:
    raise refusal("ThrottlingException")


@pytest.mark.parametrize("is_throttled", [True, False])
def test_who_comes_back_is_in_the_lobby(is_throttled: bool) -> None:
    """Whatever happens between the two writes of a return, its repeat makes the game visible."""
    client, table = emulator().client("dynamodb"), emulator().new_table()
    plain = DynamoDBStore(client, table)
    plain.create(MATCH, AT)
    gone = plain.unbind(MATCH.id, Mark.X, CONNECTION, AT)
    assert list(plain.lobby("open", 0)) == []

    def change() -> None:
        current = plain.load(MATCH.id, AT)
        assert current is not None
        plain.save(current, replace(current, rev=gone.rev + 2, clock=5), AT)

    meddled = DynamoDBStore(Interrupted(client, 2, throttle if is_throttled else change), table)
    with suppress(Busy):
        meddled.bind(MATCH.id, Mark.X, HOST.token, "new", AT)
    if is_throttled:
        with pytest.raises(Conflict):
            meddled.bind(MATCH.id, Mark.X, HOST.token, "new", AT)
    assert [line.id for line in plain.lobby("open", 0)] == [MATCH.id]


def largest(name: str) -> Game:
    """A game with everything that a game can have at the same time."""
    seat = replace(HOST, name=name, away="lost", away_at=NOW)
    return replace(
        MATCH,
        rev=999,
        status="playing",
        moves="01234567",
        winner=Mark.X,
        x=seat,
        o=seat,
        clock=600,
        turn_at=NOW,
        series=Series(x=999, o=999, drawn=999),
        offer=Mark.X,
        next="ABCDEF",
        watchers=frozenset(f"Fx3kq9dLIAM{seen:04d}=" for seen in range(MAX_WATCHERS)),
        emoted={f"Fx3kq9dLIAM000{seen}=": NOW for seen in range(2)},
        replaced=CONNECTION,
    )


def test_a_game_is_one_write_unit() -> None:
    """The largest game stays below 1 KB, above which each move would cost double."""
    widest = clean_name(
        "\N{CJK UNIFIED IDEOGRAPH-20000}" * 10 + "\N{MENDE KIKAKUI COMBINING NUMBER TEENS}" * 30
    )
    assert len(widest.encode()) == NAME_BYTES
    assert size(items.item_of(largest(widest))) < 1024


def test_the_lobby_is_spread() -> None:
    """Games fall on every shard of the lobby about equally."""
    shards = [items.shard_of(f"{number:06d}") for number in range(4000)]
    assert set(shards) == {str(shard) for shard in range(items.SHARDS)}
    assert all(900 < shards.count(shard) < 1100 for shard in set(shards))


def test_an_item_keeps_no_token() -> None:
    """What is stored of a seat's right is its hash, and what does not apply is not stored."""
    assert items.item_of(replace(MATCH, listed=False)).keys() == {
        *("GameId", "ttl", "Rev", "Status", "Moves", "Clock", "TurnAt", "Since", "EmoteAt"),
        *("PlayerX", "TokenX", "NameX", "BoundX", "SeriesX", "SeriesO", "SeriesDrawn"),
    }
