/// Limits and defaults of ingestion, each with its unit.
package struct IngestionLimits: Sendable, Hashable {
    /// Rows of a JSON batch.
    package var batchRowsMax = 1_000
    /// Rows of a replay of rejects.
    package var replayRowsMax = 100_000
    /// Bytes of a JSON batch's body: 16 MiB.
    package var batchBytesMax = 16 << 20
    /// Bytes of the slices that an NDJSON body is taken in: 4 MiB. A line is at most as long.
    package var streamSliceBytes = 4 << 20
    /// Jobs that wait to be worked before the next slice of an NDJSON body waits too, and for how long at most.
    package var streamBacklogJobsMax = 256
    package var streamWaitSecondsMax = 60
    /// Bytes of an atomic NDJSON body, which is taken as one slice: 16 MiB.
    package var atomicStreamBytesMax = 16 << 20
    /// Bytes of a refused row that are kept: 64 KiB.
    package var rejectBytesKept = 64 << 10
    /// Depth of arrays and objects in a batch's body.
    package var jsonDepthMax = 8
    /// Bytes of one upload as it comes: 64 GiB.
    package var uploadBytesMax = 64 << 30
    /// Bytes of a compressed upload once decompressed: 256 GiB.
    package var decompressedBytesMax = 256 << 30
    /// Jobs that are acknowledged and not worked before new writes get a 503.
    package var backlogJobsMax = 10_000
    /// Bytes that one read of a bronze object asks for: 1 MiB.
    package var readBytes = 1 << 20
    /// Bytes of rows that wait for their row group, over all partitions of a load: 96 MiB.
    package var bufferedBytesMax = 96 << 20
    /// Rows and bytes of rows of a restored Avro file that are taken together: 65,536 and 8 MiB.
    static let avroRowsMax = 1 << 16
    static let avroBytesMax = 8 << 20
    /// Bytes of rows in one row group before it is encoded: 24 MiB.
    package var rowGroupBytes = 24 << 20
    /// Bytes of a data file after which the next one is begun: 256 MiB.
    package var dataFileBytes = 256 << 20
    /// Bytes of rows whose key is stored already that are resolved together, with all that it takes to resolve them:
    /// 192 MiB, some two million short rows; as little as half of it when the table's keys are kept by their hashes, which
    /// take memory too. The rows of one chunk of a file are always resolved together.
    package var contestedBytesMax = 192 << 20
    /// Pieces that a table's key index is stored in before the newest are merged.
    package var keyIndexPiecesMax = 32
    /// Bytes of keys that are stored in the catalog's row: 64 KiB. More go to an object, so that the transaction stays
    /// short and the database small.
    package var keyIndexInlineBytesMax = 64 << 10
    /// Keys below which it does not matter how many of the index are not stored any more.
    package var keyIndexStaleKeysMin = 1 << 17
    /// Deletes in one position delete file: 1 Mi. Each names its data file while the file is written, about 100 bytes.
    package var positionDeletesPerFile = 1 << 20
    /// Bytes of a file that are parsed as one piece, and the least that a slice takes: 4 MiB.
    package var chunkBytes = 4 << 20
    /// Milliseconds that a slice of a file runs before batches that wait behind the file are let in.
    package var sliceMilliseconds = 250
    /// Keys of batches let in before a file that are remembered until it ends, about; then batches wait for its end. They
    /// take 2 to 16 bytes each when they are integers, else 60 and the key's own.
    package var aheadKeysMax = 500_000
    /// Milliseconds between the starts of two commits of batches while they keep coming; the first after a pause goes at once.
    package var commitIntervalMilliseconds = 250
    /// Batch records that one snapshot takes in.
    package var recordsPerCommitMax = 5_000
    /// Payload bytes of batch records that one snapshot takes in: 32 MiB.
    package var bytesPerCommitMax = 32 << 20
    /// Rejected rows that are buffered before they are written: a row group of the quarantine table at most.
    package var rejectsBuffered = 65_536
    /// Refused rows that a batch's receipt lists.
    package var verdictsMax = 1_000
    /// Commits that are tried again after a lost race before the job waits for the next round.
    package var commitAttemptsMax = 8
    /// Rows of batches that go to the operational store in one transaction, about.
    package var operationalRowsPerTransaction = 100_000
    /// Seconds that log records are kept after every sink has passed them: 7 days.
    package var logKeepSeconds = 7 * 24 * 60 * 60
    /// Bytes of log records that are kept of each table after every sink has passed them: 10 GiB.
    package var logKeepBytes = 10 << 30
    /// Seconds between two looks for records that need not be kept.
    package var logSweepSeconds = 60

    package init() {}

    /// The limits for reading a batch back from the log: what was acknowledged is worked, even where the limits were higher
    /// when it came.
    var forLoggedBatches: IngestionLimits {
        var limits = self
        limits.batchRowsMax = .max
        limits.jsonDepthMax = .max
        limits.rejectBytesKept = .max
        return limits
    }
}
