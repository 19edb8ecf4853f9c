"""The wire protocol, version 1, as types: what a client asks, what a server says, the snapshot.

Requests are imperative, events say what happened. All are frozen values told apart by ``type``. The
request types are also the routes of the API: this union is the only list of them.
"""

import re
from typing import Annotated, Any, ClassVar, Final, Literal, get_args

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import force_setattr

from shared import crockford
from shared.board import Mark, MarkChoice, board, is_legal, outcome, turn
from shared.constants import CLOCK_SECONDS, PROTOCOL_VERSION
from shared.errors import ErrorCode
from shared.text import clean_name, clean_sentence

MAX_REQUEST_BYTES: Final = 4096

# Checks that msgspec does not make are told to those who read the schemas.
Clock = Annotated[
    int,
    Meta(
        extra_json_schema={
            "anyOf": [
                {"const": 0},
                {"minimum": CLOCK_SECONDS.start, "maximum": CLOCK_SECONDS.stop - 1},
            ]
        }
    ),
]
Version = Annotated[int, Meta(extra_json_schema={"const": PROTOCOL_VERSION})]

Ref = Annotated[str, Meta(min_length=1, max_length=32)]
Key = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{22}\Z")]
Tile = Annotated[str, Meta(pattern=r"^[0-2],[0-2]\Z")]
Code = Annotated[str, Meta(pattern=rf"^[{crockford.ALPHABET}]{{{crockford.GAME_CODE_LENGTH}}}\Z")]
Board = Annotated[str, Meta(pattern=r"^[xo.]{9}\Z")]
# What a peer sends can be shown: numbers that every JSON holds exactly, times before the year 9999.
Count = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Millis = Annotated[int, Meta(ge=0, le=253_370_764_800_000)]
EmoteName = Literal["hello", "nice", "oops", "thinking", "gg", "thanks"]
Status = Literal[
    "waiting", "playing", "won", "drawn", "resigned", "timeout", "abandoned", "cancelled"
]
Away = Literal["lost", "left"]
LobbyKind = Literal["open", "live"]
ListKind = Literal["open", "live", "all"]

EMOTES: Final[tuple[EmoteName, ...]] = get_args(EmoteName)
FINISHED: Final[frozenset[Status]] = frozenset(
    {"won", "drawn", "resigned", "timeout", "abandoned", "cancelled"}
)


class InvalidField(ValueError):
    """A field of the right type and a wrong value; the message begins with the field's name."""


class Message(Struct, frozen=True, kw_only=True):
    """What all messages share: a ``repr`` without secrets, for logs, tracebacks and tests."""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"token", "key"})

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [
            (
                name,
                "…"
                if name in self.SECRETS and getattr(self, name) is not UNSET
                else getattr(self, name),
            )
            for name in self.__struct_fields__
        ]


class Request(Message, frozen=True, kw_only=True, tag_field="type", omit_defaults=True):
    """``ref`` (1-32 characters) is copied into the reply."""

    ref: Ref | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.ref is not UNSET and not self.ref.isprintable():
            raise InvalidField("ref: must be printable text")


class GameRequest(Request, frozen=True, kw_only=True):
    """A request about one game; ``id`` is normalised as people write codes."""

    id: str

    def __post_init__(self) -> None:
        super().__post_init__()
        force_setattr(self, "id", _game_code(self.id))


class Ping(Request, frozen=True, kw_only=True, tag="ping"):
    """Asks whether the server is there and, with ``id``, for the truth about a game."""

    id: str | UnsetType = UNSET

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.id is not UNSET:
            force_setattr(self, "id", _game_code(self.id))


class Start(Request, frozen=True, kw_only=True, tag="start"):
    """Starts a game; the same ``key`` again is the same game and seat.

    ``clock`` is seconds a move, 0 for none.
    """

    name: str = ""
    mark: MarkChoice = "x"
    listed: bool = False
    clock: Clock = 0
    key: Key | UnsetType = UNSET
    v: Version = PROTOCOL_VERSION

    def __post_init__(self) -> None:
        super().__post_init__()
        force_setattr(self, "name", clean_name(self.name))
        _check_clock(self.clock)


class Join(GameRequest, frozen=True, kw_only=True, tag="join"):
    """Takes the free seat of a game."""

    name: str = ""
    key: Key | UnsetType = UNSET
    v: Version = PROTOCOL_VERSION

    def __post_init__(self) -> None:
        super().__post_init__()
        force_setattr(self, "name", clean_name(self.name))


class QuickMatch(Request, frozen=True, kw_only=True, tag="match"):
    """Joins the longest-waiting listed game of the same clock or starts one.

    ``id`` is the sender's own waiting game.
    """

    name: str = ""
    clock: Clock = 0
    key: Key | UnsetType = UNSET
    id: str | UnsetType = UNSET
    v: Version = PROTOCOL_VERSION

    def __post_init__(self) -> None:
        super().__post_init__()
        force_setattr(self, "name", clean_name(self.name))
        _check_clock(self.clock)
        if self.id is not UNSET:
            force_setattr(self, "id", _game_code(self.id))


