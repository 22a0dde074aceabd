"""Connections of Trino's own Python client to a server."""

import trino

TPCH_COLUMNS = {
    "region": "r_regionkey int, r_name string, r_comment string",
    "nation": "n_nationkey int, n_name string, n_regionkey int, n_comment string",
    "supplier": "s_suppkey long, s_name string, s_address string, s_nationkey int, s_phone string, "
    "s_acctbal decimal(15,2), s_comment string",
    "customer": "c_custkey long, c_name string, c_address string, c_nationkey int, c_phone string, "
    "c_acctbal decimal(15,2), c_mktsegment string, c_comment string",
    "part": "p_partkey long, p_name string, p_mfgr string, p_brand string, p_type string, p_size int, "
    "p_container string, p_retailprice decimal(15,2), p_comment string",
    "partsupp": "ps_partkey long, ps_suppkey long, ps_availqty long, ps_supplycost decimal(15,2), ps_comment string",
    "orders": "o_orderkey long, o_custkey long, o_orderstatus string, o_totalprice decimal(15,2), o_orderdate date, "
    "o_orderpriority string, o_clerk string, o_shippriority int, o_comment string",
    "lineitem": "l_orderkey long, l_partkey long, l_suppkey long, l_linenumber long, l_quantity decimal(15,2), "
    "l_extendedprice decimal(15,2), l_discount decimal(15,2), l_tax decimal(15,2), l_returnflag string, "
    "l_linestatus string, l_shipdate date, l_commitdate date, l_receiptdate date, l_shipinstruct string, "
    "l_shipmode string, l_comment string",
}


def connect(server, **options):
    options = {"user": "ada", "catalog": "lake", "schema": "silver", **options}
    return trino.dbapi.connect(host="127.0.0.1", port=server.port, **options)


def rows(server, sql, *parameters, **options):
    """All rows of a statement as tuples."""
    with connect(server, **options) as connection:
        cursor = connection.cursor()
        cursor.execute(sql, parameters or None)
        return [tuple(row) for row in cursor.fetchall()]


def types(server, sql, **options):
    with connect(server, **options) as connection:
        cursor = connection.cursor()
        cursor.execute(sql)
        cursor.fetchall()
        return [column.type_code for column in cursor.description]


def tpch_model():
    """A model of TPC-H's tables, under their own names."""
    lines = ["version: 1", "tables:"]
    for name, columns in TPCH_COLUMNS.items():
        lines += [f"  - name: {name}", f"    silver: {name}", "    operational: false", "    columns:"]
        for column in columns.split(", "):
            column, kind = column.split(" ")
            lines.append(f'      - {{name: {column}, type: "{kind}"}}')
    return "\n".join(lines) + "\n"
