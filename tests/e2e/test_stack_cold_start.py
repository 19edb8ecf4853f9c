"""How fast the function starts."""

from benchmarks.cold_start import MOST, measured


def test_a_cold_start_costs_little_more_than_its_library() -> None:
    """The packaged handler starts with little more work than boto3 and two clients would."""
    boto3, handler = measured()
    assert handler.cpu <= MOST * boto3.cpu
