"""Lessons of past cycles and how they turned out."""

from records import environment as environment
