"""The extras are worth reading: right by a second source, without a look ahead, or missing."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from records.candles import CandleSeries
from tests.tools.indicators import extra_formulas as formulas
from tests.tools.indicators.lookahead import changed_later, some_bars
from tests.tools.indicators.samples import REAL, from_closes, real, wandering
from tools.indicators.compute import extra_arrays, extra_set
from tools.indicators.extra import EXTRAS, LEAST_BARS, REFUSED, ExtraName, columns_of, extra

ta = pytest.importorskip("talib")

MOMENTS = 60
SETTLED_BAR = 450
"""pandas-ta starts some averages otherwise; from here on that no longer shows."""

SECOND_SOURCES: Mapping[str, Callable[[CandleSeries], Any]] = {
    "ao_5_34": formulas.ao,
    "aroon_up_14": lambda s: ta.AROON(s.high, s.low, 14)[1],
    "aroon_down_14": lambda s: ta.AROON(s.high, s.low, 14)[0],
    "bop": lambda s: ta.BOP(s.open, s.high, s.low, s.close),
    "chop_14": formulas.chop,
    "cmf_20": formulas.cmf,
    "cmo_14": formulas.cmo,
    "dema_10": lambda s: ta.DEMA(s.close, 10),
    "donchian_lower_20": lambda s: formulas.donchian(s)[0],
    "donchian_middle_20": lambda s: formulas.donchian(s)[1],
    "donchian_upper_20": lambda s: formulas.donchian(s)[2],
    "efi_13": formulas.efi,
    "er_10": formulas.er,
    "hma_10": formulas.hma,
    "kama_10_2_30": lambda s: ta.KAMA(s.close, 10),
    "kc_lower_20_2": lambda s: formulas.kc(s)[0],
    "kc_middle_20_2": lambda s: formulas.kc(s)[1],
    "kc_upper_20_2": lambda s: formulas.kc(s)[2],
    "linreg_14": lambda s: ta.LINEARREG(s.close, 14),
    "mom_10": lambda s: ta.MOM(s.close, 10),
    "roc_10": lambda s: ta.ROC(s.close, 10),
    "stoch_k_14_3_3": lambda s: ta.STOCH(s.high, s.low, s.close, 14, 3, 0, 3, 0)[0],
    "stoch_d_14_3_3": lambda s: ta.STOCH(s.high, s.low, s.close, 14, 3, 0, 3, 0)[1],
    "t3_10": lambda s: ta.T3(s.close, 10, 0.7),
    "tema_10": lambda s: ta.TEMA(s.close, 10),
    "tsi_13_25": formulas.tsi,
    "ui_14": formulas.ui,
    "uo_7_14_28": lambda s: ta.ULTOSC(s.high, s.low, s.close),
    "vortex_plus_14": lambda s: formulas.vortex(s)[0],
    "vortex_minus_14": lambda s: formulas.vortex(s)[1],
    "vwma_10": formulas.vwma,
    "willr_14": lambda s: ta.WILLR(s.high, s.low, s.close, 14),
    "zscore_30": formulas.zscore,
}
NEAR_ZERO = {
    "ao_5_34": 1e-11, "bop": 1e-11, "cmf_20": 1e-10, "cmo_14": 1e-9, "efi_13": 1e-5,
    "roc_10": 1e-11, "tsi_13_25": 1e-9, "willr_14": 1e-9, "stoch_k_14_3_3": 1e-9,
    "stoch_d_14_3_3": 1e-9, "ui_14": 1e-9, "zscore_30": 1e-9, "er_10": 1e-11,
}  # fmt: skip
"""In the figure's own unit: where it crosses zero, a relative difference means nothing."""