class Play(GameRequest, frozen=True, kw_only=True, tag="play"):
    """Plays a tile; ``after`` is the history the player saw, which saves the server a read."""

    tile: Tile
    after: str | UnsetType = UNSET

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.after is not UNSET and not is_legal(self.after):
            raise InvalidField("after: no game can have this history")


class Resume(GameRequest, frozen=True, kw_only=True, tag="resume"):
    """Binds the seat that ``token`` is the right to, to this connection."""

    token: str
    v: Version = PROTOCOL_VERSION


class Leave(GameRequest, frozen=True, kw_only=True, tag="leave"):
    """Leaves the table or stops watching."""


class Resign(GameRequest, frozen=True, kw_only=True, tag="resign"):
    """Gives the game up."""


class Claim(GameRequest, frozen=True, kw_only=True, tag="claim"):
    """Claims the game against an opponent who is too late or gone."""


class Rematch(GameRequest, frozen=True, kw_only=True, tag="rematch"):
    """Offers another game, or accepts the offer."""


class Watch(GameRequest, frozen=True, kw_only=True, tag="watch"):
    """Asks for a game's snapshot and all its pushes."""

    v: Version = PROTOCOL_VERSION


class List(Request, frozen=True, kw_only=True, tag="list"):
    """Asks for the open games, for those that can be watched, or for both."""

    kind: ListKind = "open"
    v: Version = PROTOCOL_VERSION


class Emote(GameRequest, frozen=True, kw_only=True, tag="emote"):
    """Says one of a few words."""

    emote: EmoteName


AnyRequest = (
    Start
    | Join
    | QuickMatch
    | Play
    | Resume
    | Leave
    | Resign
    | Claim
    | Rematch
    | Watch
    | List
    | Emote
    | Ping
)
REQUESTS: Final[dict[str, type[Request]]] = {
    str(kind.__struct_config__.tag): kind for kind in get_args(AnyRequest)
}
"""The request types by their ``type``: the routes of the API."""


class Player(Message, frozen=True, kw_only=True):
    """Who sits here; ``away`` says why nobody is connected, ``away_at`` (epoch ms) since when."""

    name: str
    online: bool
    away: Away | None
    away_at: Millis | None

    def __post_init__(self) -> None:
        force_setattr(self, "name", clean_name(self.name))


class Players(Message, frozen=True, kw_only=True):
    x: Player | None
    o: Player | None

    def __getitem__(self, mark: Mark) -> Player | None:
        return self.x if mark is Mark.X else self.o


class Series(Message, frozen=True, kw_only=True):
    """Games won by the players now in these seats, over their rematches."""

    x: Count = 0
    o: Count = 0
    drawn: Count = 0


class Snapshot(Message, frozen=True, kw_only=True):
    """The whole truth about a game; the higher ``rev`` is the newer.

    Times are epoch ms of the server's clock. ``moves`` is the history of digits 0-8; ``board``,
    ``turn`` and ``lines`` are derived from it. ``deadline`` is when the player to move can be
    claimed against.
    """

    id: Code
    rev: Count
    status: Status
    moves: str
    board: Board
    turn: Mark | None
    winner: Mark | None
    lines: tuple[tuple[int, int, int], ...]
    players: Players
    clock: Count
    deadline: Millis | None
    series: Series
    rematch: Mark | None
    next: Code | None
    watchers: Count

    def __post_init__(self) -> None:
        if not is_legal(self.moves):
            raise InvalidField("moves: no game can have this history")
        if self.board != board(self.moves):
            raise InvalidField("board: is not what these moves make")
        if self.turn not in {None, turn(self.moves)}:
            raise InvalidField("turn: is not what these moves make")
        if self.lines != outcome(self.moves).lines:
            raise InvalidField("lines: are not what these moves make")


class Next(Message, frozen=True, kw_only=True):
    """The rematch; ``mark`` is the receiver's new seat, null where the server knows of none."""

    id: Code
    mark: Mark | None
    game: Snapshot


class Names(Message, frozen=True, kw_only=True):
    x: str | None
    o: str | None

    def __post_init__(self) -> None:
        for mark in ("x", "o"):
            name = getattr(self, mark)
            force_setattr(self, mark, None if name is None else clean_name(name))


class Listing(Message, frozen=True, kw_only=True):
    """A line of the lobby; ``mark`` is the free seat, null when live; ``since`` is epoch ms."""

    id: Code
    names: Names
    mark: Mark | None
    clock: Count
    since: Millis


class Event(Message, frozen=True, kw_only=True, tag_field="type"):
    """Replies carry the request's ``ref``; pushes have none."""

    ref: str | UnsetType = UNSET


