"""What a public host of the repository reads: workflows, updates, forms."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOST = ROOT / ".github"
KINDS = {
    "vendor.github-workflows": sorted((HOST / "workflows").glob("*.yml")),
    "vendor.dependabot": [HOST / "dependabot.yml"],
}


@pytest.mark.parametrize("schema", KINDS)
def test_the_files_are_of_their_schema(schema: str) -> None:
    """Each file is what the host expects, by the schemas that the linter brings."""
    lint = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
    ran = subprocess.run(
        [*lint, *map(str, KINDS[schema])], check=False, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_workflows_run_what_a_person_runs() -> None:
    """Every command of a workflow is a target of make; Windows, where make is not, is said so."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for path in KINDS["vendor.github-workflows"]:
        jobs = path.read_text(encoding="utf-8").partition("\njobs:\n")[2]
        for name, job in re.findall(r"^ {2}(\w+):\n((?: {4}.*\n|\n)+)", jobs, re.MULTILINE):
            commands = re.findall(r"^ +- run: (.*)$", job, re.MULTILINE)
            assert commands, (path.name, name)
            if "windows-latest" not in job:
                assert {command.removeprefix("make ") for command in commands} <= targets


def test_nothing_deploys_or_publishes_by_itself() -> None:
    """No workflow is given a secret, or the right to write."""
    for path in KINDS["vendor.github-workflows"]:
        text = path.read_text(encoding="utf-8")
        assert "secrets." not in text
        assert "permissions:\n  contents: read\n" in text