@pytest.fixture(autouse=True)
def alone(pandas_ta_loaded: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the process of their own: pandas-ta does not find TA-Lib."""
    from pandas_ta.maps import Imports

    monkeypatch.setitem(Imports, "talib", False)


def _series() -> list[CandleSeries]:
    generated = [wandering(seed=1), wandering(seed=2)]
    return [*generated, real("BTC"), real("DOGE", end=5000)] if REAL.exists() else generated


def test_every_column_has_a_second_source() -> None:
    """A name is added with the proof that pandas-ta has it right, or not at all."""
    assert set(columns_of(EXTRAS)) == set(SECOND_SOURCES)


@pytest.mark.parametrize("name", EXTRAS)
def test_values_agree_with_a_second_source(name: ExtraName) -> None:
    """Within 1e-9 once the start has faded: TA-Lib, or the formula bar by bar."""
    for series in _series():
        for column, ours in extra_arrays(series, name).items():
            theirs = np.asarray(SECOND_SOURCES[column](series))[SETTLED_BAR:]
            allowed = 1e-9 * np.abs(theirs) + NEAR_ZERO.get(column, 0.0)
            assert (np.abs(ours[SETTLED_BAR:] - theirs) <= allowed).all(), column


@pytest.mark.parametrize("name", EXTRAS)
def test_what_is_shown_first_is_right_to_the_digits_shown(name: ExtraName) -> None:
    """From two hundred bars on no start shows in five significant digits."""
    for series in _series():
        for column, ours in extra_arrays(series, name).items():
            theirs = np.asarray(SECOND_SOURCES[column](series))[LEAST_BARS - 1 :]
            allowed = 1e-6 * np.abs(theirs) + 1e-5 * np.std(theirs)
            assert (np.abs(ours[LEAST_BARS - 1 :] - theirs) <= allowed).all(), column


@pytest.mark.parametrize("name", EXTRAS)
@pytest.mark.parametrize("there", [True, False], ids=["real", "generated"])
def test_no_extra_looks_ahead(name: ExtraName, there: bool) -> None:
    """The value from the candles up to a moment is the value from all of them, to the bit."""
    if there and not REAL.exists():
        pytest.skip("the shared candles are not here")
    series = real("ETH", count=600) if there else wandering(600, seed=11)
    bars = [LEAST_BARS - 1 + n for n in some_bars(MOMENTS, of=601 - LEAST_BARS, seed=5)]
    found = changed_later(
        lambda frames, interval: extra_arrays(frames[interval], name),
        {"1h": series},
        "1h",
        bars,
    )
    assert found == {}


def test_with_fewer_bars_they_are_missing() -> None:
    """A value whose start still shows would be wrong, not early."""
    few, enough = (wandering(LEAST_BARS - 1 + n) for n in (0, 1))
    assert set(extra_set(few, EXTRAS).values.values()) == {None}
    assert None not in extra_set(enough, EXTRAS).values.values()


def test_what_pandas_ta_refuses_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers None where it has no answer, and raises where it is surprised."""
    import pandas_ta

    def surprised(**_given: object) -> None:
        raise ValueError("surprised")

    monkeypatch.setattr(pandas_ta, "cmf", lambda **_given: None)
    monkeypatch.setattr(pandas_ta, "roc", surprised)
    values = extra_set(wandering(300), ("cmf", "roc", "mom")).values
    assert values["cmf_20"] is None
    assert values["roc_10"] is None
    assert values["mom_10"] is not None


def test_no_value_is_infinite_in_a_market_that_stands_still() -> None:
    """Nothing moved, nothing was traded: what divides by it is missing."""
    still = from_closes([100.0] * 300, volume=[0.0] * 300)
    values = extra_set(still, EXTRAS).values
    assert values["cmo_14"] is None
    assert values["vwma_10"] is None
    assert values["donchian_upper_20"] == 100


@pytest.mark.parametrize("name", EXTRAS)
def test_names_and_columns_are_plain(name: ExtraName) -> None:
    """An agent quotes a column as a figure's name; one that is read twice would be ambiguous."""
    from tools.indicators.registry import latest

    columns = set(extra(name).columns)
    assert all(column.isidentifier() and column == column.lower() for column in columns)
    assert not columns & set(latest(wandering(5)))


def test_a_refused_name_is_not_in_the_list() -> None:
    """Each was tried, and is left out for the reason given."""
    assert not set(REFUSED) & set(EXTRAS)


@pytest.mark.parametrize("name", ["cci", "natr"])
def test_what_was_refused_is_still_wrong(name: str) -> None:
    """Once pandas-ta mends it, this fails and the name can be added."""
    import pandas as pd
    import pandas_ta

    series = wandering(600)
    bars = [pd.Series(column) for column in (series.high, series.low, series.close)]
    theirs = getattr(ta, name.upper())(series.high, series.low, series.close, 14)
    ours = getattr(pandas_ta, name)(*bars, 14, talib=False).to_numpy()
    assert np.abs(ours[-1] / theirs[-1] - 1) > 1e-3


def test_the_list_is_read_without_pandas() -> None:
    """Settings are checked against it in every cycle, the ones that hold included."""
    code = (
        "import sys, crew.settings, tools.indicators.extra;"
        "print(*{'pandas', 'pandas_ta', 'numba', 'numpy'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
