"""The catalog of a running server as other people's clients reach it."""

import itertools
import pathlib

NUMBERS = itertools.count()


def address(server):
    return f"{server.api.base}/catalog"


def pyiceberg(server, token=None):
    from pyiceberg.catalog import load_catalog

    return load_catalog("lake", type="rest", uri=address(server), **({"token": token} if token else {}))


def duckdb_extensions():
    """The extensions of the wheels by name, so that nothing is downloaded; in the order in which they load."""
    import duckdb_extension_avro
    import duckdb_extension_httpfs
    import duckdb_extension_iceberg

    modules = {"httpfs": duckdb_extension_httpfs, "avro": duckdb_extension_avro, "iceberg": duckdb_extension_iceberg}
    return {name: next(pathlib.Path(module.__file__).parent.rglob(f"{name}.duckdb_extension"))
            for name, module in modules.items()}


def duckdb_catalog(server, token=None):
    """A connection with the catalog attached as ``lake``."""
    import duckdb

    connection = duckdb.connect(
        config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false", "threads": "2"})
    for path in duckdb_extensions().values():
        connection.execute(f"LOAD '{path}'")
    connection.execute("SET TimeZone = 'UTC'")
    access = "AUTHORIZATION_TYPE 'none'"
    if token:
        connection.execute(f"CREATE SECRET (TYPE iceberg, TOKEN '{token}')")
        access = "AUTHORIZATION_TYPE 'oauth2'"
    connection.execute(f"ATTACH 'lake' AS lake (TYPE iceberg, ENDPOINT '{address(server)}', {access})")
    return connection


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
