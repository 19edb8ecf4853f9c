"""Counts what a piece of work asks of AWS, at the botocore clients of the real wiring.

The emulator reports one write unit for the table and one for each index, whatever a write touches.
So write units are worked out here from the item before and after, by the rules of DynamoDB's
developer guide.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.session import Session

from backend.aws.attributes import Attribute, Item
from tests.backend.aws.emulator import CREDENTIALS, REGION, TABLE, Emulator

_UNIT_BYTES: Final = 1024
_QUERY, _POST, _LOOK = "Query", "PostToConnection", "GetConnection"
_TRANSACTION: Final = "TransactWriteItems"


@dataclass(frozen=True)
class Call:
    """One call: the operation, what it was made on, and the write units it costs."""

    operation: str
    on: str
    table_units: int = 0
    index_units: int = 0


@dataclass
class Bill:
    """What a piece of work cost."""

    calls: list[Call] = field(default_factory=list)

    @property
    def reads(self) -> int:
        return self._number("GetItem")

    @property
    def queries(self) -> int:
        return self._number(_QUERY)

    @property
    def writes(self) -> int:
        return self._number("PutItem", "UpdateItem")

    @property
    def table_units(self) -> int:
        return sum(call.table_units for call in self.calls)

    @property
    def index_units(self) -> int:
        return sum(call.index_units for call in self.calls)

    @property
    def pushes(self) -> int:
        return self._number(_POST)

    @property
    def looks(self) -> int:
        return self._number(_LOOK)

    @property
    def operations(self) -> Counter[str]:
        return Counter(call.operation for call in self.calls)

    def _number(self, *operations: str) -> int:
        return sum(call.operation in operations for call in self.calls)


class MeteredSession(Session):
    """A botocore session whose clients' calls are counted; DynamoDB is the emulator's.

    Posts are answered here, without a network: 410 for the connections in ``gone``. ``faults`` are
    answered instead of the call, each once: an operation with the HTTP status and the error's code.
    """

    def __init__(self, aws: Emulator, table: str) -> None:
        super().__init__()
        self.set_credentials(CREDENTIALS["AWS_ACCESS_KEY_ID"], CREDENTIALS["AWS_SECRET_ACCESS_KEY"])
        self.set_config_variable("region", REGION)
        self.bill = Bill()
        self.gone: set[str] = set()
        self.faults: dict[str, tuple[int, str]] = {}
        self.clients = 0
        self._aws = aws
        self._table = table
        self._plain = aws.client("dynamodb")
        self._before: list[tuple[str, Item, Item]] = []
        events = self.get_component("event_emitter")
        events.register("provide-client-params.dynamodb", self._note_before)
        events.register("provide-client-params.apigatewaymanagementapi", self._note_post)
        events.register("after-call.dynamodb", self._note_after)
        events.register("before-send", self._answer)

    def create_client(self, service_name: str, *args: Any, **options: Any) -> Any:
        self.clients += 1
        if service_name == "dynamodb":
            options["endpoint_url"] = self._aws.url
        # A fault shall not be hidden by trying again.
        options["config"] = options["config"].merge(Config(retries={"total_max_attempts": 1}))
        return super().create_client(service_name, *args, **options)

    def measured(self) -> Bill:
        """The bill since the last time; a new one begins."""
        bill, self.bill = self.bill, Bill()
        return bill

    def _note_before(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        if model.name == _QUERY:
            self.bill.calls.append(Call(_QUERY, params["IndexName"]))
            return
        keys = [(name, _key(part)) for name, part in _parts(model.name, params)]
        self._before = [(name, key, self._item(key)) for name, key in keys]

    def _note_after(self, model: Any, **_: Any) -> None:
        if model.name == _QUERY:
            return
        if model.name == "GetItem":
            self.bill.calls.append(Call(model.name, "table"))
            return
        # A transaction writes each of its items twice.
        times = 2 if model.name == _TRANSACTION else 1
        for operation, key, before in self._before:
            after = self._item(key)
            self.bill.calls.append(
                Call(
                    operation,
                    "table",
                    table_units=times * units(max(size(before), size(after))),
                    index_units=sum(
                        index_units(index, before, after)
                        for index in TABLE["GlobalSecondaryIndexes"]
                    ),
                )
            )

    def _note_post(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.bill.calls.append(Call(model.name, params["ConnectionId"]))

    def _answer(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        target = request.headers.get("X-Amz-Target", b"")
        operation = (target.decode() if isinstance(target, bytes) else target).partition(".")[2]
        asked = _LOOK if request.method == "GET" else _POST
        if fault := self.faults.pop(operation or asked, None):
            return _response(request, *fault)
        if operation:
            return None
        connection = request.url.rpartition("/")[2].replace("%3D", "=")
        if connection in self.gone:
            return _response(request, 410, "GoneException")
        return _response(request, 200, "")

    def _item(self, key: Item) -> Item:
        found: Item = self._plain.get_item(TableName=self._table, Key=key, ConsistentRead=True).get(
            "Item", {}
        )
        return found


def _parts(operation: str, params: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The writes of a call, by the operation that each is."""
    if operation != _TRANSACTION:
        return [(operation, params)]
    return [
        (f"{kind}Item", part) for item in params["TransactItems"] for kind, part in item.items()
    ]


def _key(part: dict[str, Any]) -> Item:
    key: Item = part["Key"] if "Key" in part else {"GameId": part["Item"]["GameId"]}
    return key


class _Body:
    """What botocore reads of a raw answer."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> list[bytes]:
        return [self._content]


def _response(request: AWSPreparedRequest, status: int, code: str) -> AWSResponse:
    headers: Any = {"x-amzn-ErrorType": code} if code else {}
    content = f'{{"__type":"{code}","message":"no"}}' if code else ""
    return AWSResponse(request.url, status, headers, _Body(content.encode()))


def units(number_of_bytes: int) -> int:
    """The write units of so many bytes."""
    return -(-number_of_bytes // _UNIT_BYTES)


def index_units(index: dict[str, Any], before: Item, after: Item) -> int:
    """What a write costs in an index: nothing as long as nothing that the index holds changes."""
    keys = [key["AttributeName"] for key in index["KeySchema"]]
    held = [*keys, "GameId", *index["Projection"].get("NonKeyAttributes", [])]

    def entry(item: Item) -> Item:
        is_in = all(key in item for key in keys)
        return {name: item[name] for name in held if name in item} if is_in else {}

    old, new = entry(before), entry(after)
    if old == new:
        return 0
    moved = old and new and any(old[key] != new[key] for key in keys)
    return units(size(old)) + units(size(new)) if moved else units(max(size(old), size(new)))


def size(item: Item) -> int:
    """The size of an item by the rules of DynamoDB's developer guide, rounded up."""
    return sum(len(name.encode()) + size_of(value) for name, value in item.items())


def size_of(attribute: Attribute) -> int:
    """The size of a value."""
    [(kind, content)] = attribute.items()
    match kind:
        case "N":
            return (len(content) + 1) // 2 + 1
        case "SS":
            return 3 + sum(len(member.encode()) + 1 for member in content)
        case "M":
            return 3 + sum(len(name) + size_of(inner) + 1 for name, inner in content.items())
        case "BOOL":
            return 1
        case "S":
            return len(content.encode())
        case _:
            return len(content)
