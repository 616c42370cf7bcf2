"""Currency exponents by ISO 4217, and amounts as people read them. Amounts are integers in minor units."""

from switch import money


def exponent(currency: str) -> int | None:
    """How many decimals the numeric currency code has; None for what is no currency of payments."""
    try:
        return money.exponent(currency)
    except money.AmountError:
        return None


def show_amount(amount: int, currency: str) -> str:
    """`12.34 978`; minor units are marked as such when the currency is not known."""
    decimals = exponent(currency)
    if decimals is None:
        return f"{amount} minor units of {currency}"
    if decimals == 0:
        return f"{amount} {currency}"
    digits = f"{amount:0{decimals + 1}d}"
    return f"{digits[:-decimals]}.{digits[-decimals:]} {currency}"
