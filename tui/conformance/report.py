"""What became of each promise, as text and as JUnit XML."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree as ET

Verdict = Literal["kept", "broken", "not tried"]


@dataclass(frozen=True, slots=True)
class Result:
    """``part`` and ``name`` say where the promise stands in the code, ``promise`` is its sentence.

    ``why`` is what the server did instead, or why the promise was not tried.
    """

    part: str
    name: str
    promise: str
    verdict: Verdict
    seconds: float = 0
    why: str = ""


def text(result: Result) -> str:
    """One promise in a line, with a second one where it was not kept."""
    line = f"{result.verdict:<10}{result.part}: {result.promise}"
    return f"{line}\n{'':10}{result.why}" if result.why else line


def summary(results: Sequence[Result]) -> str:
    """How many promises were kept, broken and not tried."""
    counts = Counter(result.verdict for result in results)
    return f"{counts['kept']} kept, {counts['broken']} broken, {counts['not tried']} not tried"


def junit(results: Sequence[Result], url: str) -> str:
    """The results as JUnit XML, which every CI shows."""
    counts = Counter(result.verdict for result in results)
    suite = ET.Element(
        "testsuite",
        name=f"noughts-tui conformance of {url}",
        tests=str(len(results)),
        failures=str(counts["broken"]),
        errors="0",
        skipped=str(counts["not tried"]),
        time=f"{sum(result.seconds for result in results):.3f}",
    )
    for result in results:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=result.part,
            name=result.name,
            time=f"{result.seconds:.3f}",
        )
        ET.SubElement(case, "system-out").text = result.promise
        match result.verdict:
            case "broken":
                ET.SubElement(case, "failure", message=result.why)
            case "not tried":
                ET.SubElement(case, "skipped", message=result.why)
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"
