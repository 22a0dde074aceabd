"""The bounds of a column as the model file writes them."""

import re

from dipper_spark import calendar_days
from dipper_spark.errors import DipperSparkError

DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(T00:00:00Z)?")


def bound(text, kind):
    """The value, or `None` for none."""
    if text is None:
        return None
    try:
        if kind.kind in ("int", "long"):
            return int(text)
        if kind.kind in ("float", "double"):
            return float(text)
        if kind.kind == "decimal":
            whole, _, fraction = text.partition(".")
            if len(fraction) <= kind.scale:
                return int(whole + fraction.ljust(kind.scale, "0"))
        match = DATE.fullmatch(text)
        if match and kind.kind in ("date", "timestamp", "timestamptz"):
            day = calendar_days.days(int(match[1]), int(match[2]), int(match[3]))
            return day if kind.kind == "date" else day * calendar_days.MICROSECONDS_PER_DAY
    except ValueError:
        pass
    raise DipperSparkError("model-range", f"`{text}` is no bound for a {kind} column", "see docs/model.md")


def within(value, low, high):
    """Whether a value lies within bounds of which either may be open; NaN lies within none."""
    return (low is None or value >= low) and (high is None or value <= high)
