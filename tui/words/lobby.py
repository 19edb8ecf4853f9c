"""What the lobby says: the record, an offer to resume, a line of its lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from shared.board import Mark
from shared.messages import Listing, LobbyKind, Snapshot
from shared.text import cell_width, clean_name, shown_name
from tui.client.seats import SavedSeat
from tui.client.state import ClientState, Missed
from tui.record import Record
from tui.words.phrases import clock_text, counted, name_of, result, shortened


def record_text(record: Record) -> str:
    """``3 won, 1 lost, 2 drawn``, with the streak when there is one."""
    if not record.won + record.lost + record.drawn:
        return "No games yet"
    text = f"{record.won} won, {record.lost} lost, {record.drawn} drawn"
    return f"{text}; {record.streak} in a row" if record.streak > 1 else text


def resume_text(seat: SavedSeat, game: Snapshot) -> str:
    """``Resume K7QF2M (your turn)``."""
    if game.status == "waiting":
        return f"Resume {game.id} (waiting)"
    mine = game.turn is seat.mark
    return f"Resume {game.id} ({'your' if mine else 'their'} turn)"


@dataclass(frozen=True, slots=True)
class Preview:
    """What is told of the marked game; ``board`` only of a game that the player left."""

    title: str
    lines: tuple[str, ...] = ()
    board: str | None = None


def seat_preview(seat: SavedSeat, game: Snapshot) -> Preview:
    """A game that was left: its board, against whom, and whose turn it is."""
    if game.status == "waiting":
        return Preview("Nobody has come yet", (f"You play {seat.mark}", clock_text(game.clock)))
    turn = "Your turn" if game.turn is seat.mark else "Their turn"
    lines = f"against {name_of(game, seat.mark.other)}", f"You play {seat.mark}"
    return Preview(turn, (*lines, *([clock_text(game.clock)] if game.clock else [])), game.board)


def listing_preview(listing: Listing, now_ms: int) -> Preview:
    """A game of others, as far as the list tells of it: to see its board is to watch it."""
    x, o = shown_name(listing.names.x, Mark.X), shown_name(listing.names.o, Mark.O)
    since = age_text(now_ms - listing.since)
    ago = "just now" if since == "now" else f"{since} ago"
    terms = f"{clock_text(listing.clock)}; {'opened' if listing.mark else 'began'} {ago}"
    if listing.mark is None:
        return Preview(f"{x} (x) plays {o} (o)", (terms, f"Game {listing.id}: enter watches"))
    host = o if listing.mark is Mark.X else x
    begins = " and begin" if listing.mark is Mark.X else ""
    title = f"{host} waits: you play {listing.mark}{begins}"
    return Preview(title, (terms, f"Game {listing.id}: enter joins"))


def last_games(record: Record, width: int, *, rows: int, ascii_only: bool = False) -> list[str]:
    """The last games, one a line: ``won   Bob   R-7Y61``."""
    lines = []
    for game in record.last[:rows]:
        room = width - 6 - 8
        name = shortened(clean_name(game.opponent), room, ascii_only=ascii_only)
        lines.append(f"{game.result:<6}{name}{' ' * (room - cell_width(name))}{game.replay:>8}")
    return lines


def age_text(ms: int) -> str:
    """How long a game has been listed: ``now``, ``3 min``, ``2 h``."""
    minutes = max(0, ms) // 60_000
    if not minutes:
        return "now"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h"


def listing_text(listing: Listing, now_ms: int, width: int, *, ascii_only: bool = False) -> str:
    """A line of the lobby: who is there, the clock, since when."""
    clock = f"{listing.clock} s  " if listing.clock else ""
    end = f"{clock}{age_text(now_ms - listing.since):>6}"
    room = max(8, width - len(end) - 1)
    *longer, shortest = _who(listing)
    who = next((each for each in longer if cell_width(each) <= room), shortest)
    shown = shortened(who, room, ascii_only=ascii_only)
    return f"{shown}{' ' * (room + 1 - cell_width(shown))}{end}"


def _who(listing: Listing) -> tuple[str, ...]:
    """Who plays, or waits and for whom; shorter and shorter."""
    x, o = shown_name(listing.names.x, Mark.X), shown_name(listing.names.o, Mark.O)
    if listing.mark is None:
        return (f"{x} - {o}",)
    host = o if listing.mark is Mark.X else x
    you = f"you play {listing.mark}"
    return f"{host} waits; {you}", f"{host}; {you}", f"{host} waits"


LIST_TITLES: Final[dict[LobbyKind, str]] = {"open": "Open games", "live": "Games to watch"}


def empty_text(kind: LobbyKind, *, online: bool, known: bool) -> str:
    """What stands where no game is listed: never more than is known."""
    if not online:
        return "not known without a connection"
    if not known:
        return "looking…"
    return "nobody waits: q to be the first" if kind == "open" else "none now"


def waited_text(busy: str, state: ClientState) -> str:
    """What the player waits for, and why that may take long."""
    return f"{busy} {state.failure}" if state.failure else busy


MISSED_SHOWN: Final = 4
"""How many games that ended unseen are told of one by one; the rest is counted."""


def missed_lines(missed: Sequence[Missed]) -> str:
    """What became of games that were left, the last one first, in lines."""
    lines = [missed_text(each) for each in missed[:MISSED_SHOWN]]
    more = len(missed) - MISSED_SHOWN
    return "\n".join([*lines, f"and {counted(more, 'game')} more"] if more > 0 else lines)


def missed_text(missed: Missed) -> str:
    """``K7QF2M: Bob wins: the top row``."""
    if missed.table is None:
        return f"{missed.id}: no longer on the server"
    return f"{missed.id}: {result(missed.table)}"
