"""Crockford's base 32 (crockford.com/base32.html): codes that people read to each other.

No I, L, O or U in what is written; case, hyphens, spaces, I/L for 1 and O for 0 forgiven in what is
read, and full-width letters and the digits of other scripts.
"""

from typing import Final

from shared.text import typed

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LETTERS: Final = frozenset(ALPHABET)
_FORGIVEN: Final = str.maketrans({"I": "1", "L": "1", "O": "0", "-": None, " ": None})

GAME_CODE_LENGTH: Final = 6


def encode(number: int, length: int) -> str:
    """A number in exactly ``length`` characters, most significant first.

    Raises:
        ValueError: the number is negative or needs more than ``5 * length`` bits.
    """
    if not 0 <= number < 32**length:
        raise ValueError(f"{number} does not fit {length} characters")
    return "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(length)))


def decode(code: str) -> int:
    """The number of a code as `normalise` returns it."""
    number = 0
    for character in code:
        number = number << 5 | ALPHABET.index(character)
    return number


def normalise(text: str, length: int) -> str:
    """The code that a person meant, in its one written form.

    Raises:
        ValueError: the text is not ``length`` characters of the alphabet, once all is forgiven
            that can be.
    """
    # The length is looked at first, so that a hostile text costs nothing. Nobody writes more than a
    # hyphen and spaces around each character.
    short = typed(text).strip() if len(text) <= 4 * length else ""
    # Upper case would make an I of a dotless one and two S of a sharp one, which no code has.
    code = short.upper().translate(_FORGIVEN) if short.isascii() else ""
    if len(code) != length or not _LETTERS.issuperset(code):
        raise ValueError(f"a code has {length} letters and digits, without U")
    return code


def game_code(text: str) -> str:
    """`normalise` for the code of a game: 6 characters, 30 bits."""
    # Nearly all codes come from a program, as they are written.
    if len(text) == GAME_CODE_LENGTH and _LETTERS.issuperset(text):
        return text
    return normalise(text, GAME_CODE_LENGTH)
