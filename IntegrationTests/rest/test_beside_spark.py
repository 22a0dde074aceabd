"""One table, two writers: the server loads a file again and again while Spark inserts, merges and rewrites files.

Neither writer waits for the other. Spark gives up a statement when a load came in between, as it does with any two
writers, and is asked again; a load never fails.
"""

import collections
import random
import threading

from py4j.protocol import Py4JJavaError

from lake import hiring
from lake.readers import as_plain, from_arrow
from rest.storages import EVERYWHERE

ROWS = 10_000
CHANGED_EVERY = 100
SPARK_ROWS = 500
ROUNDS = 2
TRIES = 8
# Between two loads; doubled with each race that one statement of Spark loses, so that it wins one in the end.
PAUSE_SECONDS = 2
FIRST_SPARK_ID = 1_000_000
TABLE, COLUMNS = "hired_employees", hiring.SILVER["hired_employees"]
SILVER = "lake.silver.employees_cleaned"


class Uploads(threading.Thread):
    """Loads a file with another row in a hundred changed each time, until it is told to end."""

    def __init__(self, api, text, seed):
        super().__init__(daemon=True)
        self.api, self.lines, self.random = api, text.splitlines(keepends=True), random.Random(seed)
        self.stopped, self.failure, self.count, self.pause = threading.Event(), None, 0, PAUSE_SECONDS

    def run(self):
        try:
            while not self.stopped.is_set():
                self.upload()
                self.stopped.wait(self.pause * self.random.uniform(0.2, 1))
        except Exception as failure:  # told by the test's own thread
            self.failure = failure

    def upload(self):
        self.count += 1
        for index in range(self.count % CHANGED_EVERY, len(self.lines), CHANGED_EVERY):
            key, _, rest = self.lines[index].split(",", 2)
            self.lines[index] = f"{key},Upload {self.count},{rest}"
        receipt = self.api.load(TABLE, self.text.encode())
        assert receipt["rows"]["accepted"] == len(self.lines), receipt

    @property
    def text(self):
        return "".join(self.lines)


class Statements:
    """Runs statements, each again when a load came in between."""

    def __init__(self, session, name, uploads):
        self.session, self.name, self.uploads, self.repeats = session, name, uploads, 0

    def __call__(self, text):
        self.uploads.pause = PAUSE_SECONDS
        for _ in range(TRIES):
            try:
                return self.session.sql(text.replace("lake.", f"{self.name}.")).collect()
            except Py4JJavaError as error:
                told = str(error.java_exception)
                if not any(kind in told for kind in ("ValidationException", "CommitFailedException")):
                    raise
                self.repeats += 1
                self.uploads.pause *= 2
        raise AssertionError(f"Spark lost {TRIES} races in a row: {text}")


def spark_row(number, name):
    """A row that only Spark writes, all in one partition."""
    return FIRST_SPARK_ID + number, name, hiring.microseconds("2021-05-05T05:05:05Z"), 1, 2, 2021, 2


def spark_rows(first, count, name):
    return (f"SELECT CAST(id AS BIGINT) id, '{name}' name, timestamp'2021-05-05 05:05:05' hire_datetime, 1 department_id, "
            f"2 job_id, 2021 hire_year, 2 hire_quarter FROM range({FIRST_SPARK_ID + first}, {FIRST_SPARK_ID + first + count})")


@EVERYWHERE
def test_loads_and_spark_change_one_table_and_no_row_is_lost(storage, spark, sample_of):
    text = (sample_of(ROWS, "--clean", seed=13) / f"{TABLE}.csv").read_text()
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    uploads = Uploads(storage.api(), text, seed)
    sql = Statements(spark.session, storage.spark(spark), uploads)
    uploads.upload()
    uploads.start()
    wanted = {}
    for number in range(ROUNDS):
        first = number * SPARK_ROWS
        sql(f"INSERT INTO {SILVER} {spark_rows(first, SPARK_ROWS, f'Inserted {number}')}")
        wanted |= {first + i: f"Inserted {number}" for i in range(SPARK_ROWS)}
        # Half of what was inserted changes, and as much is new; rows of the file change too, which the next load mends.
        half = SPARK_ROWS // 2
        source = spark_rows(first + half, SPARK_ROWS, f"Merged {number}")
        sql(f"MERGE INTO {SILVER} t USING ({source}) s ON t.id = s.id "
            "WHEN MATCHED THEN UPDATE SET t.name = s.name WHEN NOT MATCHED THEN INSERT *")
        wanted |= {first + half + i: f"Merged {number}" for i in range(SPARK_ROWS)}
        sql(f"MERGE INTO {SILVER} t USING (SELECT id FROM range(1, {ROWS}, 50)) s ON t.id = s.id "
            "WHEN MATCHED THEN UPDATE SET t.name = 'Merged over'")
        sql("CALL lake.system.rewrite_data_files(table => 'silver.employees_cleaned', options => "
            "map('rewrite-all', 'true', 'delete-file-threshold', '1'))")
        # What the next INSERT of Spark must not double: those ids are inserted once.
        sql(f"DELETE FROM {SILVER} WHERE id >= {FIRST_SPARK_ID + (number + 1) * SPARK_ROWS}")
        wanted = {key: name for key, name in wanted.items() if key < (number + 1) * SPARK_ROWS}
    uploads.stopped.set()
    uploads.join(120)
    assert uploads.failure is None, uploads.failure
    uploads.upload()
    print(f"{uploads.count} loads, {sql.repeats} statements of Spark repeated")
    assert uploads.count > ROUNDS

    expected = hiring.expect(TABLE, uploads.text).rows + collections.Counter(
        spark_row(number, name) for number, name in wanted.items())
    table = storage.pyiceberg().load_table(SILVER.removeprefix("lake."))
    assert from_arrow(table.scan().to_arrow(), COLUMNS) == expected, "PyIceberg"
    with storage.duckdb() as connection:
        found = connection.execute(f"SELECT {', '.join(COLUMNS)} FROM {SILVER}").to_arrow_table()
    assert from_arrow(found, COLUMNS) == expected, "DuckDB"
    columns = [f"unix_micros({name})" if name == "hire_datetime" else name for name in COLUMNS]
    assert as_plain(map(tuple, sql(f"SELECT {', '.join(columns)} FROM {SILVER}"))) == expected, "Spark"
    assert storage.api().query("SELECT count(*), count(DISTINCT id) FROM silver.employees_cleaned") == [[len(expected)] * 2]
