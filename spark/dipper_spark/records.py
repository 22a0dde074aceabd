"""What a record of the log brings: a reference to a file, or rows by value.

| header `dipper-kind` | value |
|---|---|
| `file/1` | JSON: `objectKey`, `sha256`, `mode`, `onError`, and `delimiter` (a byte) and `header` where they were asked for |
| `batch/1` | a JSON array of rows, as it came |
| `batch/2` | rows as Dipper's own log keeps them (`batch_coding.py`) |
| `delete/1` | keys whose rows are to go, in the same form |
| none | a JSON object or an array of them, from a producer that knows nothing of Dipper |
"""

import dataclasses
import hashlib
import json

from dipper_spark.errors import DipperSparkError

KIND_HEADER, SHA_HEADER, ID_HEADER = "dipper-kind", "dipper-sha256", "dipper-record-id"
FILE, JSON_BATCH, BATCH, DELETE, PLAIN = "file/1", "batch/1", "batch/2", "delete/1", "json"
KINDS = (FILE, JSON_BATCH, BATCH, DELETE, PLAIN)
#: Columns of the records as all sources give them.
COLUMNS = ("topic", "partition", "offset", "id", "kind", "sha256", "value")


@dataclasses.dataclass
class FileReference:
    key: str
    sha256: str
    mode: str
    on_error: str
    delimiter: int
    header: bool

    @staticmethod
    def read(value):
        try:
            fields = json.loads(value)
            return FileReference(
                fields["objectKey"], fields["sha256"], fields.get("mode", "upsert"),
                fields.get("onError", "quarantine"), fields.get("delimiter"), fields.get("header"))
        except (ValueError, KeyError, TypeError) as error:
            raise DipperSparkError(
                "log-record-corrupt", f"a file reference cannot be read: {error}", "see docs/spark.md") from error

    @property
    def stands_alone(self):
        """Whether the file is all or nothing, or replaces all: then nothing else goes into its commit."""
        return self.mode == "overwrite" or self.on_error == "fail"


def sha_of(value, known):
    """The hash that rejects of a batch are known by: of the body that brought it."""
    return known or hashlib.sha256(value).hexdigest()


def check_kind(kind):
    if kind not in KINDS:
        raise DipperSparkError(
            "log-record-unknown", f"a log record of kind {kind} cannot be read",
            "it was written by a newer version; run that version")
