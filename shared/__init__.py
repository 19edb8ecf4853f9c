"""The language both sides speak: rules, messages and their one codec. Standard library and msgspec only, no I/O."""
