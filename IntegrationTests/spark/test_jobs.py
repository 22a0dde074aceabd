"""The batch jobs: bronze files into another lake, gold tables, compaction. They run in the session that there is."""

import subprocess

import backfill
import compaction
import gold as gold_job
from dipper_spark.model import load_model
from lake.server import binary
from rest.catalogs import pyiceberg, spark_catalog

from spark import tables

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


def test_bronze_files_fill_another_lake_which_is_then_summed_up_and_compacted(new_server, sample_of, session, capsys, tmp_path):
    sample, swift, other, model = sample_of(3_000, seed=5), new_server(), new_server(), load_model()
    for table in model.tables:
        swift.api.load(table.name, sample / f"{table.name}.csv")
    lake = ["--catalog-uri", f"{other.api.base}/catalog", "--catalog", spark_catalog(session, other)]

    def run(job, *arguments):
        capsys.readouterr()
        job.main([*lake, *map(str, arguments)])
        return capsys.readouterr().out

    arguments = ("--bronze", swift.folder / "lake", "--run", "first")
    assert "hired_employees: 1 files" in run(backfill, *arguments)
    tables.assert_same_but_jobs(swift, other, model)
    # A run of the same name finds all that it committed.
    run(backfill, *arguments, "--tables", "hired_employees")
    assert max(tables.marks(other, "silver.employees_cleaned").values()) == 1

    model_file = tmp_path / "model.yaml"
    printed = subprocess.run([binary(), "model"], check=True, capture_output=True, text=True, timeout=60).stdout
    model_file.write_text(printed.split("\ngold:")[0].split("\nanalytics:")[0] + GOLD)
    stored = tables.silver(other, model.table("hired_employees"))
    assert f"yearly_hires: {len({row[5] for row in stored})} rows" in run(gold_job, "--model", model_file)
    gold = pyiceberg(other).load_table("gold.yearly_hires")
    assert sum(gold.scan().to_arrow()["hires"].to_pylist()) == stored.total()
    source = pyiceberg(other).load_table("silver.employees_cleaned").current_snapshot().snapshot_id
    assert gold.current_snapshot().summary["dipper.input.silver.employees_cleaned"] == str(source)
    assert pyiceberg(other).load_table("gold.best_year").scan().to_arrow().num_rows == 1
    assert run(gold_job, "--model", model_file) == "yearly_hires: up to date\nbest_year: up to date\n"

    said = run(compaction, "--tables", "hired_employees", "--older-than-hours", "0")
    assert "silver.employees_cleaned: expire_snapshots" in said
    assert tables.silver(other, model.table("hired_employees")) == stored
