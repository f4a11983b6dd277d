"""
Looks for secrets in every file of a folder: `uv run python -m tests.canaries FOLDER`.

The values are those of the environment's variables that are named like secrets. It reads
files as bytes, databases row by row as well (SQLite spreads a long text over its pages), and
searches in two ways: by its own list of forms, and by the redactor's. It tells where a secret
stands and never repeats it. Exit code 1: something was found; 2: there was nothing to look for.
"""

import base64
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus

from crew.secrets import named_secret
from records.redaction import Redactor, is_secret

_SQLITE = b"SQLite format 3\0"


def main(arguments: list[str]) -> int:
    """Print what is found in the folder named."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        print("usage: python -m tests.canaries FOLDER", file=sys.stderr)
        return 2
    secrets = {n: v for n, v in os.environ.items() if named_secret(n) and is_secret(v)}
    if not secrets:
        print("No variable of the environment is named like a secret and has one.")
        return 2
    found = findings(Path(arguments[0]), secrets)
    print("\n".join(found) or f"Nothing of {', '.join(sorted(secrets))} in {arguments[0]}.")
    return 1 if found else 0


def findings(folder: Path, secrets: Mapping[str, str]) -> list[str]:
    """Every form of every secret in every file below, each as one line."""
    return [
        f"{file.relative_to(folder)}: {found}"
        for file in sorted(folder.rglob("*"))
        if file.is_file()
        for where, data in _contents(file)
        for found in (f"{where}{one}" for one in found_in(data, secrets))
    ]


def found_in(data: bytes, secrets: Mapping[str, str]) -> list[str]:
    """The forms of these secrets in these bytes."""
    small = data.lower()
    return [
        f"{name}: {form}"
        for name, secret in secrets.items()
        for form in (
            *(form for form, sought in forms(secret).items() if sought.lower() in small),
            *Redactor([secret]).find(data),
        )
    ]


def forms(secret: str) -> dict[str, bytes]:
    """What is looked for, by means the redactor does not use."""
    data, backwards = secret.encode(), secret[::-1].encode()
    found = {
        "raw": data,
        "reversed": backwards,
        "hex": data.hex().encode(),
        "hex of reversed": backwards.hex().encode(),
        "URL-coded": quote(secret, safe="").encode(),
        "URL-coded with plus": quote_plus(secret).encode(),
        "URL-coded whole": "".join(f"%{byte:02x}" for byte in data).encode(),
    }
    for ahead in range(3):
        for name, code in (("", base64.b64encode), ("url-safe ", base64.urlsafe_b64encode)):
            # signs that depend on what stands before or behind are left out
            sure = code(bytes(ahead) + data)[(0, 2, 3)[ahead] : (ahead + len(data)) * 8 // 6]
            found[f"{name}base64 after {ahead}"] = sure
    return found


def _contents(file: Path) -> Iterator[tuple[str, bytes]]:
    """A file's bytes, and the cells of a database."""
    data = file.read_bytes()
    yield "", data
    if data.startswith(_SQLITE):
        yield from _cells(file)


def _cells(file: Path) -> Iterator[tuple[str, bytes]]:
    """Every text and blob, read from a copy so that nothing is changed."""
    with tempfile.TemporaryDirectory() as folder:
        for part in file.parent.glob(f"{file.name}*"):
            shutil.copyfile(part, Path(folder) / part.name)
        connection = sqlite3.connect(Path(folder) / file.name)
        connection.text_factory = bytes
        tables = "SELECT name FROM sqlite_master WHERE type = 'table'"
        for (name,) in connection.execute(tables).fetchall():
            table = name.decode().replace('"', '""')
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                yield f"table {name.decode()}: ", b"\n".join(v for v in row if isinstance(v, bytes))
        connection.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
