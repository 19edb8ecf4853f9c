"""Builds the wheel and the source archive, and tries them as a stranger would: `make release`.

Nothing is published. The version stands in pyproject.toml only; the changelog must say what it
brings. Both files are built twice and must be the same, then the wheel is installed into a bare
environment of every Python that is found, and a game is played with it.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
DIST: Final = ROOT / "dist"
PYTHONS: Final = ("python3.11", "python3.12", "python3.13", "python3.14")
PLAYED: Final = "1\n2\n3\n4\n5\n6\n7\n8\n9\nquit\n"
_SECTION: Final = r"^## \[{}\] - \d{{4}}-\d\d-\d\d\n(?P<text>.*?)(?=^## |\Z)"


class NotReady(Exception):
    """Why this cannot be released, in a sentence."""


def version(project: str) -> str:
    """The version that pyproject.toml names."""
    named: str = tomllib.loads(project)["project"]["version"]
    return named


def changes(changelog: str, of: str) -> str:
    """What the changelog says of a version.

    Raises:
        NotReady: nothing, or without a date.
    """
    found = re.search(_SECTION.format(re.escape(of)), changelog, re.MULTILINE | re.DOTALL)
    if found is None or not re.search(r"^- ", found["text"], re.MULTILINE):
        raise NotReady(f"CHANGELOG.md has no section [{of}] with a date and what it brings.")
    return found["text"].strip()


def digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file of a folder by its name."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
    }


def build(folder: Path) -> dict[str, str]:
    """Builds both files into a folder, with the time of the commit, and returns their digests."""
    stamp = subprocess.check_output(["git", "log", "-1", "--format=%ct"], cwd=ROOT, text=True)  # noqa: S607 (git of the one who releases)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": stamp.strip()}
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    return digests(folder)


def interpreters() -> Iterator[str]:
    """Every Python of this machine that the package is for, and that runs."""
    for name in PYTHONS:
        found = shutil.which(name)
        if (
            found
            and subprocess.run([found, "-c", ""], check=False, capture_output=True).returncode == 0
        ):
            yield found


def rehearse(python: str, wheel: Path) -> str:
    """Installs the wheel into a bare environment and plays; what the game said last.

    Raises:
        NotReady: the game does not start, or does not end.
    """
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        subprocess.run([python, "-m", "venv", home / "venv"], check=True)
        binaries = home / "venv" / "bin"
        install = [binaries / "python", "-m", "pip", "install", "--quiet", str(wheel)]
        subprocess.run([*install, "--disable-pip-version-check"], check=True)
        environment = {"PATH": os.environ["PATH"], "HOME": folder, "LANG": "C.UTF-8"}
        played = subprocess.run(
            [binaries / "noughts-tui", "practice", "--level", "easy", "--plain"],
            check=False,
            input=PLAYED,
            capture_output=True,
            text=True,
            env=environment,
            cwd=folder,
        )
    said = played.stdout.splitlines()
    if played.returncode or not any("Replay code" in line for line in said):
        raise NotReady(f"{python}: the game did not end: {played.stderr or said[-1:]}")
    return next(line for line in said if "win" in line or "draw" in line)


def release() -> None:
    """Builds, compares and rehearses.

    Raises:
        NotReady: with what is missing.
    """
    named = version((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    told = changes((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), named)
    shutil.rmtree(DIST, ignore_errors=True)
    first = build(DIST)
    with tempfile.TemporaryDirectory() as again:
        if build(Path(again)) != first:
            raise NotReady("Two builds of the same commit are not the same.")
    for name, digest in first.items():
        print(f"{digest}  {name}")
    [wheel] = DIST.glob("*.whl")
    tried = [f"{Path(python).name}: {rehearse(python, wheel)}" for python in interpreters()]
    print(*tried, sep="\n")
    print(f"\nReady: {named}, in {DIST.relative_to(ROOT)}. Its changes:\n\n{told}")


if __name__ == "__main__":
    try:
        release()
    except NotReady as reason:
        sys.exit(f"Not ready: {reason}")
