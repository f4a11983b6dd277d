"""The hashed words: the same on every machine, and like texts near each other."""

import numpy as np
import pytest

from memory.embedding import DIMENSIONS, HashedWords, embed
from memory.features import features, figures


def test_a_text_has_the_same_vector_for_ever() -> None:
    """Stored vectors are compared with new ones; a changed hash would make them noise."""
    vector = embed("long rsi_14@3m 31.2")

    assert features("long rsi_14@3m 31.2") == ["long", "rsi_14@3m=3e+01"]
    assert sorted(np.flatnonzero(vector).tolist()) == [68, 249]
    assert float(np.linalg.norm(vector)) == pytest.approx(1.0)


def test_figures_are_compared_by_their_first_digit_and_their_label() -> None:
    """31 and 28 are the same situation, 31 and 78 are not; nor is 31 of something else."""
    base = embed("long rsi 31.2 regime risk_on")

    def likeness(text: str) -> float:
        return float(base @ embed(text))

    assert likeness("long rsi 28.7 regime risk_on") == pytest.approx(1.0)
    assert likeness("long rsi 78.0 regime risk_on") < 0.9
    assert likeness("long atr 31.2 regime risk_on") < 0.9


@pytest.mark.parametrize("text", ["", "!!!", "9" * 600, "\x00" * 10, "市场 " * 100])
def test_any_text_has_a_unit_vector(text: str) -> None:
    """A zero vector has no direction and would break the cosine."""
    assert float(np.linalg.norm(embed(text))) == pytest.approx(1.0)


def test_chromadb_can_rebuild_the_function_from_its_config() -> None:
    """A store opened by other code must not fall back to the model that downloads."""
    config = HashedWords().get_config()

    assert HashedWords.build_from_config(config).get_config() == {"dimensions": DIMENSIONS}
    with pytest.raises(ValueError, match="dimensions"):
        HashedWords.build_from_config({"dimensions": 8})


def test_the_figure_of_an_indicator_is_not_its_period() -> None:
    """As the desk writes it: `RSI 14 69.7` is an RSI of 69.7."""
    said = figures("buy 4 by strength on 3m: RSI 14 69.7 rising; ADX 31.5; volume at 129 %")

    assert (said["rsi"], said["adx"], said["buy"]) == (69.7, 31.5, 4.0)
