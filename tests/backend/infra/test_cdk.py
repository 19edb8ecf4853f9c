"""The command line that deploys."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from backend.infra import cdk
from backend.infra.asset import ROOT
from backend.infra.node import FOLDER, NODE, NPM


class Commands:
    """Programs that are only noted down; npm leaves what it would have installed."""

    def __init__(self, cli: Path) -> None:
        self.run: list[list[str]] = []
        self.environments: list[dict[str, str]] = []
        self._package = cli.parents[1] / "package.json"

    def __call__(
        self, command: list[Any], *, env: dict[str, str], **_: Any
    ) -> subprocess.CompletedProcess[bytes]:
        self.run.append([str(word) for word in command])
        self.environments.append(env)
        if NPM in command:
            self._package.parent.mkdir(parents=True)
            self._package.write_text(f'{{"version": "{cdk.VERSION}"}}')
        return subprocess.CompletedProcess(command, 3)


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    cli = tmp_path / "node_modules" / "aws-cdk" / "bin" / "cdk"
    noted = Commands(cli)
    monkeypatch.setattr(cdk, "_HOME", tmp_path)
    monkeypatch.setattr(cdk, "_CLI", cli)
    monkeypatch.setattr(subprocess, "run", noted)
    return noted


def test_node_comes_from_the_python_registry() -> None:
    """Node and npm are those that pip has installed, and there."""
    assert NODE.is_relative_to(sys.prefix)
    assert NODE.is_file()
    assert NPM.is_file()


def test_deploying_installs_what_it_needs_once(commands: Commands, tmp_path: Path) -> None:
    """The CDK's command line is fetched at its pinned version the first time, and then run."""
    assert cdk.main(["deploy", "-c", "memory=1024"]) == 3
    assert cdk.main(["destroy"]) == 3
    install, deploy, destroy = commands.run
    assert install[:4] == [str(NODE), str(NPM), "install", f"--prefix={tmp_path}"]
    assert install[-1] == f"aws-cdk@{cdk.VERSION}"
    app = f"{sys.executable} -m backend.infra.app"
    cli = str(tmp_path / "node_modules" / "aws-cdk" / "bin" / "cdk")
    assert deploy == [str(NODE), cli, "--app", app, "deploy", "-c", "memory=1024"]
    assert destroy == [str(NODE), cli, "--app", app, "destroy"]


def test_the_command_line_finds_that_node(commands: Commands) -> None:
    """No Node of the system's own is used, by the command line or by the app."""
    cdk.main(["synth"])
    for environment in commands.environments:
        assert environment["PATH"].startswith(f"{FOLDER}:")
        assert environment["JSII_NODE"] == str(NODE)


def test_make_deploys() -> None:
    """The targets of the Makefile call that command line."""
    makefile = (ROOT / "Makefile").read_text()
    assert "CDK := $(BIN)/python -m backend.infra.cdk" in makefile
    # Whatever is chosen must reach each of them: the profile, the name, the settings.
    for target in ("bootstrap", "deploy", "destroy", "synth"):
        assert f"@$(CDK) {target} $(ARGS)" in makefile
