"""Remote text made safe to print on a terminal.

Terminal widgets pass escape sequences, C1 bytes and bidirectional overrides on unchanged, so text
is cleaned where it enters the program, on both sides of the wire.
"""

import unicodedata
from functools import lru_cache
from typing import Final

NAME_CELLS: Final = 20
NAME_CODE_POINTS: Final = 40
NAME_BYTES: Final = 100
"""In UTF-8: with two such names and all that can be at a table, a stored game is below 1 KB."""
SENTENCE_CODE_POINTS: Final = 300

# Control, format (which holds the bidirectional and most zero-width characters), surrogate, private
# use, not assigned (no terminal knows their width), line and paragraph separators.
_REMOVED_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Characters that Unicode counts as marks or letters and that show nothing: the grapheme joiner,
# Hangul fillers, Khmer inherent vowels, the Mongolian and the general variation selectors, the
# blank Braille pattern and the musical null.
_INVISIBLE: Final = frozenset(
    map(
        chr,
        (
            *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, 0x2800),
            *(0x3164, *range(0xFE00, 0xFE10), 0xFFA0, 0x1D159, *range(0xE0100, 0xE01F0)),
        ),
    )
)
# What stands on, beside or in the character before, and is drawn in its cells: marks, the vowels
# and finals of a Hangul syllable, the skin tones of an emoji.
_MARKS: Final = frozenset({"Mn", "Me", "Mc"})
_JOINED: Final = frozenset(
    map(chr, (*range(0x1160, 0x1200), *range(0xD7B0, 0xD800), *range(0x1F3FB, 0x1F400)))
)
# Wide since Unicode 16, which the terminal may know and this Python may not: trigrams, hexagrams,
# the symbols of the Tai Xuan Jing and counting rods.
_NOW_WIDE: Final = frozenset(
    map(
        chr,
        (
            *(*range(0x2630, 0x2638), *range(0x268A, 0x2690), *range(0x4DC0, 0x4E00)),
            *(*range(0x1D300, 0x1D357), *range(0x1D360, 0x1D377)),
        ),
    )
)


def shown_name(name: str | None, mark: str) -> str:
    """The name of a player; who has given none is ``Player X`` or ``Player O``."""
    return name or f"Player {mark.upper()}"


def clean(text: str) -> str:
    """The text in NFC without what a terminal could obey or hide; other white space is a space.

    Combining marks stay, except before the first character, where they would change what stands in
    front of the text.
    """
    kept = [
        " " if character.isspace() else character
        for character in text
        if character not in _INVISIBLE
        and unicodedata.category(character) not in _REMOVED_CATEGORIES
    ]
    shown = unicodedata.normalize("NFC", "".join(kept)).strip()
    while shown and unicodedata.category(shown[0]).startswith("M"):
        shown = shown[1:].lstrip()
    return shown


def typed(text: str) -> str:
    """What was typed, in ASCII where another keyboard or script writes the same.

    Full-width letters and digits, the digits of every script, every dash and every space. So that a
    code, a digit of the board and a command are read alike everywhere.
    """
    return text if text.isascii() else "".join(map(_typed, text))


def _typed(character: str) -> str:
    code = ord(character)
    if 0xFF01 <= code <= 0xFF5E:  # the full-width forms of ASCII
        return chr(code - 0xFEE0)
    if unicodedata.category(character) == "Pd" or code == 0x2212:  # dashes, and the minus sign
        return "-"
    if character.isspace():
        return " "
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)


def cell_width(text: str) -> int:
    """How many terminal cells a cleaned text takes.

    As rich counts them, which draws: two for East Asian wide characters, none for what is drawn in
    the cells of the character before.
    """
    return sum(_width(character) for character in text)


# Every snapshot of a game cleans both names.
@lru_cache(maxsize=1024)
def clean_name(text: str) -> str:
    """A player's name: `clean`, at most 20 cells, 40 code points and 100 bytes; may be empty."""
    # NFC can lengthen a text, but never makes 40 code points out of less than 14: looking at more
    # than this is wasted.
    shown = clean(text[: 100 * NAME_CODE_POINTS])
    cells = size = 0
    for place, character in enumerate(shown[:NAME_CODE_POINTS]):
        cells += cell_width(character)
        size += len(character.encode())
        if cells > NAME_CELLS or size > NAME_BYTES:
            return shown[:place].rstrip()
    return shown[:NAME_CODE_POINTS].rstrip()


def clean_sentence(text: str) -> str:
    """A sentence from the peer: `clean`, at most 300 code points."""
    return clean(text[: 2 * SENTENCE_CODE_POINTS])[:SENTENCE_CODE_POINTS].rstrip()


def _width(character: str) -> int:
    if character in _JOINED or unicodedata.category(character) in _MARKS:
        return 0
    wide = character in _NOW_WIDE or unicodedata.east_asian_width(character) in {"W", "F"}
    return 2 if wide else 1
