"""The catalog of a running server as other people's clients reach it."""

import itertools

NUMBERS = itertools.count()


def address(server):
    return f"{server.api.base}/catalog"


def pyiceberg(server):
    from pyiceberg.catalog import load_catalog

    return load_catalog("lake", type="rest", uri=address(server))


def spark_catalog(spark, server, settings=None):
    """Makes the server a catalog of the session, under a name of its own, which is returned.

    :param settings: what else the catalog needs, by the name behind the catalog's: ``{"token": "…"}``.
    """
    name = f"lake{next(NUMBERS)}"
    for key, value in {
        "": "org.apache.iceberg.spark.SparkCatalog",
        ".type": "rest",
        ".uri": address(server),
        ".cache-enabled": "false",
        **{f".{key}": value for key, value in (settings or {}).items()},
    }.items():
        spark.session.conf.set(f"spark.sql.catalog.{name}{key}", value)
    return name


def hires(first, count):
    """A CSV file of hired employees with the ids from `first`."""
    rows = [f"{first + index},Name {first + index},2021-{1 + index % 12:02d}-03T10:00:00Z,{1 + index % 5},{1 + index % 7}"
            for index in range(count)]
    return ("id,name,datetime,department_id,job_id\n" + "\n".join(rows) + "\n").encode()
