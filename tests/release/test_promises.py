"""The list of what the docs promise is whole, and leads to tests that are there."""

import re
from collections import Counter
from pathlib import Path

import pytest

from backend.aws.dynamodb import LOBBY_PAGE, LOBBY_PAGES
from backend.aws.items import SHARDS
from backend.core.game import MAX_WATCHERS
from backend.core.service import LIFE_SECONDS
from backend.local.frames import FRAMES_AT_ONCE
from backend.local.limits import Limits
from shared.messages import MAX_REQUEST_BYTES
from shared.serve_options import CONNECTIONS, FILE_MEGABYTES, GAMES, RATE, TOTAL_CONNECTIONS
from tests.release.test_release import script
from tui import embedded
from tui.client.timing import Timing

ROOT = Path(__file__).parents[2]
LIST = script("promises")
ENTRIES = LIST.promises()
LIMITS = Limits()
FIGURES = {
    "README.md": ["six hours after", "for two minutes"],
    "docs/playing.md": ["lives for six hours", "that one ends two minutes after", "half a minute"],
    "docs/security.md": [
        f"requests | {RATE:g} a second on a connection, {2 * RATE:g} at once",
        f"connections | {CONNECTIONS} from one player's address",
        f"{TOTAL_CONNECTIONS:,} in all",
        f"have not become a WebSocket {LIMITS.arrivals},",
        f"open games | {GAMES} for a connection",
        f"watchers | {MAX_WATCHERS} a game",
        f"slow handshake | given up after {LIMITS.handshake_seconds} s",
        f"who does not read | {LIMITS.unread_bytes // 1024} KB are kept",
        f"fragments | more than {FRAMES_AT_ONCE:,} at once",
        f"takes {FILE_MEGABYTES} MB at most",
        f"frames of at most {MAX_REQUEST_BYTES:,} bytes are read",
        f"at most {LOBBY_PAGES} pages of {LOBBY_PAGE} games in each of the lobby's {SHARDS} shards",
    ],
}


def sentences(document: str) -> list[str]:
    found: list[str] = LIST.sentences((ROOT / document).read_text(encoding="utf-8"))
    return found


def test_the_page_is_the_one_that_would_be_written() -> None:
    """Whoever changes a promise or its test also runs `make promises`."""
    assert LIST.PAGE.read_text(encoding="utf-8") == LIST.page()


@pytest.mark.parametrize("document", LIST.DOCUMENTS)
def test_each_entry_is_one_sentence(document: str) -> None:
    """An entry is the beginning of one sentence of its document, and of no other."""
    told = sentences(document)
    counted = {
        entry["text"]: sum(sentence.startswith(entry["text"]) for sentence in told)
        for entry in ENTRIES
        if entry["document"] == document
    }
    assert {text: number for text, number in counted.items() if number != 1} == {}


@pytest.mark.parametrize("document", LIST.DOCUMENTS)
def test_each_promise_is_in_the_list(document: str) -> None:
    """A sentence with a word that promises has exactly one entry; others may have one."""
    texts = [entry["text"] for entry in ENTRIES if entry["document"] == document]
    listed = {
        sentence: sum(sentence.startswith(text) for text in texts)
        for sentence in sentences(document)
    }
    assert [
        sentence
        for sentence, number in listed.items()
        if number > 1 or (LIST.WORDS.search(sentence) and not number)
    ] == []


def test_each_entry_has_a_test_or_a_reason() -> None:
    """A promise without a test says why, and a document without a promise is none of the list."""
    assert [entry for entry in ENTRIES if not (entry.get("test") or entry.get("untested"))] == []
    known = {"document", "text", "test", "untested"}
    assert [entry for entry in ENTRIES if entry.keys() - known] == []
    assert Counter(entry["document"] for entry in ENTRIES).keys() == set(LIST.DOCUMENTS)


def test_each_named_test_exists() -> None:
    """A test that is renamed or removed takes its promises along, or is missed here."""
    missing = []
    for test in sorted({test for entry in ENTRIES for test in entry.get("test", [])}):
        path, _, name = test.partition("::")
        # A state machine of Hypothesis is assigned to the name of its test.
        found = re.compile(rf"^(?:(?:async )?def {name}\(|{name} = )", re.MULTILINE)
        if not ((file := ROOT / path).is_file() and found.search(file.read_text(encoding="utf-8"))):
            missing.append(test)
    assert missing == []


def test_sentences_are_told_apart() -> None:
    """Items, rows and sentences stand alone; headings, heads of tables and code are none."""
    document = (
        "# Never\n\nOne ends. **Two**\nends. `three` is no\nend, e.g. this.\n\n"
        "    never\n\n- four\n  1. five\n     goes on\n\n"
        "| never | no |\n|---|---|\n| six | seven. Eight |\n\n```\nnever\n```\n"
    )
    assert LIST.sentences(document) == [
        "One ends.",
        "**Two** ends.",
        "`three` is no end, e.g. this.",
        "four",
        "five goes on",
        "six | seven.",
        "Eight",
    ]
    assert LIST.promising("Never. It is nevertheless so. EVERY one.") == ["Never.", "EVERY one."]


def test_the_figures_of_a_server_are_those_of_the_code() -> None:
    """The numbers that the docs promise of a server and of a client are the constants."""
    untold = [
        (document, figure)
        for document, figures in FIGURES.items()
        for figure in figures
        if not any(figure in sentence for sentence in sentences(document))
    ]
    assert untold == []
    assert (LIFE_SECONDS, embedded._IDLE_EXIT, Timing().patience) == (6 * 3600, 2 * 60, 30)


def test_an_hour_in_the_lobby_costs_what_is_counted() -> None:
    """The README's cents are those of the dearest hour in the counted table, rounded up."""
    bill = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    hours = re.findall(r"^\| an hour in .*lobby.*\| ([\d.]+) \|$", bill, re.MULTILINE)
    [told] = re.findall(r"at most ([\d.]+) cents an hour", " ".join(sentences("README.md")))
    dearest = max(float(dollars) for dollars in hours) / 10_000  # of a million, in cents
    assert dearest <= float(told) < dearest + 0.01
