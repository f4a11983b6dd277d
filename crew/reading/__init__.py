"""A cycle's transcript for people: found, checked, told on a terminal or as a page."""
