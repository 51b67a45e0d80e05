"""Amounts of money: US dollars in exact decimals, and how they are written."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Context, Decimal

from .errors import Invalid

SMALLEST = Decimal("1E-9")
"""What is spent is a whole number of these."""

EXACT = Context(prec=100, rounding=ROUND_HALF_EVEN)
"""Digits enough for any price times any number of tokens, so that nothing is rounded before its end."""


def rounded(amount: Decimal) -> Decimal:
    """Return an amount to a billionth of a dollar. Raises `Invalid` for what nobody can have spent."""
    if not amount.is_finite() or amount < 0:
        raise Invalid(f"{amount} is no amount that was spent: give a finite one, not below 0")
    return amount.quantize(SMALLEST, context=EXACT)


def decimals(amount: Decimal) -> int:
    """Return how many decimals it takes to write an amount out, at least two."""
    exponent = amount.normalize(EXACT).as_tuple().exponent
    return max(2, -exponent) if isinstance(exponent, int) else 2


def written(amount: Decimal, places: int = 2) -> str:
    """Write an amount with so many decimals, and never as more than it is."""
    return f"{amount.quantize(Decimal(1).scaleb(-places), rounding=ROUND_DOWN, context=EXACT):f}"
