import LakeModel

/// Rejects in the columns of ``QuarantineSchema``, gathered row by row without a value of its own for each field.
struct RejectColumns {
    /// Rows in a row that come from one file or batch.
    private struct Run {
        let source: RejectSource
        var rowCount: Int
    }

    private var runs: [Run] = []
    private var lines: [Int64] = []
    private var byteOffsets: [Int64] = []
    private var columns = Texts()
    private var columnValidity = Bitmap()
    private var codes = Texts()
    private var messages = Texts()
    private var raws = Texts()
    private var truncations: [Bool] = []

    var rowCount: Int { lines.count }
    /// Bytes of the rows as they will lie in their batch, about.
    var byteCount: Int { raws.bytes.count + messages.bytes.count + rowCount * Self.rowBytes }

    /// Bytes of a row's fixed part, about.
    private static let rowBytes = 192

    mutating func append(_ row: RejectedRow, from source: RejectSource) {
        if let last = runs.indices.last, runs[last].source == source {
            runs[last].rowCount += 1
        } else {
            runs.append(Run(source: source, rowCount: 1))
        }
        append(row)
    }

    /// Appends many rows of one source.
    mutating func append(_ rows: [RejectedRow], from source: RejectSource) {
        if rows.isEmpty { return }
        runs.append(Run(source: source, rowCount: rows.count))
        for row in rows { append(row) }
    }

    private mutating func append(_ row: RejectedRow) {
        lines.append(Int64(row.line))
        byteOffsets.append(Int64(row.byteOffset))
        columns.append(row.column ?? "")
        columnValidity.append(row.column != nil)
        codes.append(row.code)
        messages.append(row.message)
        raws.append(row.raw)
        truncations.append(row.isRawTruncated)
    }

    /// The batch of all rows, which are then gone from here.
    /// - Parameter now: when they were rejected, microseconds since 1970.
    mutating func take(now: Int64) -> ColumnBatch {
        let count = rowCount
        var files = Texts()
        var delimiters = Texts()
        var delimiterValidity = Bitmap()
        var jobs = Texts()
        for run in runs {
            files.append(run.source.sha256, count: run.rowCount)
            delimiters.append(
                run.source.delimiter.map { String(UnicodeScalar($0)) } ?? "", count: run.rowCount)
            delimiterValidity.append(repeating: run.source.delimiter != nil, count: run.rowCount)
            jobs.append(run.source.jobID, count: run.rowCount)
        }
        let storages: [(ColumnStorage, Bitmap?)] = [
            (files.storage, nil), (.int64(lines), nil), (.int64(byteOffsets), nil), (columns.storage, columnValidity),
            (codes.storage, nil), (messages.storage, nil), (raws.storage, nil), (.boolean(truncations), nil),
            (delimiters.storage, delimiterValidity), (jobs.storage, nil),
            (.int64([Int64](repeating: now, count: count)), nil),
        ]
        let types = QuarantineSchema.schema.fields.compactMap(\.type.primitive)
        let vectors = zip(types, storages).map { type, column in
            ColumnVector(type: type, storage: column.0, validity: column.1)
        }
        self = RejectColumns()
        return ColumnBatch(columns: vectors, rowCount: count)
    }
}

/// Texts one behind the other, as a ``ByteVector`` will have them.
private struct Texts {
    private var offsets: [UInt32] = [0]
    private(set) var bytes: [UInt8] = []

    var storage: ColumnStorage { .bytes(ByteVector(offsets: offsets, bytes: bytes)) }

    mutating func append(_ value: [UInt8]) {
        bytes.append(contentsOf: value)
        offsets.append(UInt32(bytes.count))
    }

    mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { unsafe bytes.append(contentsOf: $0) }
        offsets.append(UInt32(bytes.count))
    }

    /// Appends a text `count` times.
    mutating func append(_ text: String, count: Int) {
        let value = Array(text.utf8)
        bytes.reserveCapacity(bytes.count + value.count * count)
        for _ in 0..<count { append(value) }
    }
}
