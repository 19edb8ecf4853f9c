"""The settings file: every key read, every wrong value named, comments kept."""

import stat
import sys
from pathlib import Path

import pytest
from platformdirs.macos import MacOS
from platformdirs.unix import Unix

from tui.folders import NoFolder, config_folder, state_folder
from tui.own_command import program
from tui.settings import KEYS, BadSettings, Reading, Settings, load, read, save, settings_path


def test_no_file_is_no_error(tmp_path: Path) -> None:
    """A new player needs no settings."""
    assert load(tmp_path / "none.toml") == (Settings(), ())


def test_every_key_is_read(tmp_path: Path) -> None:
    """Every setting can be given."""
    path = tmp_path / "settings.toml"
    path.write_text(
        'name = " Ada\\u001b "\nurl = "wss://example.org/game/"\ntheme = "night"\nnumpad = true\n'
        'bell = false\nclock = 30\nascii = true\nmotion = "reduced"\n'
    )
    expected = Settings(
        name="Ada",
        url="wss://example.org/game",
        theme="night",
        numpad=True,
        bell=False,
        clock=30,
        ascii=True,
        motion="reduced",
    )
    assert load(path) == (expected, ())
    assert all(key in path.read_text() for key in KEYS)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("name = 1", "name: must be a text in quotes"),
        ('url = "http://x"', "url: 'http://x' is not a server's address"),
        ("theme = true", "theme: must be a text in quotes"),
        ("numpad = 1", "numpad: must be true or false"),
        ('clock = "30"', "clock: must be a number of seconds"),
        ("clock = true", "clock: must be a number of seconds"),
        ("clock = 4", "clock: a clock is 5 to 600 seconds a move, or 0 for none"),
        ('motion = "none"', "motion: must be full or reduced"),
        ("name =", "Invalid value"),
    ],
)
def test_a_wrong_value(tmp_path: Path, line: str, said: str) -> None:
    """A value that cannot be used is named with file and key."""
    path = tmp_path / "settings.toml"
    path.write_text(line)
    with pytest.raises(BadSettings) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: {said}")


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    """A file that cannot be read or written is named."""
    for use in (load, lambda path: save({"name": "Ada"}, path)):
        with pytest.raises(BadSettings) as caught:
            use(tmp_path)
        assert str(caught.value) == f"{tmp_path}: Is a directory."


def test_a_file_in_another_encoding(tmp_path: Path) -> None:
    """A file that is no text is said to be none, in words."""
    path = tmp_path / "settings.toml"
    path.write_bytes(b'name = "\xc4da"')
    with pytest.raises(BadSettings) as caught:
        load(path)
    assert str(caught.value) == f"{path}: must be a text in UTF-8."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("clock = " + "9" * 5000, "holds a number that is too large"),
        ("what = " + "[" * 1500 + "]" * 1500, "is nested too deeply"),
        ("# " + "x" * 1_000_000, "is too large for a file of settings"),
    ],
    ids=["digits", "brackets", "characters"],
)
def test_a_file_that_is_too_much(tmp_path: Path, text: str, said: str) -> None:
    """A file that no person wrote is named in one sentence, and is not changed."""
    path = tmp_path / "settings.toml"
    path.write_text(text)
    for use in (load, lambda path: save({"name": "Ada"}, path)):
        with pytest.raises(BadSettings) as caught:
            use(path)
        assert str(caught.value) == f"{path}: {said}."
    assert path.read_text() == text


def test_a_file_of_another_editor(tmp_path: Path) -> None:
    """A byte-order mark and the line ends of another system are read, and stay."""
    path = tmp_path / "settings.toml"
    path.write_bytes(b"\xef\xbb\xbf# mine\r\nbell = false\r\n")
    assert load(path) == (Settings(bell=False), ())
    save({"name": "Ada", "theme": "night"}, path)
    assert path.read_bytes() == (
        b'\xef\xbb\xbf# mine\r\nbell = false\r\nname = "Ada"\r\ntheme = "night"\r\n'
    )
    assert load(path) == (Settings(name="Ada", theme="night", bell=False), ())


@pytest.mark.parametrize("mode", [0o644, 0o600, 0o664])
def test_who_may_read_the_file_stays(tmp_path: Path, mode: int) -> None:
    """Changing a setting changes nobody's right to read the file."""
    path = tmp_path / "settings.toml"
    path.write_text("bell = false\n")
    path.chmod(mode)
    save({"name": "Ada"}, path)
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_read_only_file(tmp_path: Path) -> None:
    """A file that its owner has made read-only is not replaced by one that is not."""
    path = tmp_path / "settings.toml"
    path.write_text("bell = false\n")
    path.chmod(0o444)
    with pytest.raises(BadSettings) as caught:
        save({"name": "Ada"}, path)
    assert str(caught.value) == f"{path} is read-only, so that this is not remembered."
    assert path.read_text() == "bell = false\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o444


def test_a_file_of_two_names(tmp_path: Path) -> None:
    """A file that has another name, as in a folder of dotfiles, keeps it."""
    path, other = tmp_path / "settings.toml", tmp_path / "dotfile"
    path.write_text("bell = false\n")
    other.hardlink_to(path)
    save({"name": "Ada"}, path)
    assert other.read_text() == 'bell = false\nname = "Ada"\n'


