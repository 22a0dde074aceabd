"""Works the records of a micro-batch into the lake, table by table, in the log's order.

The records of a table are cut into steps: those that are all or nothing, or replace the whole table, stand alone. A step
makes at most one commit to each of quarantine, receipts and silver, in this order: rows are judged against the table as it
was, so the verdicts must be there before it changes. The operational database comes last. Each commit bears the step's mark.
"""

import itertools
import logging

from pyspark import StorageLevel
from pyspark.sql import functions as f

from dipper_spark import quarantine, receipts, resolve, silver
from dipper_spark.expand import expand
from dipper_spark.lake import Lake, Mark
from dipper_spark.records import FILE, FileReference

log = logging.getLogger("dipper_spark")


class Processor:
    def __init__(self, model, bronze, query, operational=None, catalog="lake", partitions=None):
        self.model, self.bronze, self.query = model, bronze, query
        self.operational, self.catalog, self.partitions = operational, catalog, partitions

    def prepare(self, session, tables):
        lake = Lake(session, self.catalog)
        for table in tables:
            lake.prepare(table)
        receipts.prepare(lake)
        if self.operational is not None:
            self.operational.prepare(tables)

    def __call__(self, frame, batch):
        """`frame` holds records (`records.COLUMNS`). Running a batch again commits what is missing of it."""
        frame = frame.persist(StorageLevel.MEMORY_AND_DISK)
        try:
            value = f.when(f.col("kind") == FILE, f.col("value"))
            heads = frame.select("topic", "partition", "offset", "kind", value.alias("value")).collect()
            for table in self.model.in_order():
                found = [head for head in heads if head["topic"] == table.name]
                if found:
                    self.work_table(frame.where(f.col("topic") == table.name), found, table, batch)
        finally:
            frame.unpersist()

    def work_table(self, frame, heads, table, batch):
        unique = {(head["partition"], head["offset"]): head for head in heads}
        if len(unique) < len(heads):
            # A sink that lands a record twice brings nothing new.
            frame = frame.dropDuplicates(["partition", "offset"])
        lake = Lake(frame.sparkSession, self.catalog)
        for number, (alone, places) in enumerate(steps(unique.values())):
            records = frame
            if len(places) < len(unique):
                chosen = lake.session.createDataFrame(places, "partition int, offset bigint")
                records = frame.join(f.broadcast(chosen), ["partition", "offset"], "left_semi")
            tasks = min(len(places), self.partitions or lake.session.sparkContext.defaultParallelism)
            records = records.repartition(tasks) if tasks > 1 else records.coalesce(1)
            Step(self, lake, table, Mark(self.query, batch, number), alone).work(records)


def steps(heads):
    """`(reference of the file that stands alone or None, [(partition, offset)])` in the order of the log."""
    def alone(head):
        reference = FileReference.read(bytes(head["value"])) if head["kind"] == FILE else None
        return reference if reference is not None and reference.stands_alone else None

    ordered = sorted(heads, key=lambda head: (head["partition"], head["offset"]))
    numbered = itertools.groupby(enumerate(ordered), key=lambda item: item[0] if alone(item[1]) else -1)
    for _, group in numbered:
        members = [head for _, head in group]
        yield alone(members[0]), [(head["partition"], head["offset"]) for head in members]


