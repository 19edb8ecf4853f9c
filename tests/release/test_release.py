"""What a release is made of: its version, its changes, its manual page."""

import tomllib
from importlib import util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
CHANGES = """\
## [Unreleased]

## [1.1.0] - 2027-01-31

### Fixed

- A fault.

## [1.0.0] - 2026-12-01

## [0.9.0]

- Without a day.
"""


def script(name: str) -> ModuleType:
    """A script of the folder ``release``."""
    spec = util.spec_from_file_location(name, ROOT / "release" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_manual_page_is_the_one_that_would_be_written() -> None:
    """Whoever changes the command line also runs `make man`."""
    page = (ROOT / "release" / "noughts-tui.1").read_text(encoding="utf-8")
    assert page == script("manual").text()


def test_the_version_stands_in_one_place() -> None:
    """The version of a release is the one that pyproject.toml names."""
    named = '[project]\nname = "x"\nversion = "1.2.3"\n'
    assert script("build").version(named) == "1.2.3"


def test_a_release_says_what_it_brings() -> None:
    """The changes of a version are the text of its section."""
    assert script("build").changes(CHANGES, "1.1.0") == "### Fixed\n\n- A fault."


@pytest.mark.parametrize("version", ["1.0.0", "0.9.0", "2.0.0", "1.1"])
def test_nothing_is_released_without_changes(version: str) -> None:
    """A version without a dated section that says something is not ready."""
    build = script("build")
    with pytest.raises(build.NotReady, match="has no section"):
        build.changes(CHANGES, version)


def test_the_next_release_is_written() -> None:
    """The version that pyproject.toml names has its section in the changelog."""
    build = script("build")
    version = build.version((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert build.changes((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), version)


def test_the_digests_tell_files_apart(tmp_path: Path) -> None:
    """Two builds are the same when every file has the same bytes."""
    one, other = tmp_path / "one", tmp_path / "other"
    for folder, text in ((one, "a"), (other, "b")):
        folder.mkdir()
        (folder / "wheel").write_text(text)
    digests = script("build").digests
    assert digests(one) == digests(one)
    assert digests(one) != digests(other)


def test_every_python_of_the_tests_is_named() -> None:
    """The classifiers name the versions that a release is rehearsed on."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [name.rpartition(" ")[2] for name in project["classifiers"] if ":: 3." in name]
    assert [f"python{version}" for version in named] == list(script("build").PYTHONS)
