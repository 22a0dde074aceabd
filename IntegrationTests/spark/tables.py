"""What stands in the lake of a server, in forms that compare."""

import collections

from lake.readers import from_arrow
from rest.catalogs import pyiceberg

REJECT = ("file_sha256", "line", "byte_offset", "column_name", "code", "message", "raw", "raw_truncated", "delimiter", "job_id")


def silver(server, table):
    """The rows of a table of the model as a multiset."""
    found = pyiceberg(server).load_table(f"silver.{table.silver}").scan().to_arrow()
    return from_arrow(found, [name for name, _ in table.silver_columns])


def rejects(server, table):
    found = pyiceberg(server).load_table(f"quarantine.{table.name}").scan(selected_fields=REJECT).to_arrow().to_pylist()
    return collections.Counter(tuple(row[name] for name in REJECT) for row in found)


def receipts(server):
    """The Spark application's receipts by job."""
    found = pyiceberg(server).load_table("spark.receipts").scan().to_arrow().to_pylist()
    assert len({row["job_id"] for row in found}) == len(found), "a record has two receipts"
    for row in found:
        if row["state"] == "committed":
            assert row["read_rows"] == row["accepted_rows"] + row["rejected_rows"] + row["blank_rows"], row
    return {row["job_id"]: row for row in found}


def marks(server, name):
    """How many snapshots of a table bear each mark of a streaming batch."""
    found = [snapshot.summary for snapshot in pyiceberg(server).load_table(name).metadata.snapshots]
    return collections.Counter(
        (summary["dipper.spark.query"], summary["dipper.spark.batch"]) for summary in found if summary["dipper.spark.query"])


def assert_same(swift, spark, model):
    """Equal rows, and equal rejects: hash, line, byte offset, column, code, message, bytes, delimiter and job."""
    for table in model.tables:
        wanted, found = silver(swift, table), silver(spark, table)
        assert found - wanted == collections.Counter() and wanted - found == collections.Counter(), table.name
        wanted, found = rejects(swift, table), rejects(spark, table)
        assert found - wanted == collections.Counter() and wanted - found == collections.Counter(), table.name


def assert_same_but_jobs(swift, spark, model):
    """The same for a lake that was filled without the log: its rejects bear other jobs."""
    for table in model.tables:
        assert silver(swift, table) == silver(spark, table), table.name
        found = [collections.Counter(row[:-1] for row in rejects(server, table).elements()) for server in (swift, spark)]
        assert found[0] == found[1], table.name


def assert_same_receipts(swift, spark, records):
    """Each record's state and counts as the server's own receipt has them."""
    found = receipts(spark)
    for record in records:
        wanted, line = swift.api.job(record["id"]), found[record["id"]]
        assert line["state"] == wanted["state"], (wanted, line)
        if wanted["state"] == "failed":
            assert line["error_code"] == wanted["error"]["code"], (wanted, line)
        else:
            for name in ("read", "accepted", "rejected", "blank"):
                assert line[f"{name}_rows"] == wanted["rows"][name], (wanted, line)
