"""The CDK's command line: ``python -m backend.infra.cdk deploy``.

It is installed once beside this Python, from the npm registry, by the Node of the Python registry.
"""

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Final

from backend.infra.asset import ROOT
from backend.infra.node import FOLDER, NODE, NPM

VERSION: Final = "2.1148.0"
_HOME: Final = Path(sys.prefix) / "cdk"
_CLI: Final = _HOME / "node_modules" / "aws-cdk" / "bin" / "cdk"


def main(arguments: list[str]) -> int:
    """Runs a command of the CDK on this app; returns its exit code."""
    if not _is_installed():
        _install()
    app = shlex.join([sys.executable, "-m", "backend.infra.app"])
    return subprocess.run(  # noqa: S603 (what the caller asks for)
        [NODE, _CLI, "--app", app, *arguments], cwd=ROOT, env=_environment(), check=False
    ).returncode


def _is_installed() -> bool:
    package = _CLI.parents[1] / "package.json"
    return package.exists() and f'"version": "{VERSION}"' in package.read_text()


def _install() -> None:
    flags = ("--no-save", "--no-audit", "--no-fund", "--loglevel=error")
    subprocess.run(  # noqa: S603 (npm, as the wheel brings it)
        [NODE, NPM, "install", f"--prefix={_HOME}", *flags, f"aws-cdk@{VERSION}"],
        env=_environment(),
        check=True,
    )


def _environment() -> dict[str, str]:
    path = os.pathsep.join((str(FOLDER), os.environ.get("PATH", "")))
    return {**os.environ, "PATH": path, "JSII_NODE": str(NODE), "CDK_DISABLE_CLI_TELEMETRY": "true"}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
