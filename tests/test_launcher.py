"""The game starts wherever it is installed, whatever else is called as its packages are."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tui.own_command import LAUNCHER, python_command

ROOT = Path(__file__).parents[1]
NAMES = ("backend", "shared", "tui")

WHERE = "import sys; sys.argv[1:] = {words!r}; from noughts_tui import main; sys.exit(main())"


def package(folder: Path, name: str) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "__init__.py").write_text("raise RuntimeError('planted')")


def module(folder: Path, name: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.py").write_text("raise RuntimeError('planted')")


def nothing_but_a_folder(folder: Path, name: str) -> None:
    (folder / name).mkdir(parents=True)


def already_loaded(folder: Path, name: str) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "__init__.py").write_text("")
    with (folder / "usercustomize.py").open("a") as file:
        file.write(f"import {name}\n")
    with (folder / "sitecustomize.py").open("a") as file:
        file.write(f"import {name}\n")


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that a wheel has, where a wheel would put them."""
    site = tmp_path_factory.mktemp("site-packages")
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]
    target = wheel["build"]["targets"]["wheel"]
    for name in target["only-include"]:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "infra", "aws")
            shutil.copytree(ROOT / name, site / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, site / name)
    return site


def run(planted: Path, command: list[str], *, said: str = "") -> str:
    environment = {
        **os.environ,
        "PYTHONPATH": str(planted),
        "NOUGHTS_TUI_HOME": str(planted / "home"),
        "TERM": "dumb",
    }
    ran = subprocess.run(
        command,
        cwd=planted,
        env=environment,
        input=said,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def from_wheel(site: Path, *words: str) -> list[str]:
    return [sys.executable, str(site / LAUNCHER.name), *words]


def from_checkout(_site: Path, *words: str) -> list[str]:
    """As the command that an editable install makes, and so as ``make play``."""
    return [sys.executable, "-P", "-c", WHERE.format(words=list(words))]


WAYS = [from_wheel, from_checkout]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("plant", [package, module, nothing_but_a_folder, already_loaded])
def test_packages_of_the_same_names(
    installed: Path,
    tmp_path: Path,
    way: Callable[..., list[str]],
    plant: Callable[[Path, str], None],
) -> None:
    """A project on PYTHONPATH, or where one stands, does not stop the game from starting."""
    planted = tmp_path / "project"
    for name in NAMES:
        plant(planted, name)
    assert run(planted, way(installed, "--plain", "replay", "R-GS1S"))
    assert run(planted, way(installed, "--version")).startswith("noughts-tui ")


@pytest.mark.parametrize("way", WAYS)
def test_the_gateway_beside_packages_of_the_same_names(
    installed: Path, tmp_path: Path, way: Callable[..., list[str]]
) -> None:
    """What the game starts in the background is the game's own, too."""
    planted = tmp_path / "project"
    for name in NAMES:
        package(planted, name)
    told = run(planted, way(installed, "practice", "--level", "easy"), said="resign\nquit\n")
    assert "you play x" in told


def test_a_wheel_is_complete(installed: Path) -> None:
    """The command that is installed finds its launcher in the wheel."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["scripts"] == {"noughts-tui": f"{LAUNCHER.stem}:main"}
    assert sorted(path.name for path in installed.iterdir()) == [
        "backend",
        LAUNCHER.name,
        "shared",
        "tui",
    ]


def test_the_launcher_stands_beside_the_packages() -> None:
    """No build copies the launcher to where the packages are not, as forced files are."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert sorted(wheel["only-include"]) == sorted([*NAMES, LAUNCHER.name])
    assert "force-include" not in wheel


def test_the_launcher_has_a_name_of_its_own() -> None:
    """Nothing else that can be installed here is called as the launcher is."""
    spec = importlib.util.find_spec(LAUNCHER.stem)
    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).resolve() == LAUNCHER.resolve()


def test_a_part_is_run_by_its_place() -> None:
    """A child of the game is found by the path of the launcher and by nothing else."""
    assert python_command("-m", "backend.local") == [
        *(sys.executable, "-P", str(LAUNCHER), "-m", "backend.local")
    ]
    assert LAUNCHER.is_file()
