"""The batch jobs, each run as a user runs it: bronze files into another lake, gold tables, compaction."""

import subprocess

import pytest
from dipper_spark.model import load_model
from lake.server import binary
from rest.catalogs import pyiceberg

from spark import application, tables

GOLD = """
gold:
  - name: yearly_hires
    columns:
      - {name: hire_year, type: int}
      - {name: hires, type: long}
      - {name: last_day, type: int}
    sql: |
      SELECT hire_year, count(*) AS hires, max(date_diff('day', DATE '1970-01-01', CAST(hire_datetime AS DATE))) AS last_day
      FROM silver.employees_cleaned GROUP BY ALL
  - name: best_year
    from: [yearly_hires]
    sql: SELECT hire_year FROM yearly_hires ORDER BY hires DESC, hire_year LIMIT 1
"""


def test_the_built_in_model_is_the_one_that_dipper_has(tmp_path):
    printed = subprocess.run([binary(), "model"], check=True, capture_output=True, text=True, timeout=60).stdout
    (tmp_path / "model.yaml").write_text(printed)
    assert load_model(tmp_path / "model.yaml").tables == load_model().tables


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("scratch")


def test_bronze_files_fill_another_lake_which_is_then_summed_up_and_compacted(new_server, sample_of, scratch):
    sample, swift, other, model = sample_of(3_000, seed=5), new_server(), new_server(), load_model()
    for table in model.tables:
        swift.api.load(table.name, sample / f"{table.name}.csv")
    arguments = ("--bronze", swift.folder / "lake", "--run", "first")
    said = application.run("backfill.py", scratch, other, *arguments)
    assert "hired_employees: 1 files" in said
    tables.assert_same_but_jobs(swift, other, model)
    # A run of the same name finds all that it committed.
    application.run("backfill.py", scratch, other, *arguments, "--tables", "hired_employees")
    assert max(tables.marks(other, "silver.employees_cleaned").values()) == 1

    model_file = scratch / "model.yaml"
    printed = subprocess.run([binary(), "model"], check=True, capture_output=True, text=True, timeout=60).stdout
    model_file.write_text(printed.split("\ngold:")[0].split("\nanalytics:")[0] + GOLD)
    said = application.run("gold.py", scratch, other, "--model", model_file)
    years = {row[5] for row in tables.silver(other, model.table("hired_employees"))}
    assert f"yearly_hires: {len(years)} rows" in said
    gold = pyiceberg(other).load_table("gold.yearly_hires")
    found = gold.scan().to_arrow()
    assert sum(found["hires"].to_pylist()) == tables.silver(other, model.table("hired_employees")).total()
    source = pyiceberg(other).load_table("silver.employees_cleaned").current_snapshot().snapshot_id
    assert gold.current_snapshot().summary["dipper.input.silver.employees_cleaned"] == str(source)
    assert "yearly_hires: up to date" in application.run("gold.py", scratch, other, "--model", model_file, "--only", "yearly_hires")

    before = tables.silver(other, model.table("hired_employees"))
    said = application.run("compaction.py", scratch, other, "--tables", "hired_employees", "--older-than-hours", "0")
    assert "silver.employees_cleaned: expire_snapshots" in said
    assert tables.silver(other, model.table("hired_employees")) == before
