"""The settings file: every key read, every wrong value named, comments kept."""

from pathlib import Path

import pytest

from tui.folders import config_folder, state_folder
from tui.settings import KEYS, BadSettings, Settings, load, save, settings_path


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
