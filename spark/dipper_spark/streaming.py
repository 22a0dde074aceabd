"""The streaming query: its identity, and its start."""

import json

from dipper_spark import sources
from dipper_spark.errors import DipperSparkError


def query_id(session, checkpoint):
    """The query's own id, which its checkpoint keeps over restarts; `None` before its first start.

    Read through Hadoop's file system, as Spark itself reads checkpoints."""
    jvm, configuration = session._jvm, session._jsc.hadoopConfiguration()
    path = jvm.org.apache.hadoop.fs.Path(checkpoint, "metadata")
    files = path.getFileSystem(configuration)
    if not files.exists(path):
        return None
    stream = files.open(path)
    try:
        text = jvm.org.apache.commons.io.IOUtils.toString(stream, "UTF-8")
    finally:
        stream.close()
    return json.loads(text)["id"]


def start(session, settings, tables, processor):
    names = [table.name for table in tables]
    if settings.source == "kafka" and not settings.bootstrap:
        raise DipperSparkError("setting-missing", "--source kafka needs --bootstrap", "name the brokers")
    if settings.source == "files" and not settings.landed:
        raise DipperSparkError("setting-missing", "--source files needs --landed", "name the folder")

    def work(frame, batch):
        if processor.query is None:
            processor.query = query_id(session, settings.checkpoint)
        processor(frame, batch)

    writer = sources.stream(session, settings, names).writeStream.foreachBatch(work)
    writer = writer.option("checkpointLocation", settings.checkpoint).queryName("dipper")
    if settings.available_now:
        writer = writer.trigger(availableNow=True)
    else:
        writer = writer.trigger(processingTime=f"{settings.trigger_seconds} seconds")
    return writer.start()
