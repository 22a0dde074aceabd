"""Steps over JSON text without building values (RFC 8259), so that each row's bytes and the text of each value are known.

Texts are bytes. Each step takes a position and returns the one behind what it took.
"""

import re

SPACE = re.compile(rb"[ \n\r\t]*")
STRING_STOP = re.compile(rb'["\\]')
NUMBER = re.compile(rb"-?([0-9]+)(\.[0-9]*)?([eE][+-]?[0-9]*)?")
CONTROL = re.compile(rb"[\x00-\x1f]")
ESCAPE = re.compile(rb"\\(?:([^u])|u([0-9a-fA-F]{4})|(u))", re.DOTALL)
ESCAPES = {b'"': '"', b"\\": "\\", b"/": "/", b"b": "\b", b"f": "\f", b"n": "\n", b"r": "\r", b"t": "\t"}


class NotJSON(Exception):
    """The text is no JSON; `at` is the byte where it goes wrong."""

    def __init__(self, message, text, at):
        super().__init__(message)
        self.message = message if at < len(text) else message + ", and the text ends"
        self.at = at


class StringFault(Exception):
    """A string's end is known, its content is unusable: `control-character`, `utf8-invalid` or `surrogate-lone`."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


def space(text, at):
    return SPACE.match(text, at).end()


def peek(text, at):
    """The next byte that is no space, and where it is; 0 at the end."""
    at = space(text, at)
    return (text[at] if at < len(text) else 0), at


def string(text, at):
    """The range between the quotes of a string that opens at `at`, and the position behind it."""
    start = search = at + 1
    while True:
        match = STRING_STOP.search(text, search)
        if match is None or (match[0] == b"\\" and match.end() >= len(text)):
            raise NotJSON(f"the string that opens at byte {at} is not closed", text, len(text))
        if match[0] == b'"':
            return (start, match.start()), match.end()
        search = match.end() + 1


def content(text, bounds):
    """What a string stands for, as UTF-8. Raises `StringFault`, or `NotJSON` for an escape that means nothing."""
    raw = text[bounds[0]:bounds[1]]
    if CONTROL.search(raw):
        raise StringFault("control-character")
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        raise StringFault("utf8-invalid") from None
    if b"\\" not in raw:
        return raw
    parts, at, high = [], 0, None
    while True:
        match = ESCAPE.search(raw, at)
        if high is not None and (match is None or match.start() != at or match[2] is None):
            raise StringFault("surrogate-lone")
        if match is None:
            parts.append(raw[at:])
            return b"".join(parts)
        parts.append(raw[at:match.start()])
        high = unescape(match, high, parts, text, bounds[0])
        at = match.end()


def unescape(match, high, parts, text, base):
    """Appends what an escape stands for; the first half of a surrogate pair is returned to wait for the second."""
    if match[2] is None:
        if match[3] is not None or match[1] not in ESCAPES:
            raise NotJSON("this escape means nothing in JSON", text, base + match.start() + 1)
        parts.append(ESCAPES[match[1]].encode())
        return None
    unit = int(match[2], 16)
    if high is not None:
        if not 0xDC00 <= unit <= 0xDFFF:
            raise StringFault("surrogate-lone")
        parts.append(chr(0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00)).encode())
        return None
    if 0xD800 <= unit < 0xDC00:
        return unit
    if 0xDC00 <= unit <= 0xDFFF:
        raise StringFault("surrogate-lone")
    parts.append(chr(unit).encode())
    return None


def number(text, at):
    """The range of a number."""
    match = NUMBER.match(text, at)
    if match is None:
        raise NotJSON("a JSON value is expected", text, at)
    if len(match[1]) > 1 and match[1][:1] == b"0":
        raise NotJSON("a number has no zero in front", text, match.start(1) + 1)
    if match[2] == b"." or (match[3] and not match[3][-1:].isdigit()):
        raise NotJSON("digits are expected", text, match.end())
    return match.end()


def word(name, text, at):
    if text[at:at + len(name)] != name:
        raise NotJSON("true, false, null or another value is expected", text, at)
    return at + len(name)


def skip(text, at, depth_max):
    """Steps over a value of any kind.

    Returns `(position behind it, what it is, its fault or None)`; depth is counted, not recursed into."""
    levels, kind, fault = [], None, None
    while True:
        byte, at = peek(text, at)
        if byte == 0 and at >= len(text):
            raise NotJSON("a value is expected", text, at)
        if byte in b"{[":
            kind = kind or ("an object" if byte == 0x7B else "an array")
            levels.append(byte == 0x7B)
            at += 1
            if len(levels) > depth_max:
                fault = fault or "depth-exceeded"
            closing, behind = peek(text, at)
            if closing == (0x7D if levels[-1] else 0x5D):
                levels.pop()
                at = behind + 1
            else:
                if levels[-1]:
                    at, fault = skip_name(text, at, fault)
                continue
        else:
            at, found, fault = skip_plain(text, at, byte, fault)
            kind = kind or found
        while levels:
            byte, at = peek(text, at)
            if byte == 0x2C:
                at += 1
                if levels[-1]:
                    at, fault = skip_name(text, at, fault)
                break
            if byte != (0x7D if levels[-1] else 0x5D):
                raise NotJSON(", or } is expected" if levels[-1] else ", or ] is expected", text, at)
            levels.pop()
            at += 1
        if not levels:
            return at, kind, fault


def skip_plain(text, at, byte, fault):
    if byte == 0x22:
        bounds, at = string(text, at)
        return at, "a string", fault or string_fault(text, bounds)
    if byte in b"tf":
        return word(b"true" if byte == 0x74 else b"false", text, at), "a boolean", fault
    if byte == 0x6E:
        return word(b"null", text, at), "null", fault
    return number(text, at), "a number", fault


def skip_name(text, at, fault):
    byte, at = peek(text, at)
    if byte != 0x22:
        raise NotJSON("a name in quotes is expected", text, at)
    bounds, at = string(text, at)
    fault = fault or string_fault(text, bounds)
    byte, at = peek(text, at)
    if byte != 0x3A:
        raise NotJSON(": is expected", text, at)
    return at + 1, fault


def string_fault(text, bounds):
    try:
        content(text, bounds)
    except StringFault as found:
        return found.code
    return None
