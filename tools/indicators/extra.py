"""
Indicators of pandas-ta that a setting adds to what agents read, without a line of code.

The list is short on purpose: each was compared with a second source, and looks at no later
candle. Only names stand here: settings are checked against them in every cycle, and
nothing heavy may be imported for that. `compute.py` computes them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

ExtraName = Literal[
    "ao", "aroon", "bop", "chop", "cmf", "cmo", "dema", "donchian", "efi", "er", "hma", "kama",
    "kc", "linreg", "mom", "roc", "stoch", "t3", "tema", "tsi", "ui", "uo", "vortex", "vwma",
    "willr", "zscore",
]  # fmt: skip
EXTRAS: tuple[ExtraName, ...] = get_args(ExtraName)
MOST_EXTRAS: Final = 8
LEAST_BARS: Final = 200
"""With fewer candles an extra is missing: how its averages started would still show."""

REFUSED: Mapping[str, str] = {
    "cci": "pandas-ta divides before it subtracts",
    "dpo": "it looks ahead",
    "fisher": "it takes 0.001 for the least range there is, and coins move by less",
    "ichimoku": "its lagging span looks ahead",
    "natr": "it is not Wilder's; atr_pct_14 is shown anyway",
    "psar": "its stop leaves Wilder's after a turn",
    "supertrend": "its band forgets its best price after a large candle",
    "trix": "how it started shows for longer than two hundred candles",
}
"""Names that people will look for, and why they are not in the list."""


@dataclass(frozen=True, slots=True)
class Extra:
    """One of them: what it reads, and its columns as the desk and as pandas-ta name them."""

    reads: tuple[str, ...]
    columns: Mapping[str, str]


_CLOSE = ("close",)
_HIGH_LOW = ("high", "low")
_HLC = ("high", "low", "close")

_EXTRAS: Mapping[ExtraName, Extra] = {
    "ao": Extra(_HIGH_LOW, {"ao_5_34": "AO_5_34"}),
    "aroon": Extra(_HIGH_LOW, {"aroon_up_14": "AROONU_14", "aroon_down_14": "AROOND_14"}),
    "bop": Extra(("open", *_HLC), {"bop": "BOP"}),
    "chop": Extra(_HLC, {"chop_14": "CHOP_14_1_100.0"}),
    "cmf": Extra((*_HLC, "volume"), {"cmf_20": "CMF_20"}),
    "cmo": Extra(_CLOSE, {"cmo_14": "CMO_14"}),
    "dema": Extra(_CLOSE, {"dema_10": "DEMA_10"}),
    "donchian": Extra(
        _HIGH_LOW,
        {
            "donchian_lower_20": "DCL_20_20",
            "donchian_middle_20": "DCM_20_20",
            "donchian_upper_20": "DCU_20_20",
        },
    ),
    "efi": Extra(("close", "volume"), {"efi_13": "EFI_13"}),
    "er": Extra(_CLOSE, {"er_10": "ER_10"}),
    "hma": Extra(_CLOSE, {"hma_10": "HMA_10"}),
    "kama": Extra(_CLOSE, {"kama_10_2_30": "KAMA_10_2_30"}),
    "kc": Extra(
        _HLC,
        {
            "kc_lower_20_2": "KCLe_20_2",
            "kc_middle_20_2": "KCBe_20_2",
            "kc_upper_20_2": "KCUe_20_2",
        },
    ),
    "linreg": Extra(_CLOSE, {"linreg_14": "LINREG_14"}),
    "mom": Extra(_CLOSE, {"mom_10": "MOM_10"}),
    "roc": Extra(_CLOSE, {"roc_10": "ROC_10"}),
    "stoch": Extra(_HLC, {"stoch_k_14_3_3": "STOCHk_14_3_3", "stoch_d_14_3_3": "STOCHd_14_3_3"}),
    "t3": Extra(_CLOSE, {"t3_10": "T3_10_0.7"}),
    "tema": Extra(_CLOSE, {"tema_10": "TEMA_10"}),
    "tsi": Extra(_CLOSE, {"tsi_13_25": "TSI_13_25_13"}),
    "ui": Extra(_CLOSE, {"ui_14": "UI_14"}),
    "uo": Extra(_HLC, {"uo_7_14_28": "UO_7_14_28"}),
    "vortex": Extra(_HLC, {"vortex_plus_14": "VTXP_14", "vortex_minus_14": "VTXM_14"}),
    "vwma": Extra(("close", "volume"), {"vwma_10": "VWMA_10"}),
    "willr": Extra(_HLC, {"willr_14": "WILLR_14"}),
    "zscore": Extra(_CLOSE, {"zscore_30": "ZS_30"}),
}


def extra(name: ExtraName) -> Extra:
    """What is known of one name of EXTRAS."""
    return _EXTRAS[name]


def columns_of(names: Iterable[ExtraName]) -> tuple[str, ...]:
    """The columns of these, in the order named."""
    return tuple(column for name in names for column in _EXTRAS[name].columns)
