"""``python -m benchmarks [part …]``: every figure beside something known, as one table."""

import argparse
import importlib

from benchmarks.comparison import table

PARTS = ("gateway", "growth", "screen", "startup", "cold_start", "function")
"""The modules of `benchmarks` that have ``rows()``, in the order of the table."""


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", choices=[[], *PARTS], metavar="part", help=", ".join(PARTS)
    )
    chosen = parser.parse_args().parts or PARTS
    print(
        table(
            row for part in chosen for row in importlib.import_module(f"benchmarks.{part}").rows()
        )
    )


if __name__ == "__main__":
    main()
