"""What goes wrong between here and AWS, and what it means."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from botocore import exceptions
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from backend.aws.attributes import Item
from backend.core.ports import Busy

UNANSWERED: Final = (exceptions.ConnectionError, exceptions.HTTPClientError)
"""No connection, or no answer in time."""

NO_ANSWER: Final = (exceptions.BotoCoreError, ResponseParserError)
"""All that is no answer of AWS, one that cannot be read included."""

# As a call is refused, or a part of a transaction, without the ``Exception`` of the former.
_THROTTLED: Final = frozenset(
    {
        "ProvisionedThroughputExceeded",
        "ReplicatedWriteConflict",
        "RequestLimitExceeded",
        "Throttling",
        "ThrottlingError",
        "TransactionConflict",
        "TransactionInProgress",
    }
)
_MET: Final = "TransactionConflict"
_FAILED: Final = "ConditionalCheckFailed"


def code_of(error: ClientError) -> str:
    return error.response["Error"]["Code"]


def status_of(error: ClientError) -> int:
    """The HTTP status of the answer, which also tells errors that botocore does not know."""
    return error.response["ResponseMetadata"]["HTTPStatusCode"]


def reasons_of(error: ClientError) -> Sequence[tuple[str, Item | None]]:
    """Why each part of a transaction was refused, with its item; of a single call, why that was.

    Codes come without their ``Exception``: calls have it, parts of transactions do not.
    """
    response: Mapping[str, Any] = error.response
    parts = response.get("CancellationReasons", [{"Code": code_of(error), **response}])
    return [(part["Code"].removesuffix("Exception"), part.get("Item")) for part in parts]


def failed_condition(error: ClientError) -> tuple[int, Item | None] | None:
    """The first condition that does not hold: its place and item; None when it was not for one."""
    reasons = enumerate(reasons_of(error))
    return next(((place, item) for place, (code, item) in reasons if code == _FAILED), None)


def is_gone(error: ClientError) -> bool:
    """Whether the connection that was asked for does not exist any more."""
    return status_of(error) == 410


def is_answer(error: ClientError) -> bool:
    """Whether the table did what it should: a condition did not hold, or others were first."""
    return failed_condition(error) is not None or has_met(error)


def has_met(error: ClientError) -> bool:
    """Whether a write was refused because a transaction writes the same item at this moment."""
    codes = {code for code, _ in reasons_of(error)}
    return _MET in codes and _FAILED not in codes


@contextmanager
def busy() -> Iterator[None]:
    """Makes throttling, contention, time-outs and the database's own faults `Busy`."""
    try:
        yield
    except UNANSWERED as error:
        raise Busy from error
    except ClientError as error:
        if _passes(error):
            raise Busy from error
        raise


def _passes(error: ClientError) -> bool:
    codes = {code for code, _ in reasons_of(error)}
    return (bool(codes & _THROTTLED) and _FAILED not in codes) or _is_passing(status_of(error))


def _is_passing(status: int) -> bool:
    return status == 429 or status >= 500
