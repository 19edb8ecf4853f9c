"""Failed calls of AWS leave a trace; answers leave none."""

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from backend.aws import faults
from backend.aws.watched import Watched
from tests.backend.aws.faulty import Faulty, refusal

CONDITION = {"Code": "ConditionalCheckFailed"}
NONE = {"Code": "None"}
CONFLICT = {"Code": "TransactionConflict"}
THROTTLED = {"Code": "ThrottlingError"}


def cancelled(*reasons: dict[str, str]) -> ClientError:
    return refusal("TransactionCanceledException", CancellationReasons=list(reasons))


def noted(error: Exception, caplog: pytest.LogCaptureFixture) -> tuple[int, list[str]]:
    """How often a call that fails so is counted, and what is logged."""
    failures: list[None] = []
    client = Watched(Faulty(error), faults.is_answer, lambda: failures.append(None))
    with pytest.raises(type(error)):
        client.update_item(TableName="games", Key={"GameId": {"S": "K7QF2M"}})
    return len(failures), [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (refusal("InternalServerError", 500), "500 InternalServerError"),
        (refusal("AccessDeniedException"), "400 AccessDeniedException"),
        (cancelled(NONE, THROTTLED), "400 TransactionCanceledException"),
        (ReadTimeoutError(endpoint_url="https://example.org"), "ReadTimeoutError"),
        (ResponseParserError("no JSON"), "ResponseParserError"),
    ],
    ids=str,
)
def test_a_failure_is_counted_and_named(
    error: Exception, cause: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A failed call is counted once and logged by operation and code, without what it held."""
    assert noted(error, caplog) == (1, [f"update_item failed: {cause}"])


@pytest.mark.parametrize(
    "error",
    [
        refusal("ConditionalCheckFailedException"),
        refusal("TransactionConflictException"),
        cancelled(NONE, CONDITION),
        cancelled(NONE, CONFLICT),
        cancelled(CONDITION, CONFLICT),
    ],
    ids=str,
)
def test_an_answer_is_no_failure(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """A condition that does not hold, or a write that others were before, is no failure."""
    assert noted(error, caplog) == (0, [])
