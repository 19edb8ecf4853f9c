"""The client: one connection kept alive, requests as methods, the truth as `ClientState`.

No Textual. A request is repeated until it is answered or its patience ends, which is safe for every
request of the protocol. Refusals are raised as `shared.errors.Refusal`, a server out of reach as
`Unreachable`; both also show in the state, so that a caller may ignore them.
"""

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from shared.messages import EmoteName, Game, LobbyKind
from tui.options import MarkChoice
from tui.seats import Seat, Seats
from tui.state import ClientState, Happening, TableState

Subscriber = Callable[[ClientState, Happening], None]
Address = str | Callable[[], Awaitable[str]]


class Unreachable(Exception):
    """The server does not answer; ``sentence`` says so to a person."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Client:
    """``url`` may be a function that finds or starts the server, asked for each connection."""

    name: str
    state: ClientState

    def __init__(self, url: Address, seats: Seats, *, name: str = "") -> None:
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        """Begins to connect, in the background; returns at once."""
        raise NotImplementedError

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Closes the connection; seats are kept and can be resumed."""
        raise NotImplementedError

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Calls back after every happening, with the new state; returns how to stop that."""
        raise NotImplementedError

    def reconnect(self) -> None:
        """Tries again after the link has failed for good (`LinkStatus.FAILED`)."""
        raise NotImplementedError

    async def start(
        self, mark: MarkChoice = "x", *, listed: bool = False, clock: int = 0
    ) -> TableState:
        raise NotImplementedError

    async def join(self, code: str) -> TableState:
        raise NotImplementedError

    async def match(self, clock: int = 0) -> TableState:
        """Sits at an open game or a new one; an older game found later is ``onward`` of this."""
        raise NotImplementedError

    async def resumable(self) -> tuple[tuple[Seat, Game], ...]:
        """The seats here that no living process holds, newest first, with their games."""
        raise NotImplementedError

    async def resume(self, seat: Seat) -> TableState:
        raise NotImplementedError

    async def take_back(self, game_id: str) -> TableState:
        """Resumes a seat that another terminal has taken, because the player says so."""
        raise NotImplementedError

    async def watch(self, code: str) -> TableState:
        raise NotImplementedError

    async def leave(self, game_id: str) -> None:
        """Turns away from a table at once; the server is told as soon as it can be."""
        raise NotImplementedError

    async def play(self, game_id: str, cell: int) -> None:
        """Plays a cell 0-8; it is ``pending`` in the state until the server has confirmed it."""
        raise NotImplementedError

    async def resign(self, game_id: str) -> None:
        raise NotImplementedError

    async def claim(self, game_id: str) -> None:
        raise NotImplementedError

    async def rematch(self, game_id: str) -> None:
        """Offers a rematch or accepts the offer; once both did, the new table is ``onward`` of this one."""
        raise NotImplementedError

    async def emote(self, game_id: str, emote: EmoteName) -> None:
        """Says a word; not repeated when it is lost."""
        raise NotImplementedError

    async def refresh_lobby(self, kind: LobbyKind = "open") -> None:
        raise NotImplementedError

    async def ping(self, game_id: str) -> Game:
        """The truth about any game, from the server; binds nothing."""
        raise NotImplementedError
