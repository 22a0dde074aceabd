"""A lake whose files and tables lie in an S3 store, as other people's readers see it, through kills of either side."""

import json
import re
import signal
import subprocess
import threading
import time
import uuid

import pytest
import requests

from door.clients import token
from lake import hiring
from lake.readers import as_plain, from_arrow
from lake.seaweedfs import BUCKET, KEY, SeaweedFS
from lake.server import Server, binary
from rest.catalogs import duckdb_extensions, hires, pyiceberg

TABLE = "hired_employees"
COLUMNS = hiring.SILVER[TABLE]
CAUGHT_UP_SECONDS = 120


@pytest.fixture(scope="module")
def seaweedfs(tmp_path_factory):
    store = SeaweedFS(tmp_path_factory.mktemp("seaweedfs")).start()
    yield store
    store.kill()


@pytest.fixture
def store(seaweedfs):
    """The store, running whatever the test before did to it."""
    if seaweedfs.process is None:
        seaweedfs.start()
    return seaweedfs


def keys_file(folder, store):
    path = folder / "client-keys"
    path.write_text(f"[default]\naws_access_key_id = {KEY}\naws_secret_access_key = {store.secret}\n")
    return path


@pytest.fixture
def prefix():
    return f"lake-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def options(store, prefix, tmp_path):
    return ["--objects", f"s3://{BUCKET}/{prefix}", "--s3-store-endpoint", store.endpoint,
            "--s3-store-client-credentials", str(keys_file(tmp_path, store))]


def keys(store, prefix):
    pages = store.boto().get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix + "/")
    return [item["Key"][len(prefix) + 1:] for page in pages for item in page.get("Contents", [])]


def uploads(store, prefix):
    found = store.boto().list_multipart_uploads(Bucket=BUCKET, Prefix=prefix + "/").get("Uploads", [])
    return [item["Key"] for item in found]


