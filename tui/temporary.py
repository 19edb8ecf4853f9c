"""Runs a module that has a folder to itself, and removes the folder when the module ends.

``python noughts_tui.py -m tui.temporary FOLDER MODULE ARGUMENTS``.
"""

import os
import runpy
import shutil
import sys


def main() -> None:
    folder, module = sys.argv[1:3]
    del sys.argv[1:3]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        os.chdir(os.path.dirname(os.path.abspath(folder)))  # noqa: PTH100, PTH120 (its parent)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
