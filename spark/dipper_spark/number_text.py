"""Numbers and truth values from text, by the rules of Dipper's own parser."""

import decimal
import re
import struct

INT64 = (-(2**63), 2**63 - 1)
INT32 = (-(2**31), 2**31 - 1)
DIGITS_MAX = 38
EXPONENT_MAX = 100_000
TRUE, FALSE = (b"1", b"t", b"y", b"true", b"yes"), (b"0", b"f", b"n", b"false", b"no")
NUMBER = re.compile(rb"[+-]?[0-9]*\.?[0-9]*")


class Unreadable(Exception):
    """Why a text is no value: `invalid` has not the form, else it does not fit."""

    def __init__(self, reason, is_invalid=True):
        super().__init__(reason)
        self.reason, self.is_invalid = reason, is_invalid


def whole(text, bits=64):
    sign = text[:1] in (b"-", b"+")
    digits = text[1:] if sign else text
    if not digits:
        raise Unreadable("it has no digits")
    if not digits.isdigit():
        raise Unreadable("it has a character that is no digit")
    value = int(digits) if len(digits) < 4000 else 2**64
    value = -value if text[:1] == b"-" else value
    if not INT64[0] <= value <= INT64[1]:
        raise Unreadable("it is beyond 64 bits", is_invalid=False)
    if bits == 32 and not INT32[0] <= value <= INT32[1]:
        raise Unreadable("it is beyond 32 bits", is_invalid=False)
    return value


def boolean(text):
    word = text.lower()
    if word in TRUE:
        return True
    if word in FALSE:
        return False
    raise Unreadable("it is none of the words for true and false")


def scan(text):
    """`(is negative, digits without the point, digits behind the point, exponent)` of a decimal number."""
    match = NUMBER.match(text)
    body = match[0]
    negative = body[:1] == b"-"
    digits = body.lstrip(b"+-")
    before, _, after = digits.partition(b".")
    if not before and not after:
        raise Unreadable("it has no digits")
    rest, exponent = text[match.end():], 0
    if rest[:1] in (b"e", b"E"):
        rest = rest[1:]
        down = rest[:1] == b"-"
        if rest[:1] in (b"-", b"+"):
            rest = rest[1:]
        count = len(rest) - len(rest.lstrip(b"0123456789"))
        if count == 0:
            raise Unreadable("its exponent has no digits")
        exponent = min(EXPONENT_MAX, int(rest[:min(count, 4000)]))
        exponent = -exponent if down else exponent
        rest = rest[count:]
    if rest:
        raise Unreadable("it has a character that belongs to no number")
    return negative, before + after, len(after), exponent


def fixed_point(text, precision, scale):
    """The unscaled number; digits behind the scale must be zeros."""
    negative, digits, fraction, exponent = scan(text)
    significant = digits.lstrip(b"0")
    if not significant:
        return 0
    kept, lost = significant[:DIGITS_MAX], significant[DIGITS_MAX:]
    value, shift = int(kept), exponent - fraction + scale + len(lost)
    while shift < 0 and value:
        value, rest = divmod(value, 10)
        if rest:
            raise Unreadable("it has more digits behind the point than the type keeps")
        shift += 1
    if lost.strip(b"0"):
        raise Unreadable("it has more than 38 digits", is_invalid=False)
    if value and shift > precision:
        raise Unreadable("it has more digits than the type keeps", is_invalid=False)
    value *= 10 ** max(shift, 0)
    if value >= 10**precision:
        raise Unreadable("it has more digits than the type keeps", is_invalid=False)
    return -value if negative else value


def floating(text, is_single=False):
    special = not_finite(text)
    if special is not None:
        return special
    scan(text)
    value = float(text)
    if is_single:
        value = single(text, value)
    if value in (float("inf"), float("-inf")):
        raise Unreadable(f"it is beyond the largest {'float' if is_single else 'double'}", is_invalid=False)
    return value


def not_finite(text):
    word = text.lower()
    unsigned = word[1:] if word[:1] in (b"-", b"+") else word
    if unsigned == b"nan":
        return float("nan")
    if unsigned in (b"inf", b"infinity"):
        return float("-inf") if word[:1] == b"-" else float("inf")
    return None


def single(text, value):
    """The nearest float of 32 bits. Two roundings differ from one only where the first lands between two floats."""
    try:
        near = struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
    if near == value or value == 0:
        return near
    other = struct.unpack("<f", struct.pack("<I", struct.unpack("<I", struct.pack("<f", near))[0] + step(near, value)))[0]
    exact = decimal.Decimal(text.decode("ascii"))
    with decimal.localcontext() as context:
        context.prec = 2000
        gap, other_gap = abs(decimal.Decimal(near) - exact), abs(decimal.Decimal(other) - exact)
    return other if other_gap < gap else near


def step(near, value):
    """Which neighbour of `near`, by its bits, lies on the other side of `value`."""
    return 1 if (value > near) == (near > 0 or (near == 0 and value > 0)) else -1
