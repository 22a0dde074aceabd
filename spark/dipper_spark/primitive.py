"""The primitive types of Iceberg: how values lie in Python, in Arrow and in Spark.

A value is what the type stores: days or microseconds since 1970 for dates and times, the unscaled number for a decimal,
bytes for uuid, fixed and binary. So no value goes through a calendar or a time zone on its way.
"""

import dataclasses
import decimal
import re
import uuid

from dipper_spark.errors import DipperSparkError

SIMPLE = (
    "boolean", "int", "long", "float", "double", "date", "time", "timestamp", "timestamptz", "string", "uuid", "binary")
DECIMAL = re.compile(r"decimal\(\s*(\d+)\s*,\s*(\d+)\s*\)")
FIXED = re.compile(r"fixed\[(\d+)\]")
PRECISION_MAX = 38
SPARK_NAMES = {
    "boolean": "boolean", "int": "int", "long": "bigint", "float": "float", "double": "double", "date": "date",
    "timestamp": "timestamp_ntz", "timestamptz": "timestamp", "string": "string", "uuid": "string",
    "fixed": "binary", "binary": "binary"}


@dataclasses.dataclass(frozen=True)
class PrimitiveType:
    kind: str
    precision: int = 0
    scale: int = 0
    length: int = 0

    @staticmethod
    def parse(text):
        """`None` when the text names no type."""
        if text in SIMPLE:
            return PrimitiveType(text)
        match = DECIMAL.fullmatch(text)
        if match:
            precision, scale = int(match[1]), int(match[2])
            if 1 <= precision <= PRECISION_MAX and scale <= precision:
                return PrimitiveType("decimal", precision=precision, scale=scale)
        match = FIXED.fullmatch(text)
        return PrimitiveType("fixed", length=int(match[1])) if match and int(match[1]) > 0 else None

    def __str__(self):
        if self.kind == "decimal":
            return f"decimal({self.precision}, {self.scale})"
        return f"fixed[{self.length}]" if self.kind == "fixed" else self.kind

    @property
    def is_number(self):
        return self.kind in ("int", "long", "float", "double", "decimal")

    def spark_name(self):
        if self.kind == "decimal":
            return f"decimal({self.precision},{self.scale})"
        if self.kind not in SPARK_NAMES:
            raise DipperSparkError(
                "type-unsupported", f"Spark has no type for Iceberg's {self}", "load this table with `dipper` alone")
        return SPARK_NAMES[self.kind]

    def arrow(self, values):
        """An Arrow array of values as they are described above."""
        import pyarrow as pa

        if self.kind == "date":
            return pa.array(values, pa.int32()).cast(pa.date32())
        if self.kind in ("timestamp", "timestamptz"):
            zone = "UTC" if self.kind == "timestamptz" else None
            return pa.array(values, pa.int64()).cast(pa.timestamp("us", zone))
        if self.kind == "decimal":
            numbers = [None if value is None else unscaled(value, self.scale) for value in values]
            return pa.array(numbers, pa.decimal128(self.precision, self.scale))
        if self.kind == "uuid":
            return pa.array([None if value is None else str(uuid.UUID(bytes=value)) for value in values], pa.string())
        plain = {
            "boolean": pa.bool_(), "int": pa.int32(), "long": pa.int64(), "float": pa.float32(),
            "double": pa.float64(), "string": pa.string(), "fixed": pa.binary(), "binary": pa.binary()}
        return pa.array(values, plain[self.kind])


def unscaled(value, scale):
    """The decimal, exact whatever the context's precision."""
    digits = tuple(map(int, str(abs(value))))
    return decimal.Decimal((1 if value < 0 else 0, digits, -scale))
