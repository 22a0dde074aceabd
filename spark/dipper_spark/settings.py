"""The command line that the applications share."""

import argparse
import pathlib


def parser(description):
    found = argparse.ArgumentParser(description=description)
    found.add_argument("--catalog-uri", default="http://127.0.0.1:8080/catalog", help="Dipper's Iceberg REST catalog")
    found.add_argument("--catalog", default="lake", help="the catalog's name in Spark")
    found.add_argument("--token-file", help="a file with the catalog's token")
    found.add_argument("--model", help="the model file; the hiring model without")
    found.add_argument("--tables", help="names of the tables to work, with commas; all of the model without")
    found.add_argument("--conf", action="append", default=[], metavar="NAME=VALUE", help="a setting of Spark (repeatable)")
    return found


def with_lake(found):
    """What applications need that bring rows in."""
    found.add_argument(
        "--bronze", required=True, help="the folder or bucket that holds csv-files: a path or a URI that Arrow knows")
    found.add_argument("--postgres-url", help="jdbc:postgresql://…, the operational database")
    found.add_argument("--postgres-properties", help="a file of name=value lines for the JDBC driver: user, password, …")
    return found


def with_source(found):
    found.add_argument("--source", choices=("kafka", "files"), default="kafka")
    found.add_argument("--bootstrap", help="the brokers, HOST:PORT with commas (kafka)")
    found.add_argument("--topic-prefix", default="", help="what the topics' names begin with (kafka)")
    found.add_argument("--kafka-properties", help="a file of name=value lines for the Kafka client")
    found.add_argument("--landed", help="the folder of landed records (files)")
    found.add_argument("--checkpoint", required=True, help="a folder, or one in object storage, kept between runs")
    found.add_argument("--max-records", type=int, default=10_000, help="records of a micro-batch (kafka)")
    found.add_argument("--max-files", type=int, default=100, help="files of a micro-batch (files)")
    found.add_argument("--trigger-seconds", type=float, default=5)
    found.add_argument("--available-now", action="store_true", help="work what is there, then end")
    return found


def properties(path):
    """The `name=value` lines of a file; `#` begins a comment line."""
    found = {}
    for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines() if path else ():
        name, mark, value = line.partition("=")
        if mark and not line.lstrip().startswith("#"):
            found[name.strip()] = value.strip()
    return found


def tables(settings, model):
    if not settings.tables:
        return list(model.tables)
    return [model.table(name) for name in settings.tables.split(",")]
