"""Writes the list of what the docs promise, with the tests that hold it: `make promises`."""

import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "promises.md"
PROMISES = ROOT / "docs" / "promises.toml"
DOCUMENTS = ("README.md", "docs/playing.md", "docs/security.md", "docs/platform.md")

# A sentence with one of these words says what always holds, or what cannot happen.
WORDS = re.compile(
    r"\b(never|always|nobody|nothing|no others?|cannot|every(thing)?|at most|at once|only|alone|"
    r"by itself|for good|exactly|whatever|survives?|kept|stays|automatically)\b",
    re.IGNORECASE,
)
INTRODUCTION = """\
# What the docs promise

A promise is a sentence of the README, of the player's manual, of the page on security or of the
page on the platform that says what always holds, or what cannot happen. Beside each stands the test
that holds it, or the word **untested** and the reason. Where both stand, the tests hold a part.
`make promises` writes this page out of [promises.toml](promises.toml). A test fails when a sentence
with a word such as *never*, *every* or *cannot* has no line here, and when a named test is not
there.
"""


def page() -> str:
    """The list in Markdown, a table for each document."""
    entries = promises()
    parts = [f"{INTRODUCTION}\n{_counted(entries)}"]
    for document in DOCUMENTS:
        own = {entry["text"]: entry for entry in entries if entry["document"] == document}
        lines = [f"## {document}", "", "| promise | test |", "|---|---|"]
        for sentence in sentences((ROOT / document).read_text(encoding="utf-8")):
            lines += [_row(sentence, own[text]) for text in own if sentence.startswith(text)]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def promises() -> list[dict[str, Any]]:
    """The entries: each has a document, the beginning of a sentence, and tests or a reason."""
    found: list[dict[str, Any]] = tomllib.loads(PROMISES.read_text(encoding="utf-8"))["promise"]
    return found


def _counted(entries: list[dict[str, Any]]) -> str:
    held = Counter(("test" in entry, "untested" in entry) for entry in entries)
    return (
        f"Of {len(entries)} promises tests hold {held[True, False]} as a whole and"
        f" {held[True, True]} in part; {held[False, True]} are untested.\n"
    )


def _row(sentence: str, entry: dict[str, Any]) -> str:
    plain = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", sentence)  # links lead elsewhere from here
    held = [f"`{test}`" for test in entry.get("test", [])]
    if "untested" in entry:
        held.append(f"**untested**: {entry['untested']}")
    return f"| {plain.replace(' | ', ' · ')} | {', '.join(held)} |"


def sentences(document: str) -> list[str]:
    """The sentences of a document in Markdown; a row of a table or an item is not torn apart."""
    end = re.compile(r"(?:(?<=[.!?])|(?<=[.!?]\*\*)|(?<=[.!?]\*))\s+(?=[*\"(\[]*[A-Z`\d])")
    return [sentence for block in _blocks(document) for sentence in end.split(block)]


def promising(document: str) -> list[str]:
    """The sentences of a document that promise."""
    return [sentence for sentence in sentences(document) if WORDS.search(sentence)]


def _blocks(document: str) -> list[str]:
    """Paragraphs, items of lists and rows of tables, each on one line, without code."""
    blocks: list[list[str]] = [[]]
    document = re.sub(r"```.*?```", "", document, flags=re.DOTALL)
    document = re.sub(r"^\|.*\|\n(?=\|-)", "", document, flags=re.MULTILINE)  # heads of tables
    for line in document.splitlines():
        text = line.strip()
        is_code = line.startswith("    ") and not blocks[-1]  # else a line of an item goes on
        if not text or line.startswith("#") or re.match(r"[-*] |\d\. |\|", text):
            blocks.append([])
        if text and not is_code and not line.startswith("#"):
            blocks[-1].append(text.strip("|"))
    lines = (re.sub(r"\s+", " ", " ".join(block)).strip() for block in blocks)
    return [re.sub(r"^([-*]|\d\.) ", "", line) for line in lines if re.search(r"\w", line)]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
