"""Two clients and a network that loses, delays, repeats and reorders what they are told."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec.structs import replace as with_fields

from shared import codec
from shared import messages as wire
from shared.board import Mark, tile_of
from tests.backend.harness import Harness
from tests.proofs.counts import examples
from tui.client import state as client
from tui.client.state import ClientState, Table

PLAYERS = st.sampled_from(["ada", "bob"])
PLACES = st.integers(0, 7)
CHOOSING = st.tuples(st.just("choose"), PLAYERS, st.integers(0, 8))
DELIVERING = st.tuples(st.just("deliver"), PLAYERS, PLACES)
DEEDS = st.one_of(
    *(CHOOSING, CHOOSING, CHOOSING, CHOOSING),
    *(DELIVERING, DELIVERING, DELIVERING, DELIVERING),
    st.tuples(st.just("deliver twice"), PLAYERS, PLACES),
    st.tuples(st.just("lose"), PLAYERS, PLACES),
    st.tuples(st.just("repeat"), PLAYERS, PLACES),
    st.tuples(st.sampled_from(["resume", "emote", "rematch", "resign"]), PLAYERS, PLACES),
)


@dataclass
class Client:
    """One player's state; ``mail`` is on its way to it, ``open`` is what nobody has answered."""

    name: str
    state: ClientState = field(default_factory=ClientState)
    mail: list[wire.AnyEvent] = field(default_factory=list)
    open: dict[str, wire.AnyRequest] = field(default_factory=dict)
    token: str = ""

    def table(self, game_id: str) -> Table:
        return self.state.tables[game_id]

    def take(self, event: wire.AnyEvent) -> None:
        """Takes an event as the client's conversation does: an answer is one to a request."""
        ref = event.ref
        request = self.open.pop(ref, None) if isinstance(ref, str) else None
        if isinstance(ref, str) and request is None:
            return  # answered before
        self.state = client.reduce(self.state, event, 0)
        if isinstance(event, wire.Error) and request is not None:
            self.state = client.reduce(self.state, client.RequestFailed(request, event.message), 0)


class BadNetwork:
    """A server and its two clients, with everything between them in our hands."""

    def __init__(self) -> None:
        self.server = Harness()
        self.clients = {name: Client(name) for name in ("ada", "bob")}
        self.refs = 0
        ada, bob = self.clients.values()
        self.ask(ada, wire.Start())
        [started] = ada.mail
        assert isinstance(started, wire.Started)
        self.id = started.id
        self.ask(bob, wire.Join(id=self.id))
        for one in (ada, bob):
            # Without a seat there is no table to be right about; pushes may come before.
            mail, one.mail = one.mail, []
            for event in reversed(mail):
                one.take(event)
                if isinstance(event, wire.Started | wire.Joined) and event.token is not UNSET:
                    one.token = event.token
        self.stored = [self.server.game(self.id)]

    def ask(self, one: Client, request: wire.AnyRequest) -> None:
        """The request arrives; what comes of it is on its way."""
        self.refs += 1
        asked = with_fields(request, ref=f"r{self.refs}")
        one.open[f"r{self.refs}"] = asked
        self.arrive(one, asked)

    def arrive(self, one: Client, request: wire.AnyRequest) -> None:
        reply = self.server.frame(one.name, codec.encode(request))
        assert reply is not None
        one.mail.append(reply)
        for other in self.clients.values():
            other.mail += self.server.heard(other.name)

    def do(self, deed: str, name: str, number: int) -> None:
        one = self.clients[name]
        before = one.table(self.id)
        match deed:
            case "choose":
                self.choose(one, number)
            case "repeat" if one.open:
                self.arrive(one, list(one.open.values())[number % len(one.open)])
            case "deliver" | "deliver twice" | "lose" if one.mail:
                event = one.mail.pop(number % len(one.mail))
                for _ in range({"lose": 0, "deliver": 1, "deliver twice": 2}[deed]):
                    one.take(event)
            case "resume":
                self.ask(one, wire.Resume(id=self.id, token=one.token))
            case "emote":
                self.ask(one, wire.Emote(id=self.id, emote="hello"))
            case "rematch":
                self.ask(one, wire.Rematch(id=self.id))
            case "resign" if number == 0:
                self.ask(one, wire.Resign(id=self.id))
        self.check(before, one.table(self.id))

    def choose(self, one: Client, cell: int) -> None:
        table = one.table(self.id)
        if cell not in table.choices:
            return
        one.state = client.reduce(one.state, client.MoveChosen(self.id, cell), 0)
        play = wire.Play(id=self.id, tile=tile_of(cell), after=table.game.moves)
        self.ask(one, play)

    def check(self, before: Table, after: Table) -> None:
        """Nothing is shown that the server did not store, and time does not run backwards."""
        self.stored.append(self.server.game(self.id))
        assert after.game in self.stored
        assert after.game.rev >= before.game.rev
        assert after.pending is None or str(after.pending) not in after.game.moves

    def calm(self) -> None:
        """What is on its way is lost; what nobody answered is asked again, then for the truth."""
        for one in self.clients.values():
            one.mail.clear()
            for request in list(one.open.values()):
                self.arrive(one, request)
                one.take(one.mail[0] if one.mail[0].ref == request.ref else one.mail[-1])
                for other in self.clients.values():
                    other.mail.clear()
        for one in self.clients.values():
            self.ask(one, wire.Ping(id=self.id))
            one.take(one.mail.pop())


@examples(200, 10_000)
@given(st.lists(DEEDS, min_size=20, max_size=100))
def test_one_question_settles_it(deeds: list[tuple[str, str, int]]) -> None:
    """After any loss, delay, repetition and reordering one ping makes both clients right."""
    network = BadNetwork()
    for deed, name, number in deeds:
        network.do(deed, name, number)
    network.calm()
    truth = network.server.game(network.id)
    for (name, one), mark in zip(network.clients.items(), Mark, strict=True):
        table = one.table(network.id)
        assert (table.game, table.seat, table.pending) == (truth, mark, None), name
