"""The cycle and the crew that deliberates in it."""

from records import environment as environment
