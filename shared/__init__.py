"""The language both sides speak."""
