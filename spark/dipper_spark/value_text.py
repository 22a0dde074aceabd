"""Text to values, values to text, and what a message shows of either."""

import re
import uuid

from dipper_spark import calendar_days, number_text, time_text
from dipper_spark.number_text import Unreadable

SHOWN_BYTES_MAX = 80
PLAIN = re.compile(rb"[\x20-\x7e]*")
HEXADECIMAL = re.compile(rb"[0-9a-fA-F]*")
UUID_HYPHENS = (8, 13, 18, 23)


def hexadecimal(text, length=None):
    digits = text[2:] if text[:2].lower() in (b"0x", b"\\x") else text
    if len(digits) % 2:
        raise Unreadable("it has an odd number of digits")
    if not HEXADECIMAL.fullmatch(digits):
        raise Unreadable("it has a character that is no hexadecimal digit")
    if length is not None and len(digits) != 2 * length:
        raise Unreadable("it has not the type's number of bytes")
    return bytes.fromhex(digits.decode("ascii"))


def uuid_bytes(text):
    if len(text) == 36:
        if any(text[at] != 0x2D for at in UUID_HYPHENS):
            raise Unreadable("its hyphens are not where a UUID has them")
        text = b"".join(text[a:b] for a, b in ((0, 8), (9, 13), (14, 18), (19, 23), (24, 36)))
    elif len(text) != 32:
        raise Unreadable("it is not 36 characters long")
    return hexadecimal_digits(text)


def hexadecimal_digits(text):
    if not HEXADECIMAL.fullmatch(text):
        raise Unreadable("it has a character that is no hexadecimal digit")
    return bytes.fromhex(text.decode("ascii"))


def parser(kind):
    """What reads a text, trimmed and not empty, of every type but string."""
    return {
        "boolean": number_text.boolean,
        "int": lambda text: number_text.whole(text, 32),
        "long": number_text.whole,
        "float": lambda text: number_text.floating(text, is_single=True),
        "double": number_text.floating,
        "decimal": lambda text: number_text.fixed_point(text, kind.precision, kind.scale),
        "date": time_text.date,
        "time": time_text.time,
        "timestamp": lambda text: time_text.timestamp(text, has_zone=False),
        "timestamptz": lambda text: time_text.timestamp(text, has_zone=True),
        "uuid": uuid_bytes,
        "fixed": lambda text: hexadecimal(text, kind.length),
        "binary": hexadecimal,
    }[kind.kind]


def shown(text):
    """Bytes in quotes, control characters escaped, cut when they are long."""
    head = text[:SHOWN_BYTES_MAX]
    if PLAIN.fullmatch(head) and b'"' not in head and b"\\" not in head:
        quoted = f'"{head.decode("ascii")}"'
    else:
        quoted = '"' + "".join(map(escaped, head.decode("utf-8", "replace"))) + '"'
    if len(text) > SHOWN_BYTES_MAX:
        quoted += f" (the first {SHOWN_BYTES_MAX} of {len(text)} bytes)"
    return quoted


def escaped(character):
    """As Swift's debug descriptions write it."""
    known = {"\0": "\\0", "\t": "\\t", "\n": "\\n", "\r": "\\r", '"': '\\"', "\\": "\\\\", "'": "\\'"}
    if character in known:
        return known[character]
    code = ord(character)
    return f"\\u{{{code:02X}}}" if code < 0x20 or code == 0x7F else character


def expectation(kind):
    """What a value of the type looks like."""
    if kind.kind == "decimal":
        before = kind.precision - kind.scale
        return f"a number of at most {before} digits before the point and {kind.scale} behind it"
    if kind.kind == "fixed":
        return f"{kind.length * 2} hexadecimal digits"
    return {
        "boolean": "true, false, t, f, yes, no, 1 or 0",
        "int": f"a whole number from {-(2**31)} to {2**31 - 1}",
        "long": f"a whole number from {-(2**63)} to {2**63 - 1}",
        "float": "a number such as -12.5 or 1e-3, nan or inf",
        "double": "a number such as -12.5 or 1e-3, nan or inf",
        "date": "a date such as 2021-11-07",
        "time": "a time such as 02:48:42 or 02:48:42.123456",
        "timestamp": "a date and time without offset, such as 2021-11-07T02:48:42",
        "timestamptz": "an ISO 8601 time such as 2021-11-07T02:48:42Z or 2021-11-07T04:48:42+02:00",
        "string": "UTF-8 text",
        "uuid": "a UUID such as f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "binary": "an even number of hexadecimal digits",
    }[kind.kind]


def text_of(value, kind):
    """A value as messages and exports write it."""
    if kind.kind == "boolean":
        return "true" if value else "false"
    if kind.kind == "date":
        return calendar_days.date(value).isoformat()
    if kind.kind == "time":
        return clock_text(value)
    if kind.kind in ("timestamp", "timestamptz"):
        day, rest = divmod(value, calendar_days.MICROSECONDS_PER_DAY)
        return f"{calendar_days.date(day).isoformat()}T{clock_text(rest)}" + "Z" * (kind.kind == "timestamptz")
    if kind.kind == "decimal":
        digits = str(abs(value)).rjust(kind.scale + 1, "0")
        point = f".{digits[len(digits) - kind.scale:]}" if kind.scale else ""
        return ("-" if value < 0 else "") + digits[:len(digits) - kind.scale] + point
    if kind.kind == "uuid":
        return str(uuid.UUID(bytes=value))
    if kind.kind in ("fixed", "binary"):
        return value.hex()
    if kind.kind in ("float", "double") and value != value:
        return "nan"
    return str(value)


def clock_text(microseconds):
    seconds, rest = divmod(microseconds, calendar_days.MICROSECONDS_PER_SECOND)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if rest == 0:
        return text
    return text + (f".{rest // 1000:03}" if rest % 1000 == 0 else f".{rest:06}")
