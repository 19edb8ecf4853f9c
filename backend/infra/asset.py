"""The function's code as a folder: what the handler imports, and nothing else.

msgspec is the only third party that the Lambda runtime does not bring. Its wheel is made for the
function's platform, not for this machine's; it is fetched once and kept.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from backend.infra.settings import Settings

ROOT: Final = Path(__file__).parents[2]
CACHE: Final = ROOT / "build" / "wheels"
PACKAGES: Final = ("backend/aws", "backend/core", "backend/handlers", "shared")
# What an editor, a file manager or an operator leaves beside them stays here.
FILES: Final = ("*.py", "roots.pem")
HANDLER: Final = "backend.aws.main.handler"
_MACHINES: Final = {"arm64": "aarch64", "x86_64": "x86_64"}
# What Amazon Linux 2023 can load, newest first.
_PLATFORMS: Final = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")


@contextmanager
def built(settings: Settings) -> Iterator[Path]:
    """The folder, made of the sources and the wheel; it is there while the context lasts."""
    with tempfile.TemporaryDirectory(prefix="function-") as temporary:
        folder = Path(temporary)
        for package in PACKAGES:
            for source in _sources(ROOT / package):
                target = folder / source.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
        with zipfile.ZipFile(wheel("msgspec", settings)) as library:
            library.extractall(folder)
        yield folder


def _sources(package: Path) -> list[Path]:
    """The files of a package that the function needs, and the ``__init__`` above it."""
    above = [folder / "__init__.py" for folder in package.parents if folder.is_relative_to(ROOT)]
    within = [
        path
        for kind in FILES
        for path in package.rglob(kind)
        if all(part.isidentifier() for part in path.relative_to(ROOT).with_suffix("").parts)
    ]
    return [path for path in (*above, *within) if path.is_file() and not path.is_symlink()]


def tag_of(python: str) -> str:
    """How wheels call a version of Python."""
    return f"cp{python.replace('.', '')}"


def wheel(package: str, settings: Settings) -> Path:
    """The package at its pinned version, made for the function's platform."""
    version = _pinned(package)
    machine = _MACHINES[settings.architecture]
    tag = tag_of(settings.python)
    pattern = f"{package}-{version}-{tag}-{tag}-*{machine}.whl"
    if found := sorted(CACHE.glob(pattern)):
        return found[0]
    CACHE.mkdir(parents=True, exist_ok=True)
    # Others may look for it at this moment: it appears whole, or not at all.
    with tempfile.TemporaryDirectory(dir=CACHE) as temporary:
        command = _download(f"{package}=={version}", machine, settings.python, temporary)
        subprocess.run(command, check=True)  # noqa: S603 (pip, as installed)
        [fetched] = Path(temporary).glob(pattern)
        return fetched.replace(CACHE / fetched.name)


def _download(package: str, machine: str, python: str, folder: str) -> list[str]:
    platforms = [f"--platform={platform}_{machine}" for platform in _PLATFORMS]
    return [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
        *("--no-deps", "--only-binary=:all:", "--implementation=cp", f"--python-version={python}"),
        *(*platforms, f"--dest={folder}", package),
    ]


def _pinned(package: str) -> str:
    pins = (ROOT / "constraints.txt").read_text()
    found = re.search(rf"^{package}==(\S+)$", pins, re.MULTILINE)
    if found is None:
        raise LookupError(f"constraints.txt does not pin {package}")
    return found[1]
