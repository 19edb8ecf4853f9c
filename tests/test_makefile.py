"""``make`` sets everything up in .venv, and anew where that leads nowhere any more."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("there is no make", allow_module_level=True)

ROOT = Path(__file__).parents[1]

# A Python that makes a .venv of three scripts, and writes down what pip was asked.
BASE = """#!/bin/sh
if [ "$2" = -c ]; then exec {python} "$@"; fi
[ "$1 $2 $3" = "-I -m venv" ] || exit 9
mkdir -p "$4/bin"
ln -s {installer} "$4/bin/python"
printf '#!%s/bin/python\\n' "$PWD/$4" > "$4/bin/pip"
echo made >> {log}
"""
INSTALLER = """#!/bin/sh
if [ "$2" = -c ]; then exec {python} "$@"; fi
echo "pip PIP_USER=$PIP_USER PIP_TARGET=$PIP_TARGET PYTHONPATH=$PYTHONPATH" >> {log}
command=.venv/bin/noughts-tui
printf '#!/bin/sh\\n[ -x "%s/.venv/bin/python" ] && echo played "$@"\\n' "$PWD" > $command
chmod +x $command
"""


# Another make may run these tests, with variables of its own.
_OUTSIDE = {name: value for name, value in os.environ.items() if "MAKE" not in name}


class Clone:
    """A clone of the repository, on a machine where making a .venv costs nothing."""

    def __init__(self, folder: Path) -> None:
        self.base, self.installer, self._log = (
            folder / name for name in ("python3", "installer", "log")
        )
        words = {"python": sys.executable, "installer": self.installer, "log": self._log}
        for path, text in ((self.base, BASE), (self.installer, INSTALLER)):
            path.write_text(text.format(**words))
            path.chmod(0o755)
        self.place = folder / "a clone"
        self.place.mkdir()
        for name in ("Makefile", "pyproject.toml", "constraints.txt"):
            shutil.copy(ROOT / name, self.place)

    def play(self, **environment: str) -> list[str]:
        """What was done until the game was played."""
        self._log.write_text("")
        ran = subprocess.run(
            ["make", "play", f"PYTHON={self.base}", "ARGS=join K7QF2M"],  # noqa: S607 (whichever make there is)
            cwd=self.place,
            env={**_OUTSIDE, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout == "played join K7QF2M\n"
        return self._log.read_text().splitlines()


INSTALLED = "pip PIP_USER=0 PIP_TARGET= PYTHONPATH="


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_everything_is_set_up_once(clone: Clone) -> None:
    """The first play sets everything up, and the next ones just play."""
    assert clone.play() == ["made", INSTALLED]
    assert clone.play() == []


def test_a_clone_that_was_moved(clone: Clone) -> None:
    """A clone works wherever it is moved to, under whatever name."""
    clone.play()
    clone.place = clone.place.rename(clone.place.with_name("another"))
    assert clone.play() == ["made", INSTALLED]
    assert clone.play() == []


def test_a_copy_of_a_clone(clone: Clone) -> None:
    """A copy does not play what stands in the original."""
    clone.play()
    copy = clone.place.with_name("copy")
    shutil.copytree(clone.place, copy, symlinks=True)
    clone.place = copy
    assert clone.play() == ["made", INSTALLED]


def test_a_python_that_was_upgraded_away(clone: Clone) -> None:
    """Where the Python that .venv was made with is gone, another one makes it anew."""
    clone.play()
    python = clone.place / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python3.11")
    assert clone.play() == ["made", INSTALLED]


def test_a_python_without_its_libraries(clone: Clone) -> None:
    """Where .venv runs another Python than it was made with, it is made anew."""
    clone.play()
    python = clone.place / ".venv" / "bin" / "python"
    python.unlink()
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    assert clone.play() == ["made", INSTALLED]


@pytest.mark.parametrize(
    "environment",
    [
        {"PIP_USER": "1"},
        {"PIP_TARGET": "elsewhere"},
        {"PYTHONPATH": "elsewhere"},
        {"PYTHONHOME": "/nowhere"},
    ],
    ids=lambda environment: next(iter(environment)),
)
def test_what_is_set_for_other_places(clone: Clone, environment: dict[str, str]) -> None:
    """Variables that send Python or pip elsewhere do not lead out of .venv."""
    assert clone.play(**environment) == ["made", INSTALLED]
    assert clone.play(**environment) == []
