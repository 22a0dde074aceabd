"""Dates and times from text, in the forms of ISO 8601 that Dipper takes."""

import functools
import re

from dipper_spark import calendar_days
from dipper_spark.number_text import Unreadable

DATE = re.compile(rb"([0-9]{4})-([0-9]{2})-([0-9]{2})")
CLOCK = re.compile(rb"([0-9]{2}):([0-9]{2})")
SECOND = re.compile(rb":([0-9]{2})")
FRACTION = re.compile(rb"[.,]([0-9]*)")
OFFSET = re.compile(rb"([+-])([0-9]{2})(?:([0-9]{2})|:([0-9]{2}))?")
OFFSET_HOURS_MAX = 18
SECOND_MICROSECONDS = calendar_days.MICROSECONDS_PER_SECOND
DAY_MICROSECONDS = calendar_days.MICROSECONDS_PER_DAY


@functools.lru_cache(maxsize=65_536)
def days(text):
    match = DATE.fullmatch(text)
    if not match:
        raise Unreadable("it does not begin with a date as YYYY-MM-DD")
    year, month, day = int(match[1]), int(match[2]), int(match[3])
    if year == 0:
        raise Unreadable("there is no year 0000")
    if not 1 <= month <= 12:
        raise Unreadable("there is no such month")
    try:
        return calendar_days.days(year, month, day)
    except ValueError:
        raise Unreadable("that month has no such day") from None


def date(text):
    if len(text) != 10:
        raise Unreadable("it has not the form YYYY-MM-DD")
    return days(text)


def clock(text):
    """Microseconds since midnight, and how many bytes say so."""
    match = CLOCK.match(text)
    if not match:
        raise Unreadable("its time has not the form HH:MM:SS")
    hour, minute = int(match[1]), int(match[2])
    if hour > 23:
        raise Unreadable("the hour is above 23")
    if minute > 59:
        raise Unreadable("the minute is above 59")
    value, at = (hour * 3600 + minute * 60) * SECOND_MICROSECONDS, 5
    if text[at:at + 1] != b":":
        return value, at
    match = SECOND.match(text, at)
    if not match:
        raise Unreadable("its time has not the form HH:MM:SS")
    second = int(match[1])
    if second == 60:
        raise Unreadable("leap seconds have no place in a timestamp")
    if second > 59:
        raise Unreadable("the second is above 59")
    value, at = value + second * SECOND_MICROSECONDS, at + 3
    match = FRACTION.match(text, at)
    if not match:
        return value, at
    digits = match[1]
    if digits[6:].strip(b"0"):
        raise Unreadable("it is finer than a microsecond")
    if not digits:
        raise Unreadable("there are no digits behind the point")
    return value + int(digits[:6].ljust(6, b"0")), match.end()


def time(text):
    value, at = clock(text)
    if at != len(text):
        raise Unreadable("there is more behind the time")
    return value


@functools.lru_cache(maxsize=131_072)
def quick_clock(text):
    """`HH:MM:SS`, or `None` for anything else."""
    try:
        value, at = clock(text)
    except Unreadable:
        return None
    return value if at == 8 else None


def timestamp(text, has_zone):
    if len(text) < 10:
        raise Unreadable("it does not begin with a date as YYYY-MM-DD")
    value = days(text[:10]) * DAY_MICROSECONDS
    if len(text) == 10:
        return value
    if text[10:11] not in (b"T", b"t", b" "):
        raise Unreadable("there is neither T nor a space between date and time")
    if len(text) == 20 and text[19:] == b"Z" and has_zone:
        quick = quick_clock(text[11:19])
        if quick is not None:
            return value + quick
    moment, at = clock(text[11:])
    value += moment
    rest = text[11 + at:]
    return in_utc(value, rest, has_zone) if rest else value


def in_utc(value, rest, has_zone):
    minutes = offset_minutes(rest[1:] if rest[:1] == b" " else rest)
    if not has_zone:
        raise Unreadable("it has an offset, but the type has no time zone")
    moved = value - minutes * 60 * SECOND_MICROSECONDS
    if not calendar_days.DAY_MIN <= moved // DAY_MICROSECONDS <= calendar_days.DAY_MAX:
        raise Unreadable("in UTC it lies outside the years 0001 to 9999", is_invalid=False)
    return moved


def offset_minutes(text):
    if text.lower() in (b"z", b"utc"):
        return 0
    if len(text) < 3 or text[:1] not in (b"+", b"-") or not text[1:3].isdigit():
        raise Unreadable("there is something behind the time that is no offset")
    match = OFFSET.fullmatch(text)
    if not match:
        raise Unreadable("its offset has not the form +HH:MM")
    hours, minutes = int(match[2]), int(match[3] or match[4] or 0)
    if hours > OFFSET_HOURS_MAX or minutes > 59:
        raise Unreadable("its offset is above 18 hours or 59 minutes")
    return (-1 if match[1] == b"-" else 1) * (hours * 60 + minutes)
