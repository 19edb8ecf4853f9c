"""Codes in large letters."""

from tui.widgets.large import large, largest


def test_large_codes() -> None:
    """Every letter of a code has its own drawing; the largest that fits is shown."""
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    assert len({large(letter) for letter in alphabet}) == len(alphabet)
    assert largest("K7QF2M", 90, 9, ascii_only=False) == large("K7QF2M", scale=2)
    assert largest("K7QF2M", 50, 9, ascii_only=False) == large("K7QF2M")
    assert largest("K7QF2M", 30, 9, ascii_only=False) == ("K7QF2M",)
    assert "".join(large("K7QF2M", ascii_only=True)).isascii()
