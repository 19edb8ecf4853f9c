"""Text of strangers on a terminal."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from shared.text import (
    NAME_BYTES,
    NAME_CELLS,
    NAME_CODE_POINTS,
    SENTENCE_CODE_POINTS,
    cell_width,
    clean,
    clean_name,
    clean_sentence,
    typed,
)

FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}

# Every code point, lone surrogates too, and more of those that are trouble than chance would bring.
characters = st.one_of(
    st.characters(exclude_categories=[]),
    st.sampled_from(
        "\x00\x07\x1b\x7f\x80\x85\x9b\x9d\u00a0\u00ad\u0301\u0344\u034f\u0903\u1100\u1161\u11a8\u1160"
        "\u200b\u200d\u200e\u202e\u2028\u2066\u2800\u302e\u3000\u3164\u4dc0\ufb2c\ufe0f\ufeff\uffff"
        "\ud800\udfff\U0001f600\U0001f1e9\U0001f3ff\U000e0041\U000e0100\U0001d160 [](\\"
    ),
)
texts = st.text(characters, max_size=60)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("Ada", "Ada"),
        ("  Ada \t Lovelace\n", "Ada  Lovelace"),
        ("", ""),
        ("x[/]", "x[/]"),
        ("[@click=app.quit]hi[/]", "[@click=app.quit]hi["),
        ("\x1b[2J\x1b[HAda", "[2J[HAda"),
        ("\x1b]52;c;aGk=\x07Ada", "]52;c;aGk=Ada"),
        ("\x1b]0;title\x1b\\Ada", "]0;title\\Ada"),
        ("\x9b31mAda\x9d8;;http://x\x9c", "31mAda8;;http://x"),
        ("\u202eadA\u202c", "adA"),
        ("A\u200bd\u200d\u2060a\ufeff", "Ada"),
        ("\u2800\u3164\u115f\uffa0", ""),
        ("\ud83dA\udc00da", "Ada"),
        ("\ue000A\uffffda\U0010ffff", "Ada"),
        ("Ada\u2028Lovelace", "AdaLovelace"),
        ("Ada\u00a0L", "Ada L"),
        ("e\u0301", "\u00e9"),
        ("\u0301\u0302Ada", "Ada"),
        ("\u0903Ada", "Ada"),
        ("\u0301 \u0301Ada", "Ada"),
        ("x\u0301\u0301", "x\u0301\u0301"),
        ("A" * 10_000, "A" * 20),
        ("\u6f22" * 11, "\u6f22" * 10),
        ("a" + "\u6f22" * 10, "a" + "\u6f22" * 9),
        ("x" + "\u0301" * 100, "x" + "\u0301" * 39),
        ("A" * 19 + " B", "A" * 19),
        ("\U00020000" * 10 + "\U0001e8d0" * 30, "\U00020000" * 10 + "\U0001e8d0" * 15),
        ("\U0001f600\ufe0f", "\U0001f600"),
        ("\u200b" * 10_000 + "Ada", ""),
    ],
)
def test_a_name_is_shown_without_what_a_terminal_would_obey(sent: str, shown: str) -> None:
    """Escape sequences, overrides and hidden characters of a name do nothing; the rest is shown."""
    assert clean_name(sent) == shown


@given(texts)
def test_a_clean_name_fits_its_place(text: str) -> None:
    """No name is wider than 20 cells or longer than 40 code points, however it is measured."""
    name = clean_name(text)
    assert cell_width(name) <= NAME_CELLS
    assert cell_len(name) <= NAME_CELLS
    assert len(name) <= NAME_CODE_POINTS
    assert len(name.encode()) <= NAME_BYTES


@given(texts)
def test_clean_text_holds_nothing_that_hides_or_commands(text: str) -> None:
    """What is left is in NFC, begins with what is seen, and has plain spaces only, none outside."""
    for shown in (clean(text), clean_name(text), clean_sentence(text)):
        assert {unicodedata.category(character) for character in shown}.isdisjoint(FORBIDDEN)
        assert unicodedata.is_normalized("NFC", shown)
        assert shown == shown.strip()
        assert not any(character.isspace() and character != " " for character in shown)
        assert not unicodedata.category(shown[:1] or "A").startswith("M")
        assert shown.isprintable()
        shown.encode()


@given(texts)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    """Both sides of the wire clean a text, and the second changes nothing."""
    for cleaner in (clean, clean_name, clean_sentence):
        assert cleaner(cleaner(text)) == cleaner(text)


@given(st.text(st.characters(categories=["L", "N"], max_codepoint=0x24F), max_size=20))
def test_a_plain_name_is_left_as_it_is(name: str) -> None:
    """Nobody whose name is letters and digits finds it changed, but for its composition."""
    assert clean_name(name) == unicodedata.normalize("NFC", name)


def test_every_character_is_counted_as_it_is_drawn() -> None:
    """The measure of a name is that of what draws it, for every character that a name can have."""
    every = (chr(code) for code in range(sys.maxunicode + 1))
    kept = "".join(character for character in every if clean(f"a{character}") != "a")
    assert len(kept) > 130_000
    assert [
        character
        for character in kept
        if not character.isspace() and cell_len(character) != cell_width(character)
    ] == []


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("\U0001f44d\U0001f3fd", 2),
        ("\u0915\u094d\u0937\u093f", 2),
        ("\U0001f1e9\U0001f1ea", 2),
        ("\u1112\u1161\u11ab", 2),
        ("\u6f22a\u0301", 3),
    ],
)
def test_a_cluster_takes_the_cells_of_its_first_character(name: str, cells: int) -> None:
    """Skin tones, Indic vowels, flags, Hangul letters and accents shift no column."""
    assert cell_width(clean(name)) == cell_len(clean(name)) == cells


def test_a_sentence_of_the_server_has_an_end() -> None:
    """A sentence is cut at 300 code points, however long it was sent."""
    assert clean_sentence("\x1b[1mNo. " + "a" * 10_000) == "[1mNo. " + "a" * (
        SENTENCE_CODE_POINTS - 7
    )
    assert clean_sentence("That tile is taken.") == "That tile is taken."


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("\uff00\uff01\uff2b\uff5e\uff5f", "\uff00!K~\uff5f"),
        ("\u2212\u2013\u2213", "--\u2213"),
        ("\u3000\u0663", " 3"),
    ],
)
def test_only_what_is_another_way_of_typing_is_read_as_ascii(text: str, read: str) -> None:
    """Full-width forms, dashes, spaces and digits are read as ASCII, and their neighbours not."""
    assert typed(text) == read
