"""The proleptic Gregorian calendar in whole numbers, days counted from 1970-01-01."""

import datetime

EPOCH = datetime.date(1970, 1, 1).toordinal()
MICROSECONDS_PER_SECOND = 1_000_000
MICROSECONDS_PER_DAY = 86_400 * MICROSECONDS_PER_SECOND
DAY_MIN = datetime.date(1, 1, 1).toordinal() - EPOCH
DAY_MAX = datetime.date(9999, 12, 31).toordinal() - EPOCH


def days(year, month, day):
    """`ValueError` for a date that there is not."""
    return datetime.date(year, month, day).toordinal() - EPOCH


def date(day):
    return datetime.date.fromordinal(day + EPOCH)


def part(day, name):
    found = date(day)
    if name == "quarter":
        return (found.month + 2) // 3
    return getattr(found, name)
