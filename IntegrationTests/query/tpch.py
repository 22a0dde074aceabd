"""TPC-H: its tables in a model file, its data as CSV, its 22 queries over Dipper and over DuckDB on the same files."""

import decimal
import glob
import pathlib
import re

import duckdb
import duckdb_extension_tpch

# Column types by DuckDB's names; the second part is the key.
TABLES = {
    "region": ("r_regionkey int, r_name string, r_comment string", "r_regionkey"),
    "nation": ("n_nationkey int, n_name string, n_regionkey int, n_comment string", "n_nationkey"),
    "supplier": ("s_suppkey long, s_name string, s_address string, s_nationkey int, s_phone string, s_acctbal money, "
                 "s_comment string", "s_suppkey"),
    "customer": ("c_custkey long, c_name string, c_address string, c_nationkey int, c_phone string, c_acctbal money, "
                 "c_mktsegment string, c_comment string", "c_custkey"),
    "part": ("p_partkey long, p_name string, p_mfgr string, p_brand string, p_type string, p_size int, p_container string, "
             "p_retailprice money, p_comment string", "p_partkey"),
    "partsupp": ("ps_partkey long, ps_suppkey long, ps_availqty long, ps_supplycost money, ps_comment string",
                 "ps_partkey, ps_suppkey"),
    "orders": ("o_orderkey long, o_custkey long, o_orderstatus string, o_totalprice money, o_orderdate date, "
               "o_orderpriority string, o_clerk string, o_shippriority int, o_comment string", "o_orderkey"),
    "lineitem": ("l_orderkey long, l_partkey long, l_suppkey long, l_linenumber long, l_quantity money, "
                 "l_extendedprice money, l_discount money, l_tax money, l_returnflag string, l_linestatus string, "
                 "l_shipdate date, l_commitdate date, l_receiptdate date, l_shipinstruct string, l_shipmode string, "
                 "l_comment string", "l_orderkey, l_linenumber"),
}
QUERIES = range(1, 23)


def model():
    """A model file with the eight tables."""
    lines = ["version: 1", "tables:"]
    for name, (columns, key) in TABLES.items():
        lines += [f"  - name: {name}", f"    silver: {name}", "    operational: false", "    columns:"]
        for column in columns.split(", "):
            column, type_name = column.split(" ")
            type_name = "decimal(15,2)" if type_name == "money" else type_name
            lines.append(f'      - {{name: {column}, type: "{type_name}", required: true}}')
        lines.append(f"    key: [{key}]")
    return "\n".join(lines) + "\n"


def engine(threads=None, memory=None):
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})
    path = next(pathlib.Path(duckdb_extension_tpch.__file__).parent.rglob("tpch.duckdb_extension"))
    connection.execute(f"LOAD '{path}'")
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET parquet_metadata_cache = true")
    if threads:
        connection.execute(f"SET threads = {threads}")
    if memory:
        connection.execute(f"SET memory_limit = '{memory}B'")
    return connection


def write_csv(folder, scale):
    """One CSV file a table, with a header; those that are there already stay."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if all((folder / f"{name}.csv").exists() for name in TABLES):
        return folder
    connection = engine()
    connection.execute(f"CALL dbgen(sf = {scale})")
    for name in TABLES:
        connection.execute(f"COPY {name} TO '{folder}/{name}.csv' (HEADER)")
    connection.close()
    return folder


def queries():
    connection = engine()
    found = dict(connection.execute("SELECT query_nr, query FROM tpch_queries()").fetchall())
    return {number: found[number].strip().rstrip(";") for number in QUERIES}


def qualified(sql, namespace="silver"):
    """The query with its tables in a namespace: names are replaced in FROM clauses alone, for `nation` is a column too."""
    names = re.compile(r"\b(" + "|".join(TABLES) + r")\b")
    clause = re.compile(r"\bfrom\s+(?!\()(?:(?!\bwhere\b|\bgroup\b|\border\s+by\b|\)).)*", re.IGNORECASE | re.DOTALL)
    return clause.sub(lambda found: names.sub(rf"{namespace}.\1", found.group(0)), sql)


def over_files(connection, data_folder):
    """Views of the tables over Dipper's own data files."""
    connection.execute("CREATE SCHEMA IF NOT EXISTS silver")
    for name in TABLES:
        files = glob.glob(f"{data_folder}/lake/warehouse/silver/{name}/data/**/*.parquet", recursive=True)
        assert files, f"{name} has no files"
        connection.execute(f"CREATE VIEW silver.{name} AS SELECT * FROM read_parquet({sorted(files)!r})")


def answers(scale):
    """The reference answers, query by query; none for a scale that they are not published for."""
    found = engine().execute("SELECT query_nr, answer FROM tpch_answers() WHERE scale_factor = $1", [scale]).fetchall()
    return {number: [line.split("|") for line in text.removesuffix("\n").split("\n")[1:]] for number, text in found}


def plain(value):
    if isinstance(value, (int, float, decimal.Decimal)):
        return float(value)
    # The reference answers leave nulls empty, and spaces at a line's end out.
    text = "" if value is None else str(value).strip()
    try:
        return float(text) if text[:1] in "-.0123456789" else text
    except ValueError:
        return text


def same(ours, theirs):
    """Whether rows are the same, in their order; numbers to nine digits."""
    if len(ours) != len(theirs):
        return False
    for left, right in zip(ours, theirs):
        for a, b in zip(map(plain, left), map(plain, right), strict=True):
            if isinstance(a, float) and isinstance(b, float):
                if abs(a - b) > 1e-9 * max(1.0, abs(a), abs(b)):
                    return False
            elif a != b:
                return False
    return True
