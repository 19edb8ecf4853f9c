"""The CDK's command line: ``python -m backend.infra.cdk deploy``.

It is installed once beside this Python, from the npm registry, by the Node of the Python registry.
Before it deploys or destroys, the account is asked whether that can be. The CDK's toolkit belongs
to all of an account's CDK applications: it is made where it is missing, and updated by nobody who
has not asked for it.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from backend.infra.account import Account, CannotAsk, NotAllowed
from backend.infra.asset import ROOT
from backend.infra.node import FOLDER, NODE, NPM
from backend.infra.settings import InvalidSetting, Settings

VERSION: Final = "2.1148.0"
TOOLKIT_NEEDED: Final = 6
"""The oldest version of the toolkit that the stack can be deployed with."""
_TOOLKIT: Final = "CDKToolkit"
_QUALIFIER: Final = "@aws-cdk/core:bootstrapQualifier"
_USUAL_QUALIFIER: Final = "hnb659fds"
_FLAGS: Final = frozenset({"-f", "--force", "-e", "--exclusively"})
_HOME: Final = Path(sys.prefix) / "cdk"
_CLI: Final = _HOME / "node_modules" / "aws-cdk" / "bin" / "cdk"


class Refused(Exception):
    """What was asked for cannot be done; the message is a sentence."""


@dataclass(frozen=True)
class Options:
    """What the arguments of a command say, as far as it matters before the CDK reads them."""

    settings: Settings
    qualifier: str
    account: Account
    common: list[str]
    """Those that say what is meant and where, for every command."""
    toolkit: list[str]
    """Those that say which toolkit is meant, for its preparation."""
    rest: list[str]

    @classmethod
    def read(cls, arguments: list[str]) -> "Options":
        parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
        parser.add_argument("-c", "--context", action="append", default=[])
        for name in ("--profile", "--region", "--qualifier", "--toolkit-stack-name"):
            parser.add_argument(name)
        known, rest = parser.parse_known_args(arguments)
        context = {**_told(), **dict(_pair(text) for text in known.context)}
        qualifier = known.qualifier or context.get(_QUALIFIER, _USUAL_QUALIFIER)
        if known.qualifier:
            known.context.append(f"{_QUALIFIER}={qualifier}")
        settings = Settings.read(context)
        stack = known.toolkit_stack_name
        if stack is None and qualifier != _USUAL_QUALIFIER:
            stack = f"{_TOOLKIT}-{qualifier}"
        common = {"profile": known.profile, "region": known.region, "toolkit-stack-name": stack}
        toolkit = [f"--qualifier={qualifier}"]
        if settings.boundary:
            name = settings.boundary.rpartition("/")[2]
            toolkit.append(f"--custom-permissions-boundary={name}")
        return cls(
            settings,
            qualifier,
            Account(known.profile, known.region),
            [
                *(f"--{name}={value}" for name, value in common.items() if value is not None),
                *(f"--context={text}" for text in known.context),
            ],
            toolkit,
            rest,
        )

    @property
    def stacks(self) -> list[str]:
        """The stacks that are named, else the one that the settings mean; none for patterns."""
        if "--all" in self.rest:
            return []
        named = [
            word
            for before, word in pairwise(("", *self.rest))
            if not word.startswith("-") and (before in _FLAGS or not before.startswith("-"))
        ]
        return [name for name in named or [self.settings.name] if not {*"*?[{"} & {*name}]


def main(arguments: list[str]) -> int:
    """Runs a command of the CDK on this app; returns its exit code."""
    command, *rest = arguments or ["--help"]
    if command.startswith("-") or {"-h", "--help"} & {*rest}:
        return _run(arguments)
    try:
        options = Options.read(rest)
        match command:
            case "bootstrap":
                return _run([command, *options.rest, *options.common, *options.toolkit])
            case "deploy":
                _prepare(options)
            case "destroy":
                _find_stacks(options)
        return _run([command, *options.rest, *options.common])
    except (InvalidSetting, CannotAsk, Refused) as error:
        _say(str(error))
        return 1


def _prepare(options: Options) -> None:
    """Sees to the toolkit, and changes one that is there under no circumstances."""
    try:
        version = options.account.toolkit_version(options.qualifier)
    except NotAllowed:
        _say("These credentials may not look for the CDK's toolkit: it is taken to be there.")
        return
    if version is None:
        _say("This account has no CDK toolkit in this region: it is made first, once.")
        if _run(["bootstrap", *options.common, *options.toolkit]):
            raise Refused(
                "The CDK's toolkit could not be made. Whoever may make it does so by"
                " make bootstrap; then make deploy goes on."
            )
    elif version < TOOLKIT_NEEDED:
        raise Refused(
            f"The CDK's toolkit of this account has version {version}, and {TOOLKIT_NEEDED} is"
            " needed. Other applications use it, too: make bootstrap updates it for all."
        )


def _find_stacks(options: Options) -> None:
    for name in options.stacks:
        try:
            there = options.account.has_stack(name)
        except NotAllowed:
            continue
        if not there:
            raise Refused(
                f"There is no stack {name} in this account and region, so nothing is destroyed."
                " -c name=… says which one is meant."
            )


def _told() -> dict[str, Any]:
    """The context that ``cdk.json`` holds."""
    context: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]
    return context


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


def _say(sentence: str) -> None:
    print(f"noughts-tui: {sentence}", file=sys.stderr, flush=True)  # noqa: T201 (a command line)


def _run(arguments: list[str]) -> int:
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
