"""Small pieces of text that widgets and line mode share. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from shlex import join, quote
from typing import Final
from urllib.parse import urlsplit

from shared.board import Mark
from shared.errors import Refusal
from shared.messages import Snapshot
from shared.text import cell_width, shown_name
from tui.client.address import public_url
from tui.client.errors import Unreachable
from tui.client.state import ClientState, Table

EMOTE_WORDS = {
    "hello": "Hello!",
    "nice": "Nice move!",
    "oops": "Oops!",
    "thinking": "Let me think…",
    "gg": "Good game!",
    "thanks": "Thanks!",
}

LEAST_SIZE = 40, 16
"""The columns and rows that a full screen needs."""

OTHER_LAYOUT = (
    "The keys here are Latin letters: switch the keyboard to them, or use arrows, digits, Enter and"
    " the mouse."
)
"""What is said when a letter of another script is pressed."""

TOO_LONG = "A name has 20 columns: the rest is cut"
"""What is said of a name that does not fit."""

SAID_MS = 5_000
"""How long an emote is shown."""

LOST_BY = {
    "resigned": "gave up",
    "timeout": "ran out of time",
    "abandoned": "did not come back",
}
"""How one loses otherwise than on the board."""

_LINE_NAMES = {
    (0, 1, 2): "the top row",
    (3, 4, 5): "the middle row",
    (6, 7, 8): "the bottom row",
    (0, 3, 6): "the left column",
    (1, 4, 7): "the middle column",
    (2, 5, 8): "the right column",
    (0, 4, 8): "the diagonal",
    (2, 4, 6): "the diagonal",
}


def too_small_text(width: int, height: int) -> str:
    """What is said instead of a broken layout."""
    needed = f"{LEAST_SIZE[0]} x {LEAST_SIZE[1]} needed"
    way_out = "Enlarge it and go on; Ctrl+Q quits"
    return f"This terminal is too small\n\n{width} x {height} now, {needed}\n\n{way_out}"


def span(ms: int) -> str:
    """A countdown, rounded up: ``0:42``."""
    seconds = max(0, -(-ms // 1000))
    return f"{seconds // 60}:{seconds % 60:02}"


def elapsed(ms: int) -> str:
    """How long something has lasted, rounded down: ``0:42``."""
    return span(max(0, ms) // 1000 * 1000)


def clock_text(seconds: int) -> str:
    """``30 s a move``."""
    if not seconds:
        return "no clock"
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min a move" if minutes and not rest else f"{seconds} s a move"


def counted(number: int, singular: str, plural: str = "") -> str:
    return f"{number} {singular if number == 1 else plural or singular + 's'}"


def shortened(text: str, cells: int, *, ascii_only: bool = False) -> str:
    """The text, cut where it takes more columns than that."""
    if cell_width(text) <= cells:
        return text
    end = ".." if ascii_only else "…"
    while text and cell_width(text + end) > cells:
        text = text[:-1]
    return text.rstrip() + end


def wrapped(text: str, cells: int) -> list[str]:
    """The words in as many lines as they need; a word is broken only where it has no line."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if cell_width(longer) <= cells:
            line = longer
            continue
        if line:
            lines.append(line)
        line = word
        while cell_width(line) > cells:
            head = next(line[:end] for end in range(len(line), 0, -1) if _fits(line[:end], cells))
            lines.append(head)
            line = line[len(head) :]
    return [*lines, line] if line else lines


def _fits(text: str, cells: int) -> bool:
    return cell_width(text) <= max(2, cells)


_CLAUSE_ENDS: Final = (". ", "; ", ": ", ", ")


def shorter(text: str) -> Iterator[str]:
    """The sentence, then without its last clause, and so on: what is left is a sentence too."""
    yield text
    while (end := max(text.rfind(mark) for mark in _CLAUSE_ENDS)) > 0:
        text = text[:end]
        yield text


def fitting(parts: Iterable[str], cells: int) -> str:
    """As many of the parts as have room beside each other; the first part always stands."""
    shown, *others = parts
    for part in others:
        longer = f"{shown} · {part}"
        shown = longer if cell_width(longer) <= cells else shown
    return shown


def listed(parts: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last


def line_names(lines: Iterable[tuple[int, int, int]]) -> str:
    """``the top row and the diagonal``."""
    names = [_LINE_NAMES[line] for line in lines]
    return "both diagonals" if names == ["the diagonal"] * 2 else listed(names)


def name_of(game: Snapshot, mark: Mark) -> str:
    """Who sits there, to be printed without markup."""
    player = game.players[mark]
    return shown_name(player.name if player else None, mark)


def opponent_name(table: Table) -> str:
    return name_of(table.game, table.seat.other if table.seat else Mark.O)


def result(table: Table) -> str:
    """How a game ended, in words."""
    game = table.game
    if game.status == "drawn":
        return "A draw"
    if game.status == "cancelled" or game.winner is None:
        return "This game was cancelled"
    mine, loser = game.winner is table.seat, game.winner.other
    wins = "You win" if mine else f"{name_of(game, game.winner)} wins"
    lost = "you" if loser is table.seat else name_of(game, loser)
    if game.status in LOST_BY:
        return f"{wins}: {lost} {LOST_BY[game.status]}"
    return f"{wins}: {line_names(game.lines)}"


def clock_ms(state: ClientState, game: Snapshot, now_ms: int) -> int | None:
    """What the player to move has left; None without a clock."""
    return None if game.deadline is None else state.remaining_ms(game.deadline, now_ms)


def server_name(url: str) -> str:
    """The server as the player knows it: without a password, nor what follows the port."""
    parts = urlsplit(public_url(url))
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else url


def join_words(
    code: str, url: str | None, program: Sequence[str] = ("noughts-tui",)
) -> tuple[str, ...]:
    """The command that the opponent types. The embedded gateway needs no address in it."""
    return *program, "join", code, *(("--url", public_url(url)) if url else ())


def folded(words: Sequence[str], width: int) -> str:
    """A command folded into lines that a shell reads as one command."""
    if len(join(words)) <= width:
        return join(words)
    lines, line = [], ""
    for word in words:
        if line and len(f"{line} {quote(word)} \\") > width:
            lines.append(f"{line} \\")
            line = ""
        rest, room = word, width - 1 if quote(word) == word else width - 3
        while len(quote(rest)) > width:
            lines.append(f"{quote(rest[:room])}\\")
            rest = rest[room:]
        line = f"{line} {quote(rest)}".lstrip()
    return "\n".join([*lines, line])


def sentence_of(failure: Refusal | Unreachable) -> str:
    """What a person is told of a request that came to nothing."""
    return failure.message if isinstance(failure, Refusal) else failure.sentence
