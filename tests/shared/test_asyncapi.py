"""The protocol for machines says what the codec does."""

import json
import re
from importlib import util
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from shared import codec
from shared.asyncapi import PUSHES, REFUSALS, REPLIES, asyncapi, refusals, schemas
from shared.errors import Refusal
from shared.messages import REQUESTS, AnyEvent, AnyRequest, Message
from tests.shared.wire import every

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "protocol"
REQUEST_SCHEMA = Draft202012Validator(schemas()["requests.json"])
EVENT_SCHEMA = Draft202012Validator(schemas()["events.json"])
EXAMPLE = re.compile(r"^ {4}(?P<way>[<>]) (?P<frame>\{.*(?:\n {6}.*)*)$", re.MULTILINE)


def written() -> dict[str, str]:
    """What `make protocol` would write."""
    spec = util.spec_from_file_location("generate", FOLDER / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    files: dict[str, str] = module.files()
    return files


def test_the_files_are_those_that_would_be_written() -> None:
    """Whoever changes a message also runs `make protocol`."""
    assert {name: (FOLDER / name).read_text(encoding="utf-8") for name in written()} == written()


@pytest.mark.parametrize("name", sorted(schemas()))
def test_the_schemas_are_schemas(name: str) -> None:
    """The official validator accepts both collections."""
    Draft202012Validator.check_schema(schemas()[name])


def test_every_reference_of_the_document_leads_somewhere() -> None:
    """No message, reply or schema that the AsyncAPI document names is missing from it."""
    document = asyncapi()
    registry = Registry().with_resource("", Resource.from_contents(document, DRAFT202012))
    resolver = registry.resolver()
    found = re.findall(r'"\$ref": "([^"]+)"', json.dumps(document))
    assert found
    for reference in sorted(set(found)):
        resolver.lookup(reference)


def test_every_message_has_its_place() -> None:
    """Each request is an operation with its replies; each event is a reply or a push."""
    assert {kind.__struct_config__.tag for kind in REPLIES} == set(REQUESTS)
    told = {kind.__name__ for replies in REPLIES.values() for kind in replies}
    told |= {kind.__name__ for kind in PUSHES} | {"Error"}
    assert told == {kind.__name__ for kind in get_args(AnyEvent)}


@given(message=every(AnyRequest))
def test_what_the_codec_sends_is_a_request(message: AnyRequest) -> None:
    """The schema accepts every request that a client of ours can make."""
    REQUEST_SCHEMA.validate(json.loads(codec.encode(message)))


@given(message=every(AnyEvent))
def test_what_the_server_sends_is_an_event(message: AnyEvent) -> None:
    """The schema accepts every event that a server of ours can make."""
    EVENT_SCHEMA.validate(json.loads(codec.encode(message)))


@pytest.mark.parametrize(
    "fields",
    [
        *(
            {"type": "start", "clock": 4},
            {"type": "start", "clock": 601},
            {"type": "start", "v": 2},
        ),
        *({"type": "start", "v": True}, {"type": "join"}, {"type": "start", "mark": "z"}),
        *({"type": "play", "id": "K7QF2M", "tile": "3,0"}, {"type": "start", "key": "short"}),
        *({"type": "start", "name": None}, {"type": "list", "kind": 1}, {"type": "nothing"}),
        *({"type": "emote", "id": "K7QF2M", "emote": "rude"}, {"type": "start", "ref": ""}),
    ],
    ids=str,
)
def test_what_the_codec_refuses_is_no_request(fields: dict[str, Any]) -> None:
    """The schema refuses what the server would refuse, where a schema can tell."""
    assert not REQUEST_SCHEMA.is_valid(fields)
    with pytest.raises(Refusal):
        codec.decode_request(json.dumps(fields))


@pytest.mark.parametrize(
    ("way", "frame"),
    [
        pytest.param(*found.groups(), id=f"{path.name}: {found['frame'][:40]}")
        for path in sorted((ROOT / "docs").glob("*.md"))
        for found in EXAMPLE.finditer(path.read_text(encoding="utf-8"))
    ],
)
def test_every_example_is_of_the_protocol(way: str, frame: str) -> None:
    """Each frame that the docs show after ``>`` or ``<`` is one that can be sent, or is sent."""
    validator = REQUEST_SCHEMA if way == ">" else EVENT_SCHEMA
    validator.validate(json.loads(frame))


def test_the_table_of_codes_is_true() -> None:
    """The document names for each request the codes that can refuse it, and no others."""
    text = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
    table = text[text.index("### Which request") :].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.MULTILINE)
    told = {name: set(re.findall(r"`(\w+)`", codes)) for name, codes in rows}
    assert told == {
        name: {*REFUSALS[kind], *({"unsupported_version"} & refusals(kind))}
        for name, kind in REQUESTS.items()
    }


def test_a_type_of_the_document_is_one_of_the_code() -> None:
    """A schema stands under the name of the message's class."""
    kinds = {kind.__name__ for kind in (*get_args(AnyRequest), *get_args(AnyEvent))}
    assert kinds <= set(asyncapi()["components"]["schemas"])
    assert all(issubclass(kind, Message) for kind in get_args(AnyRequest))
