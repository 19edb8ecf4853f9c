"""The language both sides speak. Imports the standard library and msgspec only; no I/O."""
