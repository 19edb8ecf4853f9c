"""The game's own themes. x is drawn in the primary colour, o in the accent."""

from typing import Final

from textual.theme import BUILTIN_THEMES, Theme

from tui.options import OWN_THEMES

DARK, LIGHT, HIGH_CONTRAST, COLOUR_BLIND = OWN_THEMES

THEMES: Final = (
    Theme(
        name=DARK,
        primary="#5FB3F9",
        secondary="#3E7CB1",
        accent="#FFB454",
        warning="#F2CC60",
        error="#FF7B72",
        success="#7EE787",
        foreground="#E6EDF3",
        background="#0F141B",
        surface="#161D27",
        panel="#1C2531",
    ),
    Theme(
        name=LIGHT,
        primary="#0B62B8",
        secondary="#3E7CB1",
        accent="#B35300",
        warning="#8A5A00",
        error="#B42318",
        success="#1A7F37",
        foreground="#1C2430",
        background="#FAFAF7",
        surface="#F0F0EA",
        panel="#E4E5DE",
        dark=False,
    ),
    Theme(
        name=HIGH_CONTRAST,
        primary="#00FFFF",
        secondary="#00FFFF",
        accent="#FFFF00",
        warning="#FFFF00",
        error="#FF8080",
        success="#00FF00",
        foreground="#FFFFFF",
        background="#000000",
        surface="#000000",
        panel="#1A1A1A",
    ),
    # Okabe and Ito's colours (jfly.uni-koeln.de/color): any colour vision tells them apart.
    Theme(
        name=COLOUR_BLIND,
        primary="#56B4E9",
        secondary="#0072B2",
        accent="#E69F00",
        warning="#F0E442",
        error="#D55E00",
        success="#F0E442",
        foreground="#F0F0F0",
        background="#101010",
        surface="#1A1A1A",
        panel="#242424",
    ),
)


def exists(name: str) -> bool:
    """Whether there is a theme of this name, ours or Textual's."""
    return name in OWN_THEMES or name in BUILTIN_THEMES
