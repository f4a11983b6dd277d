"""Capabilities of the desk: one folder each, the code and its tool.py."""

from records import environment as environment
