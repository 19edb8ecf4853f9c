"""Codes that people read to each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.crockford import ALPHABET, GAME_CODE_LENGTH, decode, encode, game_code, normalise


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("K7QF2M", "K7QF2M"),
        ("k7qf2m", "K7QF2M"),
        (" k7q-f2m\n", "K7QF2M"),
        ("K 7 Q F 2 M", "K7QF2M"),
        ("oO0iIl", "000111"),
        ("L-L-L-L-L-L", "111111"),
        ("\u00a0K7QF2M\u00a0", "K7QF2M"),
        ("\uff2b\uff17\uff31\uff26\uff12\uff2d", "K7QF2M"),
        ("\uff4b\uff17\uff31\uff0d\uff46\uff12\uff4d", "K7QF2M"),
        ("K7Q\u2011F2M", "K7QF2M"),
        ("K\u0667QF\u06f2M", "K7QF2M"),
    ],
)
def test_a_code_is_read_as_it_was_meant(text: str, code: str) -> None:
    """Case, hyphens, spaces, I and L for 1 and O for 0 are forgiven, and other keyboards."""
    assert game_code(text) == code


@pytest.mark.parametrize(
    "text",
    [
        "",
        "------",
        "K7QF2",
        "K7QF2MM",
        "K7QF2U",
        "K7QF2_",
        "K7QF\u1e9eM",
        "K7QF\u00df",
        "\u0131\u0131\u0131\u0131\u0131\u0131",
        "\u041a7QF2M",
        "K7QF2\u00b2",
        "K7QF2\ud800",
        "K7QF2M" + " " * 100 + "-",
        "A" * 100_000,
    ],
)
def test_what_is_no_code_is_refused(text: str) -> None:
    """Anything but six characters of the alphabet is no code, and is not repeated."""
    with pytest.raises(ValueError, match=r"^a code has 6 letters and digits, without U$"):
        game_code(text)


@given(st.integers(0, 32**GAME_CODE_LENGTH - 1))
def test_every_number_has_one_code(number: int) -> None:
    """A number comes back from its code, and the code is already as it is written."""
    code = encode(number, GAME_CODE_LENGTH)
    assert decode(code) == number
    assert game_code(code) == game_code(code.lower()) == code


def test_codes_are_ordered_as_their_numbers() -> None:
    """All two-character codes, in order, are all numbers below 1,024, in order."""
    codes = [encode(number, 2) for number in range(32**2)]
    assert codes == sorted(set(codes), key=lambda code: [ALPHABET.index(each) for each in code])
    assert [decode(normalise(code, 2)) for code in codes] == list(range(32**2))


@pytest.mark.parametrize("number", [-1, 32**2])
def test_a_number_that_does_not_fit_is_refused(number: int) -> None:
    """No code is silently longer than asked for."""
    with pytest.raises(ValueError, match="does not fit 2 characters"):
        encode(number, 2)
