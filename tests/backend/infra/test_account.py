"""What the account is asked before anything is deployed."""

import os
from pathlib import Path

import pytest

from backend.infra.account import Account, CannotAsk, NotAllowed
from tests.backend.aws import broken
from tests.backend.aws.emulator import CREDENTIALS, REGION, emulator
from tests.backend.infra.deployment import bootstrap, deploy

LOGS = {"Resources": {"Logs": {"Type": "AWS::Logs::LogGroup"}}}


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    # The usual name is not botocore's.
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def on_emulator(monkeypatch: pytest.MonkeyPatch) -> None:
    aws = emulator()
    bootstrap(aws)
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)


def test_the_toolkit_is_found(on_emulator: None) -> None:
    """The version of the toolkit is what its preparation has left; each qualifier has its own."""
    assert Account().toolkit_version("hnb659fds") == 30
    assert Account().toolkit_version("mine") is None


def test_the_region_is_an_option(on_emulator: None) -> None:
    """Another region is another toolkit."""
    assert Account(region="us-east-1").toolkit_version("hnb659fds") is None
    assert Account(region=REGION).toolkit_version("hnb659fds") == 30


def test_the_profile_is_an_option(
    on_emulator: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A profile brings its region."""
    config = tmp_path / "config"
    keys = "aws_access_key_id = test\naws_secret_access_key = test\n"
    config.write_text(
        f"[profile away]\nregion = us-east-1\n{keys}[profile here]\nregion = {REGION}\n{keys}"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.delenv("AWS_REGION")
    assert Account("away").toolkit_version("hnb659fds") is None
    assert Account("here").toolkit_version("hnb659fds") == 30


def test_a_stack_is_found(on_emulator: None) -> None:
    """A stack is there after it was made, and not any more when it was removed."""
    assert not Account().has_stack("there-and-gone")
    deploy(emulator(), "there-and-gone", LOGS)
    assert Account().has_stack("there-and-gone")
    client = emulator().client("cloudformation")
    client.delete_stack(StackName="there-and-gone")
    client.get_waiter("stack_delete_complete").wait(
        StackName="there-and-gone", WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    assert not Account().has_stack("there-and-gone")


def test_what_may_not_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials without that right are told from credentials that are none."""
    with broken.serving(broken.error(400, "AccessDeniedException")) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        with pytest.raises(NotAllowed):
            Account().toolkit_version("hnb659fds")


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("ExpiredTokenException", "AWS refuses these credentials: An error .*ExpiredToken.*"),
        ("UnrecognizedClientException", "AWS refuses these credentials: .*"),
    ],
)
def test_bad_credentials_are_a_sentence(
    code: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What AWS says of the credentials is passed on."""
    with broken.serving(broken.error(400, code)) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        with pytest.raises(CannotAsk, match=rf"^{sentence}\.$"):
            Account().toolkit_version("hnb659fds")


def test_what_is_missing_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an answer, a profile, a region or credentials the first thing to do is said."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", broken.closed_port())
    with pytest.raises(CannotAsk, match=r"^AWS cannot be asked: Could not connect to .*\.$"):
        Account().toolkit_version("hnb659fds")
    with pytest.raises(CannotAsk, match=r"^AWS cannot be asked: The config profile \(no\) .*\.$"):
        Account("no").toolkit_version("hnb659fds")
    monkeypatch.delenv("AWS_REGION")
    with pytest.raises(
        CannotAsk, match=r"^No region is chosen: set AWS_REGION, or add --region\.$"
    ):
        Account().toolkit_version("hnb659fds")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(CannotAsk, match=r"^AWS cannot be asked: Unable to locate credentials\.$"):
        Account(region=REGION).toolkit_version("hnb659fds")
