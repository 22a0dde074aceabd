"""What deploys the real systems, judged by its shape: no such system runs here.

Kafka Connect's properties are those that the connectors document; compose.yaml names services, files and options that there
are. docs/spark.md and docs/kafka-connect.md list what was not run.
"""

import json
import re
import subprocess

import pytest
import yaml
from dipper_spark.model import load_model
from lake.server import binary

from spark.application import ROOT

#: Properties that every connector has, and those of its converters.
CONNECT = {
    "connector.class", "tasks.max", "topics", "key.converter", "value.converter", "value.converter.schemas.enable",
    "header.converter", "transforms", "errors.tolerance"}
#: As the connectors' references list them (JDBC sink 10.8, S3 sink 10.6), the ones that are of use here.
DOCUMENTED = {
    "io.confluent.connect.jdbc.JdbcSinkConnector": {
        "connection.url", "connection.user", "connection.password", "connection.attempts", "connection.backoff.ms",
        "insert.mode", "batch.size", "delete.enabled", "table.types", "table.name.format", "pk.mode", "pk.fields",
        "fields.whitelist", "dialect.name", "db.timezone", "auto.create", "auto.evolve", "quote.sql.identifiers",
        "max.retries", "retry.backoff.ms"},
    "io.confluent.connect.s3.S3SinkConnector": {
        "storage.class", "store.url", "topics.dir", "s3.bucket.name", "s3.region", "s3.part.size", "s3.part.retries",
        "s3.retry.backoff.ms", "s3.compression.type", "s3.credentials.provider.class", "s3.ssea.name", "format.class",
        "flush.size", "rotate.interval.ms", "rotate.schedule.interval.ms", "timezone", "partitioner.class",
        "store.kafka.keys", "store.kafka.headers", "keys.format.class", "headers.format.class", "behavior.on.null.values",
        "schema.compatibility", "retry.backoff.ms"}}
REQUIRED = {
    "io.confluent.connect.jdbc.JdbcSinkConnector": {"connection.url", "pk.mode", "insert.mode"},
    "io.confluent.connect.s3.S3SinkConnector": {"storage.class", "s3.bucket.name", "format.class", "flush.size"}}
#: What runs the image of this project, and the subcommand.
DIPPER = {"dipper": "serve", "dipper-b": "serve", "dipper-worker-a": "worker", "dipper-worker-b": "worker"}
#: Options of adapters that `dipper serve` may be without, as docs/spark.md says.
ADAPTER_OPTIONS = {"--objects", "--s3-store-endpoint", "--log", "--cache"}


@pytest.mark.parametrize("path", sorted((ROOT / "deploy" / "kafka-connect").glob("*.json")), ids=lambda path: path.stem)
def test_connectors_have_documented_properties_alone(path):
    connector = json.loads(path.read_text())
    assert set(connector) == {"name", "config"}
    config = connector["config"]
    kind = config["connector.class"]
    assert all(isinstance(value, str) for value in config.values()), "Connect takes texts"
    for name in config:
        known = name in CONNECT | DOCUMENTED[kind] or name.startswith(("consumer.override.", "transforms."))
        assert known, f"{name} is no property of {kind}"
    assert REQUIRED[kind] <= set(config)
    for alias in filter(None, config.get("transforms", "").split(",")):
        assert f"transforms.{alias}.type" in config
    tables = {table.name for table in load_model().tables}
    assert {topic.removesuffix(".accepted").removesuffix(".rejected") for topic in config["topics"].split(",")} == tables
    assert not re.search(r'"[^"]*(password|secret)[^"]*": "(?!\$\{)', path.read_text()), "secrets come from outside"


def compose():
    return yaml.safe_load((ROOT / "compose.yaml").read_text())


def test_compose_names_what_there_is():
    found = compose()
    for name, service in found["services"].items():
        assert "image" in service, name
        assert service["image"].endswith(":latest") == (name in DIPPER), f"{name}: pin the version"
        for other in service.get("depends_on", {}):
            assert other in found["services"], (name, other)
            if service["depends_on"][other]["condition"] == "service_healthy":
                assert "healthcheck" in found["services"][other] or other == "dipper", other
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:"), f"{name} publishes {port} beyond loopback"
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert source in found["volumes"] if not source.startswith(".") else (ROOT / source).exists(), source
        for kind in ("configs", "secrets"):
            for entry in service.get(kind, ()):
                assert (entry["source"] if isinstance(entry, dict) else entry) in found[kind], entry
    wanted = ("kafka", "minio", "postgres", "redis", "spark", "trino", "prometheus", "grafana", "jaeger", "kafka-ui")
    images = " ".join(service["image"] for service in found["services"].values())
    assert all(name in images for name in wanted)


@pytest.mark.parametrize("name", DIPPER)
def test_compose_starts_dipper_with_options_that_it_has(name):
    subcommand, *options = compose()["services"][name]["command"]
    assert subcommand == DIPPER[name]
    printed = subprocess.run(
        [binary(), subcommand, "--help"], check=True, capture_output=True, text=True, timeout=60).stdout
    known = set(re.findall(r"--[a-z0-9-]+", printed)) | ADAPTER_OPTIONS
    options = {option.split("=")[0] for option in options}
    assert options and options <= known, options - known
    page = (ROOT / "docs" / "spark.md").read_text()
    assert all(option in page for option in ADAPTER_OPTIONS)


def test_gateways_of_compose_leave_the_work_to_workers_and_prometheus_asks_all_of_them():
    services = compose()["services"]
    settings = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())
    targets = {
        target for job in settings["scrape_configs"] for group in job["static_configs"] for target in group["targets"]}
    ports = {"serve": "8080", "worker": "9464"}
    assert targets == {f"{name}:{ports[subcommand]}" for name, subcommand in DIPPER.items()}
    for name, subcommand in DIPPER.items():
        assert ("--no-workers" in services[name]["command"]) == (subcommand == "serve")
        assert "build" in services[name] or name != "dipper", "one of them builds the image of all"


def test_the_image_healthcheck_is_there_and_the_user_is_not_root():
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert any(line.startswith("HEALTHCHECK") for line in lines)
    assert [line for line in lines if line.startswith("USER")] == ["USER 10001"]


def test_trino_catalogs_read_secrets_from_the_environment():
    environment = compose()["services"]["trino"]["environment"]
    for path in (ROOT / "deploy" / "trino" / "catalog").glob("*.properties"):
        pairs = dict(line.split("=", 1) for line in path.read_text().splitlines() if line and not line.startswith("#"))
        assert pairs["connector.name"] in ("iceberg", "postgresql")
        for name, value in pairs.items():
            if any(word in name for word in ("password", "secret", "token")):
                assert value.startswith("${ENV:"), name
        assert set(re.findall(r"\$\{ENV:(\w+)\}", path.read_text())) <= set(environment)


def test_spark_settings_are_name_and_value():
    for line in (ROOT / "spark" / "spark-defaults.conf.example").read_text().splitlines():
        assert not line or line.startswith("#") or re.fullmatch(r"spark\.\S+\s+\S+", line), line
