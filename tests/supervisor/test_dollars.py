"""Amounts of money: no digit too many, none too few."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ennio.supervisor.dollars import decimals, rounded, written
from ennio.supervisor.errors import Invalid

AMOUNTS = st.decimals(0, 10**12, places=9)


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "-Infinity", "-0.01"])
def test_what_nobody_can_have_spent_is_refused(amount: str) -> None:
    with pytest.raises(Invalid, match="is no amount that was spent"):
        rounded(Decimal(amount))


@pytest.mark.parametrize(
    ("amount", "kept"),
    [
        ("0", "0"),
        ("0.0000000014", "0.000000001"),
        ("0.0000000005", "0"),
        ("0.0000000015", "0.000000002"),
        ("0.1234567891234567", "0.123456789"),
        ("1E+30", "1E+30"),
    ],
)
def test_an_amount_is_kept_to_a_billionth(amount: str, kept: str) -> None:
    assert rounded(Decimal(amount)) == Decimal(kept)


@settings(deadline=None)
@given(AMOUNTS)
def test_what_has_no_more_digits_than_that_stays_as_it_is(amount: Decimal) -> None:
    assert rounded(amount) == amount


@pytest.mark.parametrize(
    ("amount", "places"),
    [
        ("20", 2),
        ("20.0", 2),
        ("1E+9", 2),
        ("0.5", 2),
        ("0.125", 3),
        ("0.0005", 4),
        ("1E-9", 9),
        ("1.50000", 2),
    ],
)
def test_an_amount_is_written_with_cents_and_with_what_it_has_beyond(amount: str, places: int) -> None:
    assert decimals(Decimal(amount)) == places
    assert Decimal(written(Decimal(amount), places)) == Decimal(amount)


@settings(deadline=None)
@given(AMOUNTS, st.integers(0, 9))
def test_an_amount_is_never_written_as_more_than_it_is(amount: Decimal, places: int) -> None:
    text = written(amount, places)
    assert Decimal(text) <= amount < Decimal(text) + Decimal(1).scaleb(-places)
    assert "E" not in text
    assert len(text.partition(".")[2]) == places
