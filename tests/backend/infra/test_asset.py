"""The function's code as it is uploaded."""

import json
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from backend.infra import asset
from backend.infra.asset import ROOT
from backend.infra.settings import Settings
from benchmarks.cold_start import ENVIRONMENT
from tests.backend.infra.deployment import own_platform
from tests.backend.infra.synthesis import Synthesised, synthesise

# All that boto3 brings, and nothing else of this machine's packages.
BOTO3 = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six.py", "urllib3")

SERVE = """
import json, logging, sys
sys.path[:0] = sys.argv[1:]
from backend.aws.main import handler

def serve(body):
    context = {"eventType": "MESSAGE", "connectionId": "abc=", "routeKey": "x"}
    return handler({"requestContext": context, "body": body, "isBase64Encoded": False}, None)

print(json.dumps({
    "pong": serve('{"type":"ping","ref":"1"}'),
    "refusal": serve("no json"),
    "modules": sorted(sys.modules),
}))
"""


@pytest.fixture(scope="module")
def stack() -> Synthesised:
    """The stack whose function runs on this machine."""
    return synthesise(**own_platform())


@pytest.mark.parametrize("chosen", [{}, own_platform()], ids=["default", "this machine"])
def test_the_asset_holds_what_the_handler_imports(chosen: dict[str, str]) -> None:
    """Code, shared language and msgspec for the function's platform are there, and nothing else."""
    code = synthesise(**chosen).code
    assert {path.name for path in code.iterdir() if path.suffix != ".dist-info"} == {
        *("backend", "shared", "msgspec"),
    }
    assert {path.name for path in (code / "backend").iterdir()} == {
        *("__init__.py", "aws", "core", "handlers"),
    }
    ours = [path for part in ("backend", "shared") for path in (code / part).rglob("*")]
    files = [path for path in ours if path.is_file()]
    assert [path.name for path in files if path.suffix != ".py"] == ["roots.pem"]
    [library] = (code / "msgspec").glob("*.so")
    tag = library.name.split(".")[1]
    python = chosen.get("python", Settings().python).replace(".", "")
    machine = {"x86_64": "x86_64", "arm64": "aarch64"}[chosen.get("architecture", "arm64")]
    assert tag == f"cpython-{python}-{machine}-linux-gnu"


LEFT = (
    *(".env", ".DS_Store", ".service.py.swp", "service.py~", "service.py.orig", "notes.txt"),
    *("#service.py#", ".#service.py", "service (copy).py", ".hidden.py", "secret.pem", "data.json"),
    *("__pycache__/service.cpython-311.pyc", ".ipynb_checkpoints/service-checkpoint.py"),
    *("roots.pem.bak", ".idea/workspace.xml", ".git/config", "4913"),
)


def test_nothing_is_deployed_that_merely_lies_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an editor, a file manager or an operator leaves among the sources stays there."""
    with asset.built(Settings()) as folder:
        clean = {path.relative_to(folder) for path in folder.rglob("*")}
    for package in (*asset.PACKAGES, "backend"):
        shutil.copytree(ROOT / package, tmp_path / package, dirs_exist_ok=True)
    shutil.copy(ROOT / "constraints.txt", tmp_path)
    for package in asset.PACKAGES:
        for name in LEFT:
            left = tmp_path / package / name
            left.parent.mkdir(exist_ok=True)
            left.write_text("AWS_SECRET_ACCESS_KEY=no")
        (tmp_path / package / "linked.py").symlink_to(tmp_path / "constraints.txt")
    monkeypatch.setattr(asset, "ROOT", tmp_path)
    with asset.built(Settings()) as folder:
        assert {path.relative_to(folder) for path in folder.rglob("*")} == clean


def test_the_asset_is_small() -> None:
    """What a cold start has to fetch is little, and as much as the deployment guide says."""
    code = synthesise().code
    size = sum(path.stat().st_size for path in code.rglob("*") if path.is_file())
    told = re.search(r"about ([\d.]+) MB unpacked", (ROOT / "docs" / "deploy.md").read_text())
    assert told is not None
    assert size / 1e6 == pytest.approx(float(told[1]), rel=0.1)


def test_a_wheel_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two who build at once on a new machine neither reads what the other has half fetched."""
    whole = asset.wheel("msgspec", Settings())
    seen: list[list[str]] = []

    def fetch(command: list[str], *, check: bool) -> None:
        assert check
        [folder] = [word.removeprefix("--dest=") for word in command if word.startswith("--dest=")]
        (Path(folder) / whole.name).write_bytes(b"PK")
        seen.append([path.name for path in (tmp_path / "wheels").glob("*.whl")])
        (Path(folder) / whole.name).write_bytes(whole.read_bytes())

    monkeypatch.setattr(asset, "CACHE", tmp_path / "wheels")
    monkeypatch.setattr(subprocess, "run", fetch)
    for _ in range(2):
        with asset.built(Settings()) as folder:
            assert (folder / "msgspec").is_dir()
    assert seen == [[]]
    assert [path.name for path in (tmp_path / "wheels").iterdir()] == [whole.name]


@pytest.mark.skipif(platform.system() != "Linux", reason="the asset is made for Linux")
def test_the_handler_runs_from_its_asset(stack: Synthesised, tmp_path: Path) -> None:
    """With boto3 and nothing else besides, the packaged handler is imported and serves."""
    packages = Path(sysconfig.get_path("purelib"))
    for package in BOTO3:
        (tmp_path / package).symlink_to(packages / package)
    served = subprocess.run(
        [sys.executable, "-I", "-S", "-c", SERVE, str(stack.code), str(tmp_path)],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    *metrics, answer = served.stdout.splitlines()
    result = json.loads(answer)
    assert json.loads(result["pong"]["body"])["type"] == "pong"
    assert json.loads(result["refusal"]["body"])["code"] == "bad_json"
    counted = [json.loads(line) for line in metrics]
    assert [line.get("RequestsRefused", line.get("Alive")) for line in counted] == [1, 1]
    assert served.stderr == ""
    foreign = {"backend.local", "backend.infra", "tui", "textual", "websockets", "aws_cdk"}
    assert not foreign & {*result["modules"]}