def duckdb_on(store):
    """A connection that reads the bucket itself."""
    import duckdb

    connection = duckdb.connect(
        config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false", "threads": "2"})
    for path in duckdb_extensions().values():
        connection.execute(f"LOAD '{path}'")
    connection.execute(
        f"CREATE SECRET (TYPE s3, KEY_ID '{KEY}', SECRET '{store.secret}', ENDPOINT '{store.endpoint[7:]}', "
        "URL_STYLE 'path', USE_SSL false, REGION 'us-east-1')")
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def wait_until(check, seconds=CAUGHT_UP_SECONDS):
    deadline = time.monotonic() + seconds
    while not (result := check()):
        assert time.monotonic() < deadline, f"not so within {seconds} s"
        time.sleep(0.1)
    return result


def ids(server):
    return sorted(pyiceberg(server).load_table("silver.employees_cleaned").scan().to_arrow()["id"].to_pylist())


def test_files_and_tables_lie_in_the_bucket_and_everybody_reads_them_there(new_server, store, prefix, options):
    server = new_server(store.environment, options=options)
    for table, text in hiring.GOLDEN.items():
        server.api.load(table, text.encode())
    renamed = hiring.HIRES.replace("Tom Khan", "Tom Khan the younger")
    server.api.load(TABLE, renamed.encode())
    expected = hiring.expect(TABLE, hiring.HIRES, renamed).rows

    found = keys(store, prefix)
    assert not (server.folder / "lake").exists()
    assert {key.split("/")[0] for key in found} - {"maintenance", "dipper-lake"} == {"csv-files", "warehouse"}, found
    bronze = [key for key in found if key.startswith(f"csv-files/{TABLE}/")]
    bodies = {store.boto().get_object(Bucket=BUCKET, Key=f"{prefix}/{key}")["Body"].read().decode() for key in bronze}
    assert bodies == {hiring.HIRES, renamed}

    table = pyiceberg(server).load_table("silver.employees_cleaned")
    assert table.metadata_location.startswith(f"s3://{BUCKET}/{prefix}/warehouse/silver/employees_cleaned/metadata/")
    assert from_arrow(table.scan().to_arrow(), COLUMNS) == expected
    with duckdb_on(store) as connection:
        read = connection.sql(f"SELECT {', '.join(COLUMNS)} FROM iceberg_scan('{table.metadata_location}')")
        assert from_arrow(read.to_arrow_table(), COLUMNS) == expected
    rows = server.api.query("SELECT id, name FROM silver.employees_cleaned ORDER BY id")
    assert as_plain(map(tuple, rows)) == as_plain(row[:2] for row in expected)
    assert len(server.api.rejects(TABLE)) == hiring.expect(TABLE, hiring.HIRES, renamed).rejected


def test_duckdb_and_pyiceberg_write_tables_into_the_bucket(new_server, store, prefix, options):
    import pyarrow as pa

    server = new_server(store.environment, options=options)
    server.api.load(TABLE, hires(1, 50))
    with duckdb_on(store) as connection:
        connection.execute(
            f"ATTACH 'lake' AS lake (TYPE iceberg, ENDPOINT '{server.api.base}/catalog', AUTHORIZATION_TYPE 'none')")
        assert connection.execute("SELECT count(*) FROM lake.silver.employees_cleaned").fetchone() == (50,)
        connection.execute("CREATE SCHEMA lake.duck")
        connection.execute("CREATE TABLE lake.duck.t (id BIGINT, name VARCHAR)")
        connection.execute("INSERT INTO lake.duck.t SELECT range, 'n' || range FROM range(10)")
        connection.execute("DELETE FROM lake.duck.t WHERE id < 5")
    catalog = pyiceberg(server)
    catalog.create_namespace("py")
    table = catalog.create_table("py.t", schema=pa.schema([pa.field("id", pa.int64())]))
    for number in range(3):
        table.append(pa.table({"id": [number]}))
    assert server.api.query("SELECT count(*), CAST(sum(id) AS BIGINT) FROM duck.t") == [[5, 35]]
    assert server.api.query("SELECT count(*), CAST(sum(id) AS BIGINT) FROM py.t") == [[3, 3]]
    assert any(key.startswith("warehouse/py/") for key in keys(store, prefix))


def test_keys_go_to_those_with_every_right_only(new_server, store, options, tmp_path):
    file = tmp_path / "tokens"
    made = {"all": token(file, "all", "--write", "*"), "reader": token(file, "reader", "--read", "*"),
            "silver": token(file, "silver", "--write", "silver")}
    server = new_server(store.environment, options=options + ["--tokens-file", str(file)])
    server.api.session.headers["Authorization"] = f"Bearer {made['all']['token']}"
    server.api.load(TABLE, hires(1, 5))
    defaults = requests.get(
        f"{server.api.base}/catalog/v1/config", timeout=30,
        headers={"Authorization": f"Bearer {made['reader']['token']}"}).json()["defaults"]
    assert defaults["s3.endpoint"] == store.endpoint and "s3.secret-access-key" not in defaults
    for user, is_given in (("all", True), ("reader", False), ("silver", False)):
        answer = requests.get(
            f"{server.api.base}/catalog/v1/namespaces/silver/tables/employees_cleaned", timeout=30,
            headers={"Authorization": f"Bearer {made[user]['token']}", "X-Iceberg-Access-Delegation": "vended-credentials"})
        assert answer.status_code == 200, answer.text
        config = answer.json()["config"]
        assert config["s3.endpoint"] == store.endpoint and config["s3.path-style-access"] == "true"
        assert ("s3.secret-access-key" in config) == is_given, user
        assert is_given or store.secret not in answer.text


def test_a_long_file_survives_a_kill_of_the_server_while_it_comes_and_while_it_is_worked(
        new_server, store, prefix, options, sample_of):
    file = sample_of(300_000, seed=11) / "hired_employees.csv"
    server = new_server(store.environment, options=options)

    def send():
        try:
            with open(file, "rb") as stream:
                server.api.post_csv(TABLE, slowly(stream))
        except requests.RequestException:
            pass  # the point of the test

    sender = threading.Thread(target=send)
    sender.start()
    wait_until(lambda: uploads(store, prefix))
    server.kill()
    sender.join(60)
    assert keys(store, prefix + "/csv-files") == [], "an unfinished upload is not seen"
    server.start()
    assert server.api.job_count() == 0, "nothing was acknowledged"
    with open(file, "rb") as stream:
        answer = server.api.post_csv(TABLE, stream)
    assert answer.status_code == 202, answer.text
    time.sleep(0.3)
    server.kill()
    server.start()
    receipt = server.api.ended(server.api.job(answer.json()["id"]))
    assert receipt["state"] == "committed" and receipt["rows"]["read"] == 300_000, receipt
    found = ids(server)
    assert len(found) == len(set(found)) == receipt["rows"]["inserted"]
    assert server.api.query("SELECT count(*), count(DISTINCT id), CAST(sum(id) AS BIGINT) FROM silver.employees_cleaned") == [
        [len(found), len(found), sum(found)]]
    bronze = [key for key in keys(store, prefix) if key.startswith(f"csv-files/{TABLE}/")]
    body = store.boto().get_object(Bucket=BUCKET, Key=f"{prefix}/{bronze[0]}")["Body"].read()
    assert len(bronze) == 1 and body == file.read_bytes()


def slowly(stream):
    while block := stream.read(1 << 20):
        yield block
        time.sleep(0.1)


@pytest.mark.parametrize("way", ["killed", "stuck"])
def test_a_store_that_is_gone_for_a_while_costs_nothing_that_was_acknowledged(new_server, store, options, way):
    server = new_server(store.environment, options=options)
    server.api.load(TABLE, hires(1, 1_000))
    acknowledged, refused, stop = [], [], threading.Event()

    def load():
        number = 0
        while not stop.is_set():
            first = 10_000 + number * 100
            number += 1
            if number % 2:
                answer = server.api.post_csv(TABLE, hires(first, 100))
            else:
                rows = [{"id": first + i, "name": f"N {i}", "datetime": "2021-01-01T00:00:00Z"} for i in range(100)]
                answer = requests.post(f"{server.api.base}/api/v2/batch/{TABLE}", json=rows, timeout=120)
            (acknowledged if answer.status_code in (200, 202) else refused).append((first, answer))
            time.sleep(0.05)

    loader = threading.Thread(target=load)
    loader.start()
    time.sleep(1)
    store.kill() if way == "killed" else store.process.send_signal(signal.SIGSTOP)
    try:
        wait_until(lambda: refused, 120)
        assert requests.get(server.api.base + "/healthz", timeout=5).status_code == 200
        readiness = requests.get(server.api.base + "/readyz", timeout=10)
        assert readiness.status_code == 503 and readiness.json()["checks"]["objects"] != "ok", readiness.text
        time.sleep(3)
    finally:
        store.start() if way == "killed" else store.process.send_signal(signal.SIGCONT)
    time.sleep(2)
    stop.set()
    loader.join(180)
    assert not loader.is_alive()
    for _, answer in refused:
        assert answer.status_code == 503 and "Retry-After" in answer.headers, answer.text
        assert answer.json()["code"] == "storage-unavailable", answer.text
    for _, answer in acknowledged:
        assert server.api.ended(answer.json())["state"] == "committed"
    wait_until(lambda: requests.get(server.api.base + "/readyz", timeout=10).status_code == 200)
    found = ids(server)
    assert len(found) == len(set(found)), "rows were doubled"
    missing = {first + i for first, _ in acknowledged for i in range(100)} - set(found)
    assert not missing, "acknowledged rows were lost"
    metrics = requests.get(server.api.base + "/metrics", timeout=10).text
    assert re.search(r'dipper_s3_retries_total\{reason="(transient|timeout)"\} [1-9]', metrics), "the metrics do not show it"


def test_a_folder_keeps_to_its_bucket(new_server, store, prefix, options):
    server = new_server(store.environment, options=options)
    server.api.load(TABLE, hires(1, 10))
    server.stop()
    assert store.secret not in (server.folder / "lake-objects").read_text()
    other = Server(server.folder, server.log, store.environment, ["--objects", f"s3://{BUCKET}/elsewhere"])
    with pytest.raises(AssertionError, match="objects-fixed"):
        other.start()
    with pytest.raises(AssertionError, match="bucket-taken"):
        Server(server.folder.parent / "stranger", server.log, store.environment, options).start()
    # What the folder remembers is enough, also for commands.
    environment = {**server.environment}
    csv = server.folder.parent / "more.csv"
    csv.write_bytes(hires(11, 10))
    for command in (["load", TABLE, str(csv), "--data-dir", str(server.folder), "--json"],
                    ["table", "compact", TABLE, "--data-dir", str(server.folder), "--json"],
                    ["table", "expire", TABLE, "--data-dir", str(server.folder), "--older-than", "0", "--keep", "1", "--json"],
                    ["table", "orphans", TABLE, "--data-dir", str(server.folder), "--older-than", "0", "--json"]):
        done = subprocess.run([binary(), *command], env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"{command[:2]}: {done.stdout}{done.stderr}"
    asked = subprocess.run(
        [binary(), "query", "SELECT count(*) FROM silver.employees_cleaned", "--data-dir", str(server.folder), "--json"],
        env=environment, capture_output=True, text=True, timeout=120)
    assert json.loads(asked.stdout)["rows"] == [[20]], asked.stdout + asked.stderr
    again = new_server(store.environment, folder=server.folder, options=options[4:])
    assert ids(again) == list(range(1, 21))
    again.stop()
    embedded = new_server()
    embedded.stop()
    with pytest.raises(AssertionError, match="objects-fixed"):
        Server(embedded.folder, embedded.log, store.environment, options).start()
    with pytest.raises(AssertionError, match="door-unneeded"):
        Server(server.folder, server.log, store.environment, ["--s3-listen", "127.0.0.1:0"]).start()


def test_maintenance_finds_planted_orphans_in_the_bucket_and_nothing_else(new_server, store, prefix, options):
    server = new_server(store.environment, options=options + ["--no-maintenance"])
    for number in range(6):
        server.api.load(TABLE, hires(1 + number * 10, 15))
    server.stop()
    folder = f"{prefix}/warehouse/silver/employees_cleaned/data/"
    planted = [folder + f"planted-{number}.parquet" for number in range(3)]
    for key in planted:
        store.boto().put_object(Bucket=BUCKET, Key=key, Body=b"orphan")
    before = set(keys(store, prefix))

    def run(*command):
        done = subprocess.run(
            [binary(), "table", *command, "--data-dir", str(server.folder), "--json"], env=server.environment,
            capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    run("orphans", TABLE, "--older-than", "0")
    gone = before - set(keys(store, prefix))
    assert gone == {key[len(prefix) + 1:] for key in planted}
    run("compact", TABLE)
    run("expire", TABLE, "--older-than", "0", "--keep", "1")
    again = new_server(store.environment, folder=server.folder, options=options[4:])
    assert ids(again) == list(range(1, 66))
    assert again.api.query("SELECT count(*) FROM silver.employees_cleaned") == [[65]]


def test_queries_keep_to_their_part_of_the_disk(new_server, store, options):
    server = new_server(store.environment, options=options + ["--query-cache-bytes", "30000"])
    server.api.load(TABLE, hires(1, 20))
    assert server.api.query("SELECT count(*) FROM silver.employees_cleaned") == [[20]]
    server.api.load(TABLE, hires(21, 20_000))
    answer = server.api.request("POST", "/query", json={"sql": "SELECT count(*) FROM silver.employees_cleaned"})
    assert answer.status_code == 422 and answer.json()["code"] == "cache-too-small", answer.text
    used = sum(path.stat().st_size for path in (server.folder / "query-cache").rglob("*.parquet"))
    assert used <= 30_000
