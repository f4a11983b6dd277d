"""
Candle files into checked series: parquet or csv, columns timestamp (UTC ms, open time),
open, high, low, close, volume.

The name says what is inside: BTC_USDT-1h.csv, BTC_USDT-1h.201708-202210.parquet. A file
that contradicts its name, or holds anything but sorted finite numbers, is refused whole
with the rows that are wrong; nothing is dropped or repaired. Mark prices have no volume:
a file without that column is read as one of volume 0, which becomes a finding.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from records.candles import CandleSeries, interval_ms
from records.errors import BadCandles, SettingsError

COLUMNS = ("timestamp", "open", "high", "low", "close", "volume")
_NAME = re.compile(r"([A-Z0-9]{1,20})_([A-Z0-9]{1,20})-([1-9][0-9]*[mhdw])(?:\..+)?\.(parquet|csv)")
_EARLIEST_MS, _LATEST_MS = 1_000_000_000_000, 10_000_000_000_000  # 2001 to 2286, in milliseconds
_LARGEST_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class CandleFile:
    """A candle file as its name describes it."""

    path: Path
    symbol: str
    interval: str


def described(path: Path) -> CandleFile:
    """What a file holds, by its name; the file must exist."""
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise SettingsError(
            f"{path.name!r} is not a name for a candle file. "
            "Call it BASE_QUOTE-INTERVAL.parquet or .csv, such as BTC_USDT-1h.parquet."
        )
    if not path.is_file():
        raise SettingsError(
            f"The candle file {str(path)!r} does not exist. Nothing was replayed. "
            "Correct the list of replay files."
        )
    interval_ms(match[3])
    return CandleFile(path, f"{match[1]}/{match[2]}", match[3])


def read(file: CandleFile) -> CandleSeries:
    """The whole file, checked; raises BadCandles naming file and row."""
    name = file.path.name
    if file.path.stat().st_size > _LARGEST_BYTES:
        raise BadCandles(name, f"it is larger than {_LARGEST_BYTES // 1024**2} MB")
    columns = _columns(file.path)
    times = columns[0]
    if times.dtype != np.int64:
        raise BadCandles(name, "its timestamp column does not hold whole numbers")
    outside = np.flatnonzero((times < _EARLIEST_MS) | (times >= _LATEST_MS))
    if outside.size:
        raise BadCandles(name, f"row {outside[0] + 1} has a timestamp that is not in UTC ms")
    block = np.column_stack([column.astype(np.float64) for column in columns[1:]])
    return CandleSeries.checked(file.symbol, file.interval, times, block, source=name)


def _columns(path: Path) -> list[NDArray[Any]]:
    import pyarrow as pa

    try:
        table = _parquet(path) if path.suffix == ".parquet" else _csv(path)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowKeyError, OSError) as problem:
        where = _first_bad_line(path) if path.suffix == ".csv" else None
        raise BadCandles(path.name, where or str(problem).splitlines()[0][:200]) from problem
    missing = [name for name in COLUMNS if name not in table.column_names]
    if missing not in ([], ["volume"]):
        raise BadCandles(path.name, f"it has no column {', '.join(missing)}")
    found = [_numbers(path, name, table.column(name)) for name in COLUMNS if name not in missing]
    return [*found, *(np.zeros(table.num_rows) for _ in missing)]


def _numbers(path: Path, name: str, column: Any) -> NDArray[Any]:
    import pyarrow as pa

    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise BadCandles(path.name, f"its column {name} holds {column.type}, not numbers")
    if column.null_count:
        row = column.is_null().index(True).as_py() + 1
        raise BadCandles(path.name, f"row {row} has no {name}")
    wide = column.cast(pa.int64() if pa.types.is_integer(column.type) else pa.float64())
    # Not to_numpy(): it imports pandas, which costs more than reading the file.
    parts = [np.from_dlpack(chunk) for chunk in wide.chunks if len(chunk)]
    return np.concatenate(parts) if parts else np.empty(0, wide.type.to_pandas_dtype())


def _parquet(path: Path) -> Any:
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        present = [name for name in COLUMNS if name in file.schema_arrow.names]
        return file.read(columns=present, use_threads=False)


def _csv(path: Path) -> Any:
    import pyarrow as pa
    from pyarrow import csv

    types = {name: pa.float64() for name in COLUMNS} | {"timestamp": pa.int64()}
    return csv.read_csv(
        path,
        read_options=csv.ReadOptions(use_threads=False),
        convert_options=csv.ConvertOptions(column_types=types),
    )


def _first_bad_line(path: Path) -> str | None:
    """The first line that is not six numbers, for the message; None when all are."""
    import csv

    with path.open(newline="", encoding="utf-8", errors="replace") as lines:
        for row, values in enumerate(csv.DictReader(lines), start=1):
            for name in COLUMNS:
                if not _is_number(values.get(name)):
                    return f"row {row} has {str(values.get(name))[:40]!r} as {name}"
    return None


def _is_number(text: str | None) -> bool:
    try:
        float(text or "")
    except ValueError:
        return False
    return True
