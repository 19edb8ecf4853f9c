"""The docs are true where a machine can tell: commands, links, and what is documented at all."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.aws.dynamodb import LOBBY_PAGE, LOBBY_PAGES
from backend.aws.items import SHARDS
from shared.errors import ErrorCode
from shared.messages import EVENTS, REQUESTS
from tui.arguments import parser

ROOT = Path(__file__).parents[1]
DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
PLACES = {
    "CODE": "K7QF2M",
    "URL": "ws://127.0.0.1:8002",
    "FILE": "report.xml",
    "SECONDS": "30",
    "N": "5",
    "DIR": "games",
    "SEED": "7",
}


def commands(program: str) -> list[str]:
    """The commands that the docs show for a program, in code blocks and in `code`."""
    found: set[str] = set()
    for path in DOCS:
        text = path.read_text(encoding="utf-8")
        blocks = re.findall(r"^(?: {4}|\$ )(.*)$", text, re.MULTILINE)
        blocks += re.findall(r"^```(?:sh|bash|console)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        lines = [line.strip() for block in blocks for line in block.splitlines()]
        lines += re.findall(rf"`({program}(?: [^`\n]*)?)`", text)
        found.update(
            re.sub(r"\s{2,}#.*|\s#\s.*", "", line.removeprefix("$ ")).strip()
            for line in lines
            if re.match(rf"(?:\$ )?{program}(?: |$)", line)
        )
    return sorted(found)


def test_there_are_commands() -> None:
    """The search finds the two commands of the README."""
    assert {"make play", "make test"} <= set(commands("make"))
    assert "noughts-tui join K7QF2M" in commands("noughts-tui")


@pytest.mark.parametrize("command", commands("make"))
def test_every_make_target_exists(command: str) -> None:
    """Every `make` command that the docs show has its target."""
    targets = re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = [word for word in shlex.split(command)[1:] if "=" not in word]
    assert set(named) <= set(targets)


@pytest.mark.parametrize("command", commands("noughts-tui"))
def test_every_command_is_understood(command: str) -> None:
    """Every `noughts-tui` command that the docs show is one that the program accepts."""
    if "…" in command or "[" in command:
        pytest.fail(f"{command!r} is no command that can be typed")
    words = [PLACES.get(word, word) for word in shlex.split(command)[1:]]
    if set(words) & {"--help", "--version"}:
        return
    parser().parse_args(words)


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    """Every relative link of the docs leads to a file."""
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (path.parent / target).exists(), target


def anchors(path: Path) -> set[str]:
    """What a link can lead to in a page: its headings, as public hosts and the site name them."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    plain = (re.sub(r"[`*_]|\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_anchors_lead_somewhere(path: Path) -> None:
    """Every link into a page leads to one of its headings."""
    for target, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", path.read_text(encoding="utf-8")):
        page = path.parent / target if target else path
        if page.suffix == ".md":
            assert anchor in anchors(page), f"{target}#{anchor}"


ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_the_architecture_names_files_that_exist() -> None:
    """Whoever looks for what the architecture speaks of finds it."""
    named = set(re.findall(r"`((?:backend|shared|tests|tui)/[\w./]+)`", ARCHITECTURE))
    assert len(named) > 20
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_every_room_of_the_app_is_in_the_architecture() -> None:
    """The table of rooms leaves no module or folder of the app out."""
    rows = re.findall(r"^\| (`tui/[^|]*) \|", ARCHITECTURE, re.MULTILINE)
    told = {
        name.removeprefix("tui/").strip("/") for name in re.findall(r"`([^`]+)`", " ".join(rows))
    }
    here = {
        path.name
        for path in (ROOT / "tui").iterdir()
        if (path.suffix == ".py" and path.name != "__init__.py") or (path / "__init__.py").exists()
    }
    assert here - told == set()


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a document that are neither code nor a row of a table, by their number."""
    fenced = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not (fenced or line.startswith(("    ", "|"))):
            yield number, line


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_no_merge_is_half_done(path: Path) -> None:
    """No document shows the marks of a merge."""
    assert (
        re.findall(r"^(?:<<<<<<<|=======|>>>>>>>)", path.read_text(encoding="utf-8"), re.MULTILINE)
        == []
    )


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_prose_wraps_at_100_columns(path: Path) -> None:
    """A document can be read, and its changes compared, in any window."""
    assert [number for number, line in prose(path) if len(line) > 100] == []


def test_every_long_proof_is_in_the_soak() -> None:
    """`make soak` runs every test that has a full count beside the reduced one."""
    [run] = re.findall(r"^\tNOUGHTS_PROOFS=full .*$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    places = [ROOT / word for word in run.split() if word.startswith("tests/")]
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        if "tests.proofs.counts" in path.read_text(encoding="utf-8") and path != Path(__file__):
            assert any(path.is_relative_to(place) for place in places), path


def test_the_protocol_is_documented() -> None:
    """Every request, event and error code of the code stands in the protocol."""
    text = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
    assert set(REQUESTS) <= set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    for word in (*EVENTS, *ErrorCode):
        assert f"`{word}`" in text, word


def test_broad_excepts_stand_where_contributing_says() -> None:
    """Four places catch whatever there is; a fifth is a mistake, or a change of that text."""
    found = {
        path.relative_to(ROOT).as_posix()
        for part in ("backend", "shared", "tui")
        for path in (ROOT / part).rglob("*.py")
        if "except Exception" in path.read_text(encoding="utf-8")
    }
    told = {
        "backend/handlers/entry.py",
        "backend/local/gateway.py",
        "tui/client/connection.py",
        "tui/client/model.py",
    }
    assert found == told


def test_the_limits_of_a_look_are_those_of_the_code() -> None:
    """The arithmetic of `docs/scaling.md` begins with what one look at the lobby may read."""
    text = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
    assert f"no more than {LOBBY_PAGES} pages of {LOBBY_PAGE}: " in text
    assert f"the newest {LOBBY_PAGE} games of each" in text
    assert f"the lobby's {SHARDS} shards" in text


def test_the_readme_tells_the_counted_bill() -> None:
    """The dollars in the README are those that the counted table of `docs/deploy.md` ends in."""
    bill = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    counted = [
        re.search(rf"^\| {what} \|.*\| ([\d.]+) \|$", bill, re.MULTILINE)
        for what in ("a nine-move game", "the same with the client")
    ]
    told = re.findall(r"\$(\d+\.\d\d)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert told == [f"{row[1]}0" for row in counted if row]
