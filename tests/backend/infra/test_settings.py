"""What a deployment can choose."""

import os
import re
import subprocess
import sys

import pytest

from backend.infra.asset import ROOT
from backend.infra.settings import InvalidSetting, Settings


def test_nothing_need_be_chosen() -> None:
    """Without any setting the defaults hold."""
    assert Settings.read({}) == Settings()


def test_settings_come_as_text() -> None:
    """The command line gives every setting as text."""
    chosen = {
        "name": "mine",
        "stage": "beta",
        "architecture": "x86_64",
        "python": "3.14",
        "memory": "1024",
        "concurrency": "50",
        "rate": "200",
        "burst": "100",
        "retention": "7",
        "removal": "retain",
        "life": "12",
        "email": "me@example.org",
        "encrypted_alarms": "true",
        "budget": "20",
        "ip": "ipv4",
        "domain": "play.example.org",
        "certificate": "arn:aws:acm:…",
        "access_logs": "true",
        "boundary": "arn:aws:iam::1:policy/limits",
        "probe": "true",
    }
    assert Settings.read(chosen) == Settings(
        name="mine",
        stage="beta",
        architecture="x86_64",
        python="3.14",
        memory=1024,
        concurrency=50,
        rate=200,
        burst=100,
        retention=7,
        removal="retain",
        life=12,
        email="me@example.org",
        encrypted_alarms=True,
        budget=20,
        ip="ipv4",
        domain="play.example.org",
        certificate="arn:aws:acm:…",
        access_logs=True,
        boundary="arn:aws:iam::1:policy/limits",
        probe=True,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stage", "my stage"),
        ("stage", ""),
        ("name", ""),
        ("name", "1st"),
        ("architecture", "arm"),
        ("python", "2.7"),
        ("memory", "64"),
        ("memory", "lots"),
        ("memory", "-1"),
        ("concurrency", "10001"),
        ("rate", "0"),
        ("burst", "0"),
        ("retention", "8"),
        ("removal", "keep"),
        ("life", "0"),
        ("life", "169"),
        ("email", "me"),
        ("access_logs", "maybe"),
        ("domain", "play.example.org"),
        ("encrypted_alarms", "true"),
        ("budget", "20"),
        ("budget", "-1"),
        ("ip", "ipv6"),
        ("boundary", "my policy"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    """A value that cannot be is refused before anything is made, by the setting's name."""
    with pytest.raises(InvalidSetting, match=f"^{name}: "):
        Settings.read({name: value})


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("memmory", "memory"),
        ("access-logs", "access_logs"),
        ("Rate", "rate"),
        ("mem", "memory"),
        ("log-retention", "retention"),
        ("mail", "email"),
        ("python_version", "python"),
        ("cert", "certificate"),
        ("budgets", "budget"),
    ],
)
def test_a_misspelt_setting_is_refused(given: str, meant: str) -> None:
    """A name that is nearly a setting's would otherwise be passed over without a word."""
    with pytest.raises(InvalidSetting, match=f"^{given}: no such setting; {meant} is one$"):
        Settings.read({given: "1"})


@pytest.mark.parametrize(
    ("given", "option"),
    [
        ("region", "region"),
        ("Regions", "region"),
        ("regoin", "region"),
        ("profil", "profile"),
        ("qualifier", "qualifier"),
    ],
)
def test_an_option_is_no_setting(given: str, option: str) -> None:
    """What the command line has an option for is answered with that option."""
    with pytest.raises(InvalidSetting, match=rf"^{given}: no such setting; --{option} "):
        Settings.read({given: "1"})


@pytest.mark.parametrize("given", ["vpc", "account", "environment", "im", "st", "version"])
def test_what_is_near_nothing_is_not_guessed(given: str) -> None:
    """Where no setting is near, none is suggested."""
    assert Settings.read({given: "1"}) == Settings()


def test_what_others_say_is_passed_over() -> None:
    """A CDK context also holds what is none of this app's business."""
    foreign = {
        "@aws-cdk/core:target-partitions": ["aws"],
        "aws:cdk:bundling-stacks": ["**"],
        "aws:cdk:enable-asset-metadata": True,
        "aws:cdk:enable-path-metadata": True,
        "aws:cdk:version-reporting": True,
        "availability-zones:account=123456789012:region=eu-west-1": ["eu-west-1a"],
        "acknowledged-issue-numbers": [34892],
        "cli-telemetry": False,
    }
    assert Settings.read(foreign | {"memory": "1024"}) == Settings(memory=1024)


def test_an_invalid_setting_is_one_line_of_explanation() -> None:
    """Who deploys reads what is wrong, and no traceback."""
    run = subprocess.run(
        [sys.executable, "-m", "backend.infra.app"],
        env={**os.environ, "CDK_CONTEXT_JSON": '{"memory": "64"}'},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert run.stderr == "noughts-tui: memory: 64 is not within 128 and 10240\n"


def test_every_setting_is_documented_with_its_default() -> None:
    """The deployment guide lists each setting and the default that holds."""
    guide = (ROOT / "docs" / "deploy.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]*) \|", guide, re.MULTILINE))
    assert rows == {name: as_written(getattr(Settings(), name)) for name in Settings.names()}


def as_written(default: object) -> str:
    text = str(default)
    return f"`{text.lower() if isinstance(default, bool) else text}`" if text else "none"
