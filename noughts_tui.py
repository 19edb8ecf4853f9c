"""Starts noughts-tui, whatever else Python finds by the names of its packages.

They are called `backend`, `shared` and `tui`, as are those of many a project, and one on PYTHONPATH
would come before them. So these three are looked for beside this file first, and nothing else is.
``python noughts_tui.py -m backend.local`` runs a module of theirs. Standard library only.
"""

import runpy
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

PACKAGES = frozenset({"backend", "shared", "tui"})
_HERE = Path(__file__).absolute().parent


class _OwnPackages:
    """Finds the packages that stand beside this file."""

    @staticmethod
    def find_spec(
        name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return PathFinder.find_spec(name, [str(_HERE)]) if name in PACKAGES else None


def prefer_own() -> None:
    """Lets the game's own packages win over others of their names, here and in what follows."""
    if _OwnPackages not in sys.meta_path:
        sys.meta_path.insert(0, _OwnPackages)
    for name, module in tuple(sys.modules.items()):
        package = name.partition(".")[0]
        if package in PACKAGES and not _is_own(module, package):
            del sys.modules[name]


def _is_own(module: ModuleType, package: str) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).is_relative_to(_HERE / package)


def main() -> int:
    """The command line."""
    prefer_own()
    from tui.__main__ import main as run  # noqa: PLC0415 (only now is it ours)

    return run()


if __name__ == "__main__":
    if sys.argv[1:2] == ["-m"]:
        prefer_own()
        module = sys.argv.pop(2)
        del sys.argv[1]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    else:
        sys.exit(main())