class Step:
    def __init__(self, processor, lake, table, mark, reference):
        self.model, self.bronze, self.operational = processor.model, processor.bronze, processor.operational
        self.lake, self.table, self.mark = lake, table, mark
        self.is_whole = reference is not None and reference.on_error == "fail"
        self.replaces_all = reference is not None and reference.mode == "overwrite"

    def work(self, records):
        is_settled = receipts.is_settled(self.lake, self.table, self.mark)
        if is_settled and self.operational is None and self.lake.is_done(self.lake.silver(self.table), self.mark):
            return
        expanded = expand(records, self.table, self.bronze).persist(StorageLevel.MEMORY_AND_DISK)
        try:
            if is_settled:
                self.apply_settled(expanded)
            else:
                self.judge_and_apply(expanded)
        finally:
            expanded.unpersist()

    def judge_and_apply(self, expanded):
        summaries = expanded.where("k = 's'").select(
            "p", "o", "job_id", "file_sha256", "read_rows", "blank_rows", "rejected_rows", "code", "message").collect()
        errors = {(s["p"], s["o"]): (s["code"], s["message"]) for s in summaries if s["code"] is not None}
        expanded = self.without(expanded, errors)
        rows, late, verdicts = self.judged(expanded)
        rejects, late_counts = expanded.where("k = 'x'"), counts(late)
        if self.is_whole and not errors:
            errors = self.all_or_nothing(summaries[0], rejects, late, late_counts)
        taken = [s for s in summaries if (s["p"], s["o"]) not in errors]
        self.quarantine(rejects, late, taken, late_counts)
        lines = [
            receipts.receipt(
                self.table, s, late_counts.get((s["p"], s["o"]), 0), errors.get((s["p"], s["o"])), self.mark)
            for s in summaries]
        receipts.append(self.lake, self.table, lines, self.mark)
        if taken:
            is_empty = all(s["read_rows"] == s["blank_rows"] + s["rejected_rows"] for s in taken)
            self.apply(rows, verdicts, is_empty)
        for line in lines:
            log.info("%s %s: %s", line[1], line[0], line[5])

    def apply_settled(self, expanded):
        """What is missing of a step whose receipts are there."""
        failed = receipts.failed(self.lake, self.table, self.mark)
        rows, _, verdicts = self.judged(self.without(expanded, failed))
        if not (self.is_whole and failed):
            self.apply(rows, verdicts, rows.isEmpty())

    def without(self, expanded, places):
        """The lines of records that are not among those of which nothing is applied."""
        if not places:
            return expanded
        failed = self.lake.session.createDataFrame(list(places), "p int, o bigint")
        return expanded.join(f.broadcast(failed), ["p", "o"], "left_anti")

    def judged(self, expanded):
        """Rows that references let pass, rows that the lake refuses, and what becomes of the keys."""
        rows, late = self.with_references(expanded.where("k IN ('r', 'd')"))
        if not self.table.key:
            return rows, late, None
        verdicts = resolve.KeyVerdicts(rows, self.table, self.lake, self.replaces_all)
        if verdicts.refused is not None:
            late = verdicts.refused if late is None else union(late, verdicts.refused)
        return rows, late, verdicts

    def apply(self, rows, verdicts, is_empty=False):
        self.silver(rows if verdicts is None else verdicts.final, verdicts is None, is_empty)
        if self.operational is not None:
            changes = rows if verdicts is None else verdicts.operational
            self.operational.apply(self.table, changes, self.mark, self.replaces_all)

    def with_references(self, rows):
        """The rows that references let pass, and those that they refuse."""
        if not any(reference.action == "reject" for reference in self.table.references):
            return rows, None
        judged = resolve.with_references(rows, self.table, self.lake, self.model)
        refused = resolve.refused_references(judged, self.table).drop("missing")
        return judged.where(~resolve.is_refused(self.table)).drop("missing"), refused

    def all_or_nothing(self, summary, rejects, late, late_counts):
        place = summary["p"], summary["o"]
        count = summary["rejected_rows"] + late_counts.get(place, 0)
        if count == 0:
            return {}
        refused = rejects.select("n", "message")
        if late is not None:
            refused = refused.union(late.select("n", "message"))
        first = refused.orderBy("n").first()["message"]
        return {place: (
            "rows-refused", f"{count} rows are refused, so nothing of the file is taken; the first: {first}")}

    def quarantine(self, rejects, late, taken, late_counts):
        hashes = {
            s["file_sha256"] for s in taken if s["rejected_rows"] or late_counts.get((s["p"], s["o"]))}
        if not hashes:
            return
        found = rejects if late is None else union(rejects, late)
        new = quarantine.new_rejects(self.lake, self.table, found, hashes).persist(StorageLevel.MEMORY_AND_DISK)
        try:
            if not new.isEmpty():
                name = self.lake.quarantine(self.table)
                self.lake.commit(name, self.mark, lambda: quarantine.append(self.lake, self.table, new))
        finally:
            new.unpersist()

    def silver(self, final, has_no_key, is_empty):
        name = self.lake.silver(self.table)
        if self.replaces_all:
            self.lake.commit(name, self.mark, lambda: silver.replace_all(self.lake, self.table, final.where("k = 'r'")))
        elif not is_empty:
            write = silver.append if has_no_key else silver.merge
            self.lake.commit(name, self.mark, lambda: write(self.lake, self.table, final))


def union(left, right):
    return left.unionByName(right.select(*left.columns))


def counts(late):
    if late is None:
        return {}
    return {(row["p"], row["o"]): row["count"] for row in late.groupBy("p", "o").count().collect()}
