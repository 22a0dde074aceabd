"""Where records come from: Kafka's topics, or files of records that a sink has landed from them.

A landed record is a line of JSON: `topic`, `partition`, `offset`, `id`, `headers` (names to texts), and its value as the
text `value` or, for bytes that are no text, `valueBase64`.
"""

from pyspark.sql import functions as f

from dipper_spark.records import COLUMNS, ID_HEADER, KIND_HEADER, PLAIN, SHA_HEADER

LANDED = (
    "topic string, partition int, offset bigint, id string, headers map<string, string>, value string, "
    "valueBase64 string")


def stream(session, settings, topics):
    if settings.source == "kafka":
        return from_kafka(kafka_reader(session.readStream, settings, topics).load(), settings.topic_prefix)
    reader = session.readStream.option("maxFilesPerTrigger", settings.max_files)
    return from_lines(reader.text(settings.landed, wholetext=False), topics)


def kafka_reader(reader, settings, topics):
    """The options of Spark's Kafka source; those of the client from a properties file, secrets among them."""
    reader = reader.format("kafka").option("kafka.bootstrap.servers", settings.bootstrap)
    reader = reader.option("subscribe", ",".join(settings.topic_prefix + topic for topic in topics))
    reader = reader.option("includeHeaders", "true")
    reader = reader.option("startingOffsets", "earliest").option("failOnDataLoss", "true")
    reader = reader.option("maxOffsetsPerTrigger", settings.max_records)
    for name, value in settings.kafka_properties.items():
        reader = reader.option(f"kafka.{name}", value)
    return reader


def from_kafka(frame, prefix=""):
    """Rows of the Kafka source as records; the topics' common prefix is taken off."""
    frame = frame.withColumn("topic", f.substring("topic", len(prefix) + 1, 1 << 15))

    def header(name):
        found = f.expr(f"filter(headers, h -> h.key = '{name}')[0].value")
        return f.decode(found, "UTF-8")

    place = f.concat_ws("-", "topic", "partition", "offset")
    return frame.select(
        "topic", "partition", "offset", f.coalesce(header(ID_HEADER), place).alias("id"),
        f.coalesce(header(KIND_HEADER), f.lit(PLAIN)).alias("kind"), header(SHA_HEADER).alias("sha256"),
        f.col("value"))


def from_lines(frame, topics):
    """Landed lines as records. A line that is none, or of a topic that is no table's, stops the query: it would be lost."""
    parsed = frame.where(f.trim("value") != "").select("value", f.from_json("value", LANDED).alias("r"))
    is_known = f.col("r.topic").isin(topics) & f.col("r.partition").isNotNull() & f.col("r.offset").isNotNull()
    told = f.concat(
        f.lit("landed-record-invalid: this line is no record of a table of the model: "), f.substring("value", 1, 200))
    checked = f.when(is_known, f.col("r.topic")).otherwise(f.raise_error(told).cast("string"))
    place = f.concat_ws("-", "r.topic", "r.partition", "r.offset")
    return parsed.select(
        checked.alias("topic"), "r.partition", "r.offset", f.coalesce("r.id", place).alias("id"),
        f.coalesce(f.col("r.headers")[KIND_HEADER], f.lit(PLAIN)).alias("kind"),
        f.col("r.headers")[SHA_HEADER].alias("sha256"),
        f.coalesce(f.unbase64("r.valueBase64"), f.encode("r.value", "UTF-8")).alias("value")).select(*COLUMNS)
