"""The command line that deploys."""

import json
import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from backend.infra import cdk
from backend.infra.account import CannotAsk, NotAllowed
from backend.infra.asset import ROOT
from backend.infra.node import FOLDER, NODE, NPM
from tests.backend.infra.synthesis import synthesise


class Commands:
    """Programs that are only noted down; npm leaves what it would have installed."""

    def __init__(self, cli: Path) -> None:
        self.run: list[list[str]] = []
        self.environments: list[dict[str, str]] = []
        self.codes: dict[str, int] = {}
        self._cli = cli

    def __call__(
        self, command: list[Any], *, env: dict[str, str], **_: Any
    ) -> subprocess.CompletedProcess[bytes]:
        words = [str(word) for word in command]
        self.run.append(words)
        self.environments.append(env)
        if NPM in command:
            package = self._cli.parents[1] / "package.json"
            package.parent.mkdir(parents=True)
            package.write_text(f'{{"version": "{cdk.VERSION}"}}')
        return subprocess.CompletedProcess(command, self.codes.get(words[-1], 0))

    @property
    def asked(self) -> list[list[str]]:
        """What the CDK was asked for."""
        return [words[4:] for words in self.run if str(self._cli) in words]


@dataclass
class Account:
    """An account with a toolkit of this version and these stacks; ``error`` when it is asked."""

    version: int | None = cdk.TOOLKIT_NEEDED
    stacks: Collection[str] = ("noughts-tui",)
    error: Exception | None = None
    where: tuple[str | None, str | None] = (None, None)
    asked_for: list[str] = field(default_factory=list)

    def __call__(self, profile: str | None, region: str | None) -> "Account":
        self.where = (profile, region)
        return self

    def toolkit_version(self, qualifier: str) -> int | None:
        self._ask(qualifier)
        return self.version

    def has_stack(self, name: str) -> bool:
        self._ask(name)
        return name in self.stacks

    def _ask(self, what: str) -> None:
        self.asked_for.append(what)
        if self.error is not None:
            raise self.error


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    cli = tmp_path / "node_modules" / "aws-cdk" / "bin" / "cdk"
    noted = Commands(cli)
    monkeypatch.setattr(cdk, "_HOME", tmp_path)
    monkeypatch.setattr(cdk, "_CLI", cli)
    monkeypatch.setattr(subprocess, "run", noted)
    return noted


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    made = Account()
    monkeypatch.setattr(cdk, "Account", made)
    return made


def test_node_comes_from_the_python_registry() -> None:
    """Node and npm are those that pip has installed, and there."""
    assert NODE.is_relative_to(sys.prefix)
    assert NODE.is_file()
    assert NPM.is_file()


def test_deploying_installs_what_it_needs_once(
    commands: Commands, account: Account, tmp_path: Path
) -> None:
    """The CDK's command line is fetched at its pinned version the first time, and then run."""
    commands.codes = {"--context=memory=1024": 3}
    assert cdk.main(["deploy", "-c", "memory=1024"]) == 3
    assert cdk.main(["destroy"]) == 0
    install, deploy, destroy = commands.run
    assert install[:4] == [str(NODE), str(NPM), "install", f"--prefix={tmp_path}"]
    assert install[-1] == f"aws-cdk@{cdk.VERSION}"
    app = f"{sys.executable} -m backend.infra.app"
    cli = str(tmp_path / "node_modules" / "aws-cdk" / "bin" / "cdk")
    assert deploy == [str(NODE), cli, "--app", app, "deploy", "--context=memory=1024"]
    assert destroy == [str(NODE), cli, "--app", app, "destroy"]


def test_the_command_line_finds_that_node(commands: Commands) -> None:
    """No Node of the system's own is used, by the command line or by the app."""
    cdk.main(["synth"])
    for environment in commands.environments:
        assert environment["PATH"].startswith(f"{FOLDER}:")
        assert environment["JSII_NODE"] == str(NODE)


def test_a_good_toolkit_is_left_alone(commands: Commands, account: Account) -> None:
    """What all applications of an account share is not touched when it is good enough."""
    assert cdk.main(["deploy"]) == 0
    account.version = 99
    assert cdk.main(["deploy"]) == 0
    assert commands.asked == [["deploy"], ["deploy"]]


