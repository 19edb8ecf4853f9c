"""The settings: one TOML file in the player's configuration folder, which people may edit.

Reading names the file and the key of what is wrong; writing keeps comments and unknown keys.
Standard library to read; tomlkit, imported late, to write.
"""

import os
import stat
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, get_args

from shared.text import clean_name
from tui.client.address import check_url
from tui.files import replace_file
from tui.folders import config_folder
from tui.options import Motion, check_clock

_FIRST_LINES: Final = "# Settings of noughts-tui. Options on the command line win over these.\n"
_MARK: Final = "\ufeff"
_LARGEST: Final = 1_000_000


class BadSettings(Exception):
    """The settings cannot be used; the message names file, key and what the value must be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a player has chosen; every field is a key of the file."""

    name: str = ""
    """Your name, at most 20 columns wide."""
    url: str | None = None
    """Address of the server, such as wss://example.org/game; none is the one on this machine."""
    theme: str | None = None
    """Name of a theme; the app remembers the last one chosen."""
    numpad: bool = False
    """Digits lie as on a number pad: 7 is the top left cell."""
    bell: bool = True
    """The terminal's bell rings when it is your turn and you look elsewhere."""
    clock: int = 0
    """Seconds a move in the games you start, 5-600; 0 is none."""
    ascii: bool = False
    """Only plain characters are drawn."""
    motion: Motion = "full"
    """full, or reduced for no animation."""


KEYS: Final = tuple(field.name for field in fields(Settings))


def settings_path() -> Path:
    return config_folder() / "settings.toml"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file says: what can be used of it, every mistake, and every key that means nothing."""

    settings: Settings = Settings()
    mistakes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def read(path: Path | None = None) -> Reading:
    """The settings as far as they can be used, and whatever is wrong with the file."""
    path = path or settings_path()
    try:
        found = tomllib.loads(_content(path).removeprefix(_MARK))
    except FileNotFoundError:
        return Reading()
    except (OSError, ValueError, RecursionError) as error:
        return Reading(mistakes=(f"{path}: {_why(error)}.",))
    checked, mistakes = {}, []
    for key in KEYS:
        if key in found:
            try:
                checked[key] = _CHECKS[key](found[key])
            except ValueError as error:
                mistakes.append(f"{path}: {key}: {error}.")
    unknown = [key for key in found if key not in KEYS]
    warnings = tuple(f"{path}: {key!s} is not a setting." for key in unknown)
    return Reading(Settings(**checked), tuple(mistakes), warnings)


def load(path: Path | None = None) -> tuple[Settings, tuple[str, ...]]:
    """The settings, and a warning for each key that means nothing.

    Raises:
        BadSettings: the file cannot be read, or a value cannot be used.
    """
    found = read(path)
    if found.mistakes:
        raise BadSettings(found.mistakes[0])
    return found.settings, found.warnings


def save(changes: dict[str, str | int | bool | None], path: Path | None = None) -> None:
    """Writes some settings and leaves the rest of the file as it is; None removes a key.

    Its mode, its line ends and its byte-order mark stay. A file that may not be written is not
    replaced by one that may.

    Raises:
        BadSettings: the file cannot be read or written.
    """
    import tomlkit  # noqa: PLC0415 (only a player who changes something waits for it)
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415 (the same)

    path = path or settings_path()
    try:
        try:
            before, status = _content(path), path.stat()
        except FileNotFoundError:
            before, status = _FIRST_LINES, None
        if status and not (status.st_mode & stat.S_IWUSR and os.access(path, os.W_OK)):
            raise BadSettings(f"{path} is read-only, so that this is not remembered.")
        text = before.removeprefix(_MARK)
        tomllib.loads(text)  # what cannot be read is said in the same words as when it is read
        document = tomlkit.parse(text)
        for key, value in changes.items():
            if value is None:
                document.pop(key, None)
            else:
                document[key] = value
        _write(path, _as_before(before, tomlkit.dumps(document)), status)
    except (OSError, ValueError, RecursionError, TOMLKitError) as error:
        raise BadSettings(f"{path}: {_why(error)}.") from error


def _content(path: Path) -> str:
    """The text of a file as it stands there, line ends and all."""
    with path.open("rb") as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise ValueError("is too large for a file of settings")
    return content.decode()


def _as_before(before: str, after: str) -> str:
    """The new text with the byte-order mark and the line ends of the old one."""
    if "\r\n" in before:
        after = after.replace("\r\n", "\n").replace("\n", "\r\n")
    return (_MARK if before.startswith(_MARK) else "") + after


def _write(path: Path, text: str, status: os.stat_result | None) -> None:
    if status is None:
        replace_file(path, text)
    elif status.st_nlink > 1 or status.st_uid != getattr(os, "geteuid", lambda: status.st_uid)():
        # Another file would have neither its other names nor its owner.
        with path.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
    else:
        replace_file(path, text, mode=stat.S_IMODE(status.st_mode))


def _why(error: Exception) -> str:
    """What keeps a file from being used, in words."""
    match error:
        case OSError(strerror=str(reason)):
            return reason
        case UnicodeDecodeError():
            return "must be a text in UTF-8"
        case RecursionError():
            return "is nested too deeply"
        case ValueError() if "string conversion" in str(error):
            return "holds a number that is too large"
        case _:
            return str(error)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a text in quotes")  # noqa: TRY004 (a value of the file)
    return value


def _name(value: Any) -> str:
    return clean_name(_text(value))


def _url(value: Any) -> str | None:
    return check_url(_text(value)) if value != "" else None


def _theme(value: Any) -> str | None:
    return _text(value) or None


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")  # noqa: TRY004 (a value of the file)
    return value


def _clock(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("must be a number of seconds")  # noqa: TRY004 (a value of the file)
    return check_clock(value)


def _motion(value: Any) -> Any:
    if value not in get_args(Motion):
        raise ValueError(f"must be {' or '.join(get_args(Motion))}")
    return value


_CHECKS: Final = {
    "name": _name,
    "url": _url,
    "theme": _theme,
    "numpad": _flag,
    "bell": _flag,
    "clock": _clock,
    "ascii": _flag,
    "motion": _motion,
}
