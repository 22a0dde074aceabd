"""What becomes of the rows of a batch: references, keys, and the table's conflict action, in the log's order."""

from pyspark.sql import Window
from pyspark.sql import functions as f

from dipper_spark.expand import value_names
from dipper_spark.lake import quoted

ORDER = ("p", "o", "n")
REFERENCE_MISSING, KEY_EXISTS = "reference-missing", "key-exists"


def value_of(table, name):
    """The column of the expanded rows that holds a declared column."""
    return f"v{[column.name for column in table.columns].index(name)}"


def with_references(rows, table, lake, model):
    """Adds `missing`, for each reference in order whether its value is no key of the table that it names."""
    flags = []
    for number, reference in enumerate(table.references):
        target = model.table(reference.table)
        key, value = f"key{number}", value_of(table, reference.column)
        keys = lake.session.table(lake.silver(target)).select(f.col(quoted(target.key[0])).alias(key)).distinct()
        rows = rows.join(f.broadcast(keys), rows[value] == keys[key], "left")
        rows = rows.withColumn(f"missing{number}", f.col(value).isNotNull() & f.col(key).isNull() & (f.col("k") == "r"))
        rows = rows.drop(key)
        flags.append(f.col(f"missing{number}"))
    return rows.withColumn("missing", f.array(*flags)).drop(*[f"missing{n}" for n in range(len(flags))])


def refused_references(rows, table):
    """The rows that a reference refuses, as rejects."""
    refusing = [(n, r) for n, r in enumerate(table.references) if r.action == "reject"]
    refused = rows.where(is_refused(table))
    column, message = f.lit(None).cast("string"), f.lit(None).cast("string")
    for number, reference in reversed(refusing):
        text = f.concat(
            f.lit(f"`{reference.column}` is "), f.col(value_of(table, reference.column)).cast("string"),
            f.lit(f", which is no key of {reference.table}"))
        column = f.when(f.col("missing")[number], reference.column).otherwise(column)
        message = f.when(f.col("missing")[number], text).otherwise(message)
    return refused.withColumns({"column_name": column, "message": message, "code": f.lit(REFERENCE_MISSING)})


def is_refused(table):
    """Whether a reference refuses the row."""
    refused = f.lit(False)
    for number, reference in enumerate(table.references):
        if reference.action == "reject":
            refused = refused | f.col("missing")[number]
    return refused


class KeyVerdicts:
    """The writes of each key in order. `final` is what the table is to have of it, a row (`r`) or none (`d`)."""

    def __init__(self, rows, table, lake, replaces_all):
        self.table, self.names = table, value_names(table)
        self.key = [value_of(table, name) for name in table.key]
        if table.conflict == "replace":
            latest = Window.partitionBy(*self.key).orderBy(*[f.col(name).desc() for name in ORDER])
            numbered = rows.withColumn("place", f.row_number().over(latest))
            self.final = numbered.where("place = 1").select("k", *self.names)
            self.operational, self.refused = self.final, None
            return
        judged = self.judge(rows, None if replaces_all else lake)
        last = judged.where("segment = segments")
        rows_of_it = last.where("k = 'r' AND place = 1 AND NOT (segment = 0 AND is_stored)")
        deleted = judged.where("k = 'd' AND segment = segments AND NOT has_row")
        self.final = rows_of_it.select("k", *self.names).union(deleted.select("k", *self.names))
        # Another store has its own rows, and decides by them whether a key is stored.
        kind = f.when(f.col("segments") == 0, "i").otherwise("r").alias("k")
        candidates = last.where("k = 'r' AND place = 1").select(kind, *self.names)
        self.operational = candidates.union(deleted.select("k", *self.names))
        self.refused = None
        if table.conflict == "reject":
            refused = judged.where("k = 'r' AND (place > 1 OR (segment = 0 AND is_stored))")
            keys = ", ".join(table.key)
            self.refused = refused.withColumns({
                "column_name": f.lit(table.key[0]), "code": f.lit(KEY_EXISTS), "message": f.lit(
                    f"the key ({keys}) is stored already and the table's conflict action is `reject`")})

    def judge(self, rows, lake):
        """Deletes part the writes of a key into segments: in each the first row stands, and in the first only when the key
        is not stored."""
        ordered = Window.partitionBy(*self.key).orderBy(*ORDER).rowsBetween(Window.unboundedPreceding, 0)
        whole = Window.partitionBy(*self.key)
        is_delete = (f.col("k") == "d").cast("int")
        rows = rows.withColumn("segment", f.sum(is_delete).over(ordered))
        rows = rows.withColumn("segments", f.sum(is_delete).over(whole))
        in_segment = Window.partitionBy(*self.key, "segment", "k").orderBy(*ORDER)
        rows = rows.withColumn("place", f.row_number().over(in_segment))
        stands = (f.col("k") == "r") & (f.col("segment") == f.col("segments"))
        rows = rows.withColumn("has_row", f.max(stands).over(whole))
        if lake is None:
            return rows.withColumn("is_stored", f.lit(False))
        stored = lake.session.table(lake.silver(self.table)).select(
            *[f.col(quoted(name)).alias(f"stored_{value}") for name, value in zip(self.table.key, self.key)],
            f.lit(True).alias("is_stored_row"))
        match = [f.col(value) == f.col(f"stored_{value}") for value in self.key]
        rows = rows.join(stored.distinct(), match, "left")
        return rows.withColumn("is_stored", f.coalesce(f.col("is_stored_row"), f.lit(False)))