class GameEvent(Event, frozen=True, kw_only=True):
    """An event with a snapshot; ``now`` is the server's clock, epoch ms."""

    id: Code
    game: Snapshot
    now: Millis


class Started(GameEvent, frozen=True, kw_only=True, tag="init"):
    """``token`` is the right to the seat ``mark``; absent where only the connection proved it."""

    mark: Mark
    token: str | UnsetType = UNSET


class Joined(GameEvent, frozen=True, kw_only=True, tag="join"):
    """Somebody took the seat ``mark``; only the one who did is sent the ``token``."""

    mark: Mark
    token: str | UnsetType = UNSET


class Played(GameEvent, frozen=True, kw_only=True, tag="play"):
    mark: Mark
    tile: Tile


class Resumed(GameEvent, frozen=True, kw_only=True, tag="resume"):
    mark: Mark


class Left(GameEvent, frozen=True, kw_only=True, tag="leave"):
    """The reply to a ``leave``; the others are told by `Presence`."""


class Resigned(GameEvent, frozen=True, kw_only=True, tag="resign"):
    mark: Mark


class Claimed(GameEvent, frozen=True, kw_only=True, tag="claim"):
    """``mark`` claimed the game and has won it."""

    mark: Mark


class RematchOffered(GameEvent, frozen=True, kw_only=True, tag="rematch"):
    """``mark`` wants another game; with ``next`` both did.

    ``mark`` is null when the asker has no seat any more.
    """

    mark: Mark | None
    next: Next | UnsetType = UNSET


class Watching(GameEvent, frozen=True, kw_only=True, tag="watch"):
    """The reply to a ``watch``.

    Also pushed to the watchers of a full table, to find those who are gone.
    """


class Listed(Event, frozen=True, kw_only=True, tag="list"):
    games: tuple[Listing, ...]


class Emoted(Event, frozen=True, kw_only=True, tag="emote"):
    id: Code
    mark: Mark
    emote: EmoteName


class Pong(Event, frozen=True, kw_only=True, tag="pong"):
    """With ``id``, ``mark`` is the seat that the asking connection holds, or null."""

    now: Millis
    id: Code | UnsetType = UNSET
    mark: Mark | UnsetType | None = UNSET
    game: Snapshot | UnsetType = UNSET


class Presence(GameEvent, frozen=True, kw_only=True, tag="presence"):
    """The seat ``mark`` lost its connection, or has one again."""

    mark: Mark
    online: bool


class Replaced(Event, frozen=True, kw_only=True, tag="replaced"):
    """Another connection holds the seat now; who is told so must not resume by itself."""

    id: Code


class Error(Event, frozen=True, kw_only=True, tag="error"):
    """A refused request.

    ``retry_at`` (epoch ms) comes with ``too_early`` only: null when nothing runs.
    """

    code: ErrorCode
    message: str
    now: Millis
    id: Code | UnsetType = UNSET
    game: Snapshot | UnsetType = UNSET
    retry_at: Millis | UnsetType | None = UNSET

    def __post_init__(self) -> None:
        force_setattr(self, "message", clean_sentence(self.message))


AnyEvent = (
    Started
    | Joined
    | Played
    | Resumed
    | Left
    | Resigned
    | Claimed
    | RematchOffered
    | Watching
    | Listed
    | Emoted
    | Pong
    | Presence
    | Replaced
    | Error
)


EVENTS: Final[frozenset[str]] = frozenset(
    str(kind.__struct_config__.tag) for kind in get_args(AnyEvent)
)
"""The ``type`` of every event."""


class GatewayNotice(Message, frozen=True, kw_only=True, rename="camel"):
    """A frame of the gateway itself, about no known request.

    ``Forbidden``, ``Internal server error`` or throttling.
    """

    message: str
    connection_id: str
    request_id: str

    def __post_init__(self) -> None:
        force_setattr(self, "message", clean_sentence(self.message))


def _game_code(text: str) -> str:
    try:
        return crockford.game_code(text)
    except ValueError as error:
        raise InvalidField(f"id: {error}") from None


def _check_clock(seconds: int) -> None:
    if seconds and seconds not in CLOCK_SECONDS:
        raise InvalidField(
            f"clock: must be 0 or {CLOCK_SECONDS.start}-{CLOCK_SECONDS.stop - 1} seconds a move"
        )


_TOKEN: Final = re.compile(r"(?P<mark>[xo])\.(?P<key>[A-Za-z0-9_-]{22})")


def token_of(mark: Mark, key: str) -> str:
    """The right to a seat: its mark, a dot and the key (22 base64url characters)."""
    return f"{mark}.{key}"


def parse_token(token: str) -> tuple[Mark, str]:
    """The mark and the key of a token.

    Raises:
        ValueError: it is no token; the message does not repeat it.
    """
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise ValueError("not a token")
    return Mark(found["mark"]), found["key"]