def test_a_missing_toolkit_is_made(
    commands: Commands, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """An account that was never deployed to is prepared first; if that fails, nothing follows."""
    account.version = None
    assert cdk.main(["deploy", "--require-approval", "never"]) == 0
    assert commands.asked == [
        ["bootstrap", "--qualifier=hnb659fds"],
        ["deploy", "--require-approval", "never"],
    ]
    commands.run.clear()
    commands.codes = {"--qualifier=hnb659fds": 1}
    assert cdk.main(["deploy"]) == 1
    assert commands.asked == [["bootstrap", "--qualifier=hnb659fds"]]
    assert "The CDK's toolkit could not be made." in capsys.readouterr().err


def test_an_old_toolkit_is_not_updated_unasked(
    commands: Commands, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """An old toolkit may be somebody's: who deploys is told what would update it."""
    account.version = cdk.TOOLKIT_NEEDED - 1
    assert cdk.main(["deploy"]) == 1
    assert commands.asked == []
    assert capsys.readouterr().err == (
        "noughts-tui: The CDK's toolkit of this account has version 5, and 6 is needed. Other"
        " applications use it, too: make bootstrap updates it for all.\n"
    )
    assert cdk.main(["bootstrap"]) == 0
    assert commands.asked == [["bootstrap", "--qualifier=hnb659fds"]]


def test_who_may_not_look_may_deploy(
    commands: Commands, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the right to look at the toolkit, or at stacks, the command is left to the CDK."""
    account.error = NotAllowed()
    assert cdk.main(["deploy"]) == 0
    assert cdk.main(["destroy"]) == 0
    assert commands.asked == [["deploy"], ["destroy"]]
    assert "it is taken to be there" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["deploy", "destroy"])
def test_an_account_that_cannot_be_asked_is_a_sentence(
    command: str, commands: Commands, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without credentials or a region nothing is tried, and the reason is one line."""
    account.error = CannotAsk("No region is chosen.")
    assert cdk.main([command]) == 1
    assert commands.asked == []
    assert capsys.readouterr().err == "noughts-tui: No region is chosen.\n"


def test_profile_and_region_reach_each_step(commands: Commands, account: Account) -> None:
    """What says where to deploy is asked there, prepared there and deployed there."""
    account.version = None
    where = ["--profile=me", "--region=eu-west-1", "--context=name=mine"]
    assert cdk.main(["deploy", "--profile", "me", "--region=eu-west-1", "-c", "name=mine"]) == 0
    assert account.where == ("me", "eu-west-1")
    assert commands.asked == [
        ["bootstrap", *where, "--qualifier=hnb659fds"],
        ["deploy", *where],
    ]


@pytest.mark.parametrize(
    "given", [["--qualifier", "mine"], ["-c", "@aws-cdk/core:bootstrapQualifier=mine"]]
)
def test_a_qualifier_is_another_toolkit(
    given: list[str], commands: Commands, account: Account
) -> None:
    """A toolkit of one's own is looked for, made and used beside the one that others use."""
    account.version = None
    assert cdk.main(["deploy", *given]) == 0
    assert account.asked_for == ["mine"]
    common = ["--toolkit-stack-name=CDKToolkit-mine"]
    common += ["--context=@aws-cdk/core:bootstrapQualifier=mine"]
    assert commands.asked == [
        ["bootstrap", *common, "--qualifier=mine"],
        ["deploy", *common],
    ]


@pytest.mark.parametrize("policy", ["limits", "arn:aws:iam::123456789012:policy/team/limits"])
def test_a_boundary_bounds_the_toolkit_too(
    policy: str, commands: Commands, account: Account
) -> None:
    """Where every role needs a permissions boundary, those of the toolkit get it as well."""
    account.version = None
    assert cdk.main(["deploy", "-c", f"boundary={policy}"]) == 0
    assert commands.asked[0] == [
        *("bootstrap", f"--context=boundary={policy}", "--qualifier=hnb659fds"),
        "--custom-permissions-boundary=limits",
    ]


def test_a_wrong_setting_changes_nothing(
    commands: Commands, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """What cannot be deployed is refused before the account is asked or prepared."""
    for setting, sentence in (
        ("memory=64", "memory: 64 is not within 128 and 10240"),
        ("region=eu-west-1", "region: no such setting; --region NAME, or AWS_REGION, says that"),
    ):
        assert cdk.main(["deploy", "-c", setting]) == 1
        assert capsys.readouterr().err.startswith(f"noughts-tui: {sentence}")
    assert (account.asked_for, commands.asked) == ([], [])


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [
        ([], "noughts-tui"),
        (["-c", "name=mine"], "mine"),
        (["--force", "mine-probe", "-c", "probe=true"], "mine-probe"),
    ],
)
def test_what_is_not_there_cannot_be_destroyed(
    arguments: list[str],
    missing: str,
    commands: Commands,
    account: Account,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """To destroy a stack that does not exist is an error, and says how to name another."""
    account.stacks = ()
    assert cdk.main(["destroy", *arguments]) == 1
    assert commands.asked == []
    assert f"There is no stack {missing} in this account" in capsys.readouterr().err
    account.stacks = (missing,)
    assert cdk.main(["destroy", *arguments]) == 0
    assert len(commands.asked) == 1


@pytest.mark.parametrize("arguments", [["--all"], ["noughts-*"], ["--force", "*"]])
def test_patterns_are_left_to_the_cdk(
    arguments: list[str], commands: Commands, account: Account
) -> None:
    """Which stacks a pattern means is the CDK's to say."""
    account.stacks = ()
    assert cdk.main(["destroy", *arguments]) == 0
    assert commands.asked == [["destroy", *arguments]]


@pytest.mark.parametrize("arguments", [["--version"], ["deploy", "--help"], []])
def test_help_needs_no_account(arguments: list[str], commands: Commands, account: Account) -> None:
    """What only tells about the command line asks nobody."""
    account.error = AssertionError()
    assert cdk.main(arguments) == 0
    assert commands.asked == [arguments]


def test_the_toolkit_that_is_needed_is_the_one_that_the_stack_needs() -> None:
    """The oldest toolkit that is taken is the one that the synthesised stack asks for."""
    manifest = json.loads((synthesise().folder / "manifest.json").read_text())
    stack = manifest["artifacts"]["noughts-tui"]["properties"]
    assert stack["requiresBootstrapStackVersion"] == cdk.TOOLKIT_NEEDED


def test_make_deploys() -> None:
    """The targets of the Makefile call that command line, with whatever is chosen."""
    makefile = (ROOT / "Makefile").read_text()
    assert "CDK := $(BIN)/python -m backend.infra.cdk" in makefile
    for target in ("bootstrap", "deploy", "destroy", "synth"):
        assert f"@$(CDK) {target} $(ARGS)" in makefile


def app_of(folder: Path) -> subprocess.CompletedProcess[str]:
    """What the CDK's own command line starts in this folder."""
    told = json.loads((ROOT / "cdk.json").read_text())["app"]
    return subprocess.run(
        ["/bin/sh", "-c", told], cwd=folder, capture_output=True, text=True, check=False
    )


def test_the_cdk_typed_directly_says_what_to_do_first(tmp_path: Path) -> None:
    """Before anything is set up, `cdk deploy` is answered by the command that sets up."""
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    ran = app_of(tmp_path)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "noughts-tui: set up first, by: make synth\n"


def test_the_cdk_typed_directly_finds_the_app(tmp_path: Path) -> None:
    """Once set up, `cdk deploy` typed as in any tutorial starts this app."""
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$@"\n')
    python.chmod(0o755)
    (tmp_path / ".venv" / "lib" / "python3.11" / "site-packages" / "aws_cdk").mkdir(parents=True)
    ran = app_of(tmp_path)
    assert (ran.returncode, ran.stdout) == (0, "-m backend.infra.app\n")


def test_the_guide_says_which_cdk_is_new_enough() -> None:
    """Who types `cdk` is told a version that is the one the tests know."""
    assert f"({cdk.VERSION})" in (ROOT / "docs" / "deploy.md").read_text()
