"""The deployed stack is held to the promises of the protocol by the kit that others use."""

import platform

import pytest

from tests.backend.infra.deployment import deployment
from tests.proofs.counts import count
from tui.conformance import caller, kit
from tui.conformance.frames import closes_on_binary_frames, closes_on_long_frames

pytestmark = pytest.mark.skipif(
    platform.system() != "Linux", reason="the emulator runs the asset, which is made for Linux"
)
# The emulator stands in for API Gateway here, and closes no connection as the platform does.
PLATFORMS = {closes_on_binary_frames, closes_on_long_frames}


def as_text(frame: str | bytes) -> str:
    """The emulator posts binary frames where API Gateway posts text."""
    return frame if isinstance(frame, str) else frame.decode()


async def test_the_deployed_stack_keeps_every_promise(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the embedded gateway promises, the function, the table and the API keep as well."""
    monkeypatch.setattr(caller, "text_of", as_text)
    tried = [(part, promise) for part, promise in kit.promises() if promise not in PLATFORMS]
    tried = tried[:: count(7, 1)]
    found = [result async for result in kit.results(deployment().endpoint, tried, patience=30)]
    assert [result for result in found if result.verdict == "broken"] == []
    assert sum(result.verdict == "kept" for result in found) >= len(tried) - 2
