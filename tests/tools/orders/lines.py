"""A journal for tests."""


class Lines:
    """A Journal that keeps what it was told."""

    def __init__(self):
        self.written = []

    def write(self, kind, **data):
        self.written.append((kind, data))

    def of(self, kind):
        return [data for found, data in self.written if found == kind]
