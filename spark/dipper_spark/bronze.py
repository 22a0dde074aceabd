"""Bronze objects: the bytes of uploads, decompressed while they are read."""

import pathlib

from dipper_spark.errors import DipperSparkError, FileFault

GZIP, ZSTD = b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd"


class Bronze:
    """`root` is the folder or bucket that object keys count from: a path, or a URI that Arrow knows.

    `s3://BUCKET/PREFIX?endpoint_override=HOST:PORT&scheme=http&region=us-east-1`; keys from the environment."""

    def __init__(self, root):
        self.root = root
        self.files = None

    def __getstate__(self):
        return {"root": self.root, "files": None}

    def connect(self):
        from pyarrow import fs

        if self.files is None:
            if "://" in self.root:
                found, base = fs.FileSystem.from_uri(self.root)
            else:
                found, base = fs.LocalFileSystem(), str(pathlib.Path(self.root).resolve())
            self.files = fs.SubTreeFileSystem(base, found)
        return self.files

    def open(self, key):
        """A function that reads the next bytes, at most as many as it is asked for; nothing at the end."""
        files = self.connect()
        try:
            with files.open_input_file(key) as probe:
                head = probe.read(len(ZSTD))
            codec = "gzip" if head.startswith(GZIP) else "zstd" if head == ZSTD else None
            stream = files.open_input_stream(key, compression=codec)
        except FileNotFoundError as error:
            raise DipperSparkError(
                "object-missing", f"there is no bronze object {key}", "restore it; nothing behind it is worked") from error
        return stream.read if codec is None else lambda count: decompressed(stream, count, codec)

    def keys(self, table):
        """The objects of a table with the time of each, oldest first."""
        from pyarrow import fs

        selector = fs.FileSelector(f"csv-files/{table}", allow_not_found=True)
        found = [info for info in self.connect().get_file_info(selector) if info.type == fs.FileType.File]
        return sorted((info.mtime_ns or 0, info.path, info.size) for info in found)


def decompressed(stream, count, codec):
    try:
        return stream.read(count)
    except OSError as error:
        if "runcated" in str(error):
            raise FileFault(
                "compressed-truncated", f"the {codec} stream ends before it is complete") from None
        raise FileFault("compressed-malformed", f"these bytes are not valid {codec}: {error}") from None
