"""Money as people read it."""


def dollars(text: str) -> str:
    """Return an amount without the zeros that it does not need: `3.421900000` is `3.4219`, `5` is `5.00`."""
    whole, _, rest = text.partition(".")
    return f"{whole}.{rest.rstrip('0').ljust(2, '0')}"
