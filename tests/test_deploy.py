"""What `deploy` has for those who run a server: read here as the programs it is for read it."""

import json
import re
import shlex
import shutil
import subprocess
import tomllib
from configparser import ConfigParser
from dataclasses import fields
from fnmatch import fnmatch
from pathlib import Path

import pytest

from backend.core.ports import Metric
from backend.local.metrics import Tally
from backend.local.process import parse
from shared.serve_options import ServeOptions
from tests.test_architecture import loaded_by

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"


def containerfile() -> list[tuple[str, str]]:
    """The instructions with their words; continued lines are one."""
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line.strip()]
    return [(word, rest) for word, rest in lines]


def last(instruction: str) -> str:
    return [rest for word, rest in containerfile() if word == instruction][-1]


def unit() -> ConfigParser:
    """The systemd unit; of a setting that is given twice the last."""
    parser = ConfigParser(strict=False, interpolation=None, delimiters=["="])
    parser.optionxform = str  # type: ignore[assignment,method-assign] # settings have capitals
    parser.read(DEPLOY / "noughts-tui.service", encoding="utf-8")
    return parser


def test_the_container_has_the_servers_libraries() -> None:
    """The image installs every library that the server loads, and no other."""
    [installed] = [rest for word, rest in containerfile() if word == "RUN"]
    named = re.search(r"--constraint constraints\.txt\s+([\w\s]+?)\s+&&", installed)
    assert named is not None
    loaded = {name.partition(".")[0] for name in loaded_by("backend.local")}
    own = {"backend", "shared", "typing_extensions"}
    assert set(named[1].split()) == loaded - own


def test_the_container_is_nobodys_and_writes_nowhere_else() -> None:
    """No root, one folder for the games, and a health check that asks the server itself."""
    assert last("USER") == "10001:10001"
    assert last("VOLUME") == "/data"
    assert "/health" in last("HEALTHCHECK")
    assert last("STOPSIGNAL") == "SIGTERM"


def test_the_container_starts_a_server_that_can_be_reached() -> None:
    """The image's command is one that the server understands; what is added to it is as well."""
    python, *words = json.loads(last("ENTRYPOINT"))
    assert (Path(python).name, words[:3]) == ("python", ["-P", "-m", "backend.local"])
    options = parse([*words[3:], "--trust-forwarded", "10.0.0.7"])
    assert options.host == ("0.0.0.0",)  # noqa: S104 (inside the container)
    assert (str(options.data), options.port) == (last("VOLUME"), int(last("EXPOSE")))


def test_what_the_container_is_built_of_is_sent_to_the_builder() -> None:
    """Each file that is copied exists and is let through, and nothing else is."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "*"
    allowed = {line[1:] for line in lines if line.startswith("!")}
    copied = {
        source
        for word, rest in containerfile()
        if word == "COPY" and "--from" not in rest
        for source in shlex.split(rest)[:-1]
    }
    assert copied == allowed
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    named = {*wheel["only-include"], project["project"]["readme"]}
    assert copied == {*named, "LICENSE", "constraints.txt", "pyproject.toml"}
    assert all((ROOT / source).exists() for source in copied)
    assert any(fnmatch("backend/__pycache__", line) for line in lines[1:])


def test_the_service_starts_a_server() -> None:
    """The unit's command is one that the server understands, with and without options."""
    service = unit()["Service"]
    program, command, *words = service["ExecStart"].split()
    assert (Path(program).name, command, words[-1]) == ("noughts-tui", "serve", "$OPTIONS")
    assert str(parse(words[:-1]).data) == "${STATE_DIRECTORY}"
    text = (DEPLOY / "noughts-tui.service").read_text(encoding="utf-8")
    [example] = re.findall(r'^# OPTIONS="(.*)"$', text, re.MULTILINE)
    parse([*words[:-1], *example.split()])


def test_the_service_is_kept_alive_and_apart() -> None:
    """It comes back after every end, as nobody, with one folder that nobody else can open."""
    service = unit()["Service"]
    settings = {
        "Type": "notify",
        "Restart": "always",
        "DynamicUser": "yes",
        "StateDirectory": "noughts-tui",
        "StateDirectoryMode": "0700",
        "ProtectSystem": "strict",
        "CapabilityBoundingSet": "",
    }
    assert {name: service[name] for name in settings} == settings


def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    """Where there is a systemd, it finds nothing wrong with the unit."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed here")
    text = (DEPLOY / "noughts-tui.service").read_text(encoding="utf-8")
    # The program need not be installed where the tests run.
    there = re.sub(r"^ExecStart=\S+", f"ExecStart={analyze}", text, flags=re.MULTILINE)
    (tmp_path / "noughts-tui.service").write_text(there, encoding="utf-8")
    ran = subprocess.run(
        [analyze, "verify", "--man=no", tmp_path / "noughts-tui.service"],
        check=False,
        capture_output=True,
        text=True,
    )
    # It reads the machine's other units as well, and has a word on some.
    assert [line for line in ran.stderr.splitlines() if "noughts-tui" in line] == []


def test_every_metric_of_the_server_is_documented() -> None:
    """Whoever writes an alarm finds what the server counts, under the name that AWS has for it."""
    text = (ROOT / "docs" / "serve.md").read_text(encoding="utf-8")
    told = Tally().text([("connections", "Open connections.", {"": 1})])
    for name in re.findall(r"^# TYPE (\w+)", told, re.MULTILINE):
        assert f"`{name}" in text, name
    for metric in Metric:
        assert f"`{metric}`" in text, metric


def test_every_limit_is_documented() -> None:
    """Each option of a server stands in its page, or in the player's manual."""
    pages = [
        (ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("serve.md", "playing.md")
    ]
    for field in fields(ServeOptions):
        flag = f"--{field.name.replace('_', '-')}"
        assert any(flag in page for page in pages), flag