def test_every_mistake(tmp_path: Path) -> None:
    """Every mistake of a file can be known, and what can be used of it."""
    path = tmp_path / "settings.toml"
    path.write_text('bell = 1\nurl = "ws://x"\nclock = "soon"\nwhat = 1\n')
    assert read(path) == Reading(
        Settings(url="ws://x"),
        (f"{path}: bell: must be true or false.", f"{path}: clock: must be a number of seconds."),
        (f"{path}: what is not a setting.",),
    )


def test_an_unknown_key_is_a_warning(tmp_path: Path) -> None:
    """A key that means nothing is said to, and the rest counts."""
    path = tmp_path / "settings.toml"
    path.write_text('nmae = "Ada"\nbell = false\n')
    assert load(path) == (Settings(bell=False), (f"{path}: nmae is not a setting.",))


def test_writing_keeps_what_people_wrote(tmp_path: Path) -> None:
    """Changing one setting leaves comments, order and unknown keys as they were."""
    path = tmp_path / "settings.toml"
    path.write_text("# mine\nfuture = 1  # keep\nbell = true # loud\nclock = 30\n")
    save({"bell": False, "theme": "night", "clock": None}, path)
    assert path.read_text() == '# mine\nfuture = 1  # keep\nbell = false # loud\ntheme = "night"\n'
    assert not list(tmp_path.glob(".settings-*"))


def test_a_first_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first setting makes folder and file; a file that is a link stays one."""
    monkeypatch.setenv("NOUGHTS_TUI_HOME", str(tmp_path / "home"))
    save({"name": "Ada"})
    assert load() == (Settings(name="Ada"), ())
    kept = settings_path().rename(tmp_path / "kept.toml")
    settings_path().symlink_to(kept)
    save({"bell": False})
    assert settings_path().is_symlink()
    assert load(kept) == (Settings(name="Ada", bell=False), ())


def test_a_file_that_is_no_toml_is_not_overwritten(tmp_path: Path) -> None:
    """A broken file is never replaced by a new one."""
    path = tmp_path / "settings.toml"
    path.write_text("name = ")
    with pytest.raises(BadSettings):
        save({"name": "Ada"}, path)
    assert path.read_text() == "name = "


def test_a_home_beside_where_one_stands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A relative home is the same folder for everybody who is told of it, wherever they run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NOUGHTS_TUI_HOME", "here")
    assert (config_folder(), state_folder()) == (
        tmp_path / "here" / "config",
        tmp_path / "here" / "state",
    )


@pytest.mark.skipif(sys.platform == "win32", reason="where HOME is not the home")
@pytest.mark.parametrize(
    ("system", "config", "state"),
    [
        (Unix, ".config", ".local/state"),
        (MacOS, "Library/Application Support", "Library/Application Support"),
    ],
)
def test_each_system_has_its_folders(
    monkeypatch: pytest.MonkeyPatch, system: type[Unix | MacOS], config: str, state: str
) -> None:
    """Settings, seats and record are where the system's own programs have theirs."""
    for variable in ("NOUGHTS_TUI_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", "/home/ada")
    for kind in ("config", "state"):
        monkeypatch.setattr(
            f"tui.folders.user_{kind}_path",
            lambda *words, kind=kind, **options: getattr(
                system(*words, **options), f"user_{kind}_path"
            ),
        )
    home = Path("/home/ada")
    assert (config_folder(), state_folder()) == (
        home / config / "noughts-tui",
        home / state / "noughts-tui",
    )


@pytest.mark.parametrize("home", ["~nosuch/x", "~nosuch"])
def test_a_home_that_is_none(monkeypatch: pytest.MonkeyPatch, home: str) -> None:
    """A home that cannot be found is named with its variable."""
    monkeypatch.setattr("os.environ", {"NOUGHTS_TUI_HOME": home})
    for folder in (config_folder, state_folder):
        with pytest.raises(NoFolder) as caught:
            folder()
        assert str(caught.value) == f"NOUGHTS_TUI_HOME is {home!r}, which is no folder here."


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system knows the folders")
@pytest.mark.parametrize("home", [None, "", "relative"])
def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch, home: str | None) -> None:
    """Nothing is kept in a folder called ~ where one stands: what to set is said."""
    for name in ("NOUGHTS_TUI_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    if home is not None:
        monkeypatch.setenv("HOME", home)

    def nobody(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr("pwd.getpwuid", nobody)
    for folder in (config_folder, state_folder):
        with pytest.raises(NoFolder) as caught:
            folder()
        assert str(caught.value) == (
            "No home folder is known: set HOME, or NOUGHTS_TUI_HOME to a folder for files."
        )
    monkeypatch.setenv("XDG_CONFIG_HOME", "/config")
    assert config_folder() == Path("/config/noughts-tui")


def test_where_one_stands_is_gone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In a folder that has been removed a relative home is named as the mistake."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    monkeypatch.setenv("NOUGHTS_TUI_HOME", "here")
    with pytest.raises(NoFolder):
        state_folder()
    assert program()
