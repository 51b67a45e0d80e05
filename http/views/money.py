"""Money in answers: a decimal number as a string."""

from decimal import Decimal
from typing import Annotated

from pydantic import PlainSerializer


def _written_out(amount: Decimal) -> str:
    return f"{amount:f}"


Dollars = Annotated[Decimal, PlainSerializer(_written_out, return_type=str)]
"""US dollars, never with an exponent: a small amount is `0.000000500`, and not `5.00E-7`."""
