import CSVFormat
import LakeModel

/// Rejects of one file or batch, in the columns that ``QuarantineSchema`` has for what differs from row to row.
///
/// Those of a file are made chunk by chunk beside its parsers, so that the load only hands them on.
struct RejectColumns: Sendable {
    private var lines: [Int64] = []
    private(set) var byteOffsets: [Int64] = []
    private var columns = ByteVector()
    private var columnValidity = Bitmap()
    private var codes = ByteVector()
    private var messages = ByteVector()
    private var raws = ByteVector()
    private var truncations: [Bool] = []

    var rowCount: Int { lines.count }
    /// Bytes of the rows as they will lie in their batch, about.
    var byteCount: Int { raws.bytes.count + messages.bytes.count + rowCount * Self.rowBytes }

    /// Bytes of a row's fixed part, about.
    private static let rowBytes = 192

    init() {}

    /// The rejects of a chunk.
    /// - Complexity: O(rows): their messages and bytes are taken over as they lie.
    init(_ rejects: CSVRejects) {
        lines = rejects.lines
        byteOffsets = rejects.byteOffsets
        messages = rejects.messages
        raws = rejects.raws
        truncations.reserveCapacity(rejects.count)
        for index in 0..<rejects.count { truncations.append(rejects.isRawTruncated(index)) }
        let names = rejects.columnNames.map { Array($0.utf8) }
        columns.offsets.reserveCapacity(rejects.count + 1)
        for column in rejects.columns {
            if column == CSVRejects.noColumn {
                columns.append(text: "")
            } else {
                columns.append(bytes: names[Int(column)])
            }
            columnValidity.append(column != CSVRejects.noColumn)
        }
        codes.offsets.reserveCapacity(rejects.count + 1)
        for code in rejects.codes { codes.append(text: code.rawValue) }
    }

    init(_ rows: [RejectedRow]) {
        for row in rows { append(row) }
    }

    mutating func append(_ row: RejectedRow) {
        lines.append(Int64(row.line))
        byteOffsets.append(Int64(row.byteOffset))
        columns.append(text: row.column ?? "")
        columnValidity.append(row.column != nil)
        codes.append(text: row.code)
        messages.append(text: row.message)
        raws.append(bytes: row.raw)
        truncations.append(row.isRawTruncated)
    }

    private mutating func append(_ other: RejectColumns, at index: Int) {
        lines.append(other.lines[index])
        byteOffsets.append(other.byteOffsets[index])
        columns.append(other.columns[index])
        columnValidity.append(other.columnValidity[index])
        codes.append(other.codes[index])
        messages.append(other.messages[index])
        raws.append(other.raws[index])
        truncations.append(other.truncations[index])
    }

    mutating func append(_ other: RejectColumns) {
        for index in 0..<other.rowCount { append(other, at: index) }
    }

    /// These rows and more of the same file, both in its order, in that order.
    func merged(with rows: [RejectedRow]) -> RejectColumns {
        if rows.isEmpty { return self }
        var merged = RejectColumns()
        var next = 0
        for row in rows {
            while next < rowCount, byteOffsets[next] < Int64(row.byteOffset) {
                merged.append(self, at: next)
                next += 1
            }
            merged.append(row)
        }
        for index in next..<rowCount { merged.append(self, at: index) }
        return merged
    }

    /// The rows that `isKept` takes.
    func filtered(_ isKept: (_ byteOffset: Int64, _ code: ArraySlice<UInt8>) -> Bool) -> RejectColumns {
        let kept = (0..<rowCount).filter { isKept(byteOffsets[$0], codes[$0]) }
        if kept.count == rowCount { return self }
        var columns = RejectColumns()
        for index in kept { columns.append(self, at: index) }
        return columns
    }

    var first: RejectedRow? {
        if rowCount == 0 { return nil }
        return RejectedRow(
            line: Int(lines[0]), byteOffset: Int(byteOffsets[0]),
            column: columnValidity[0] ? String(decoding: columns[0], as: UTF8.self) : nil,
            code: String(decoding: codes[0], as: UTF8.self), message: String(decoding: messages[0], as: UTF8.self),
            raw: Array(raws[0]), isRawTruncated: truncations[0])
    }

    /// All columns of the quarantine table.
    /// - Parameter now: when the rows were rejected, microseconds since 1970.
    func batch(from source: RejectSource, now: Int64) -> ColumnBatch {
        let count = rowCount
        let delimiter = source.delimiter.map { [$0] } ?? []
        let delimiterValidity = source.delimiter == nil ? Bitmap(repeating: false, count: count) : nil
        let storages: [(ColumnStorage, Bitmap?)] = [
            (.bytes(.repeating(Array(source.sha256.utf8), count: count)), nil), (.int64(lines), nil),
            (.int64(byteOffsets), nil), (.bytes(columns), columnValidity), (.bytes(codes), nil),
            (.bytes(messages), nil), (.bytes(raws), nil), (.boolean(truncations), nil),
            (.bytes(.repeating(delimiter, count: count)), delimiterValidity),
            (.bytes(.repeating(Array(source.jobID.utf8), count: count)), nil),
            (.int64([Int64](repeating: now, count: count)), nil),
        ]
        let types = QuarantineSchema.schema.fields.compactMap(\.type.primitive)
        let vectors = zip(types, storages).map { type, column in
            ColumnVector(type: type, storage: column.0, validity: column.1)
        }
        return ColumnBatch(columns: vectors, rowCount: count)
    }
}

extension ByteVector {
    fileprivate mutating func append(text: String) {
        var text = text
        text.withUTF8 { unsafe bytes.append(contentsOf: $0) }
        offsets.append(UInt32(bytes.count))
    }

    fileprivate mutating func append(bytes value: [UInt8]) {
        bytes.append(contentsOf: value)
        offsets.append(UInt32(bytes.count))
    }

    /// One value `count` times.
    fileprivate static func repeating(_ value: [UInt8], count: Int) -> ByteVector {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(value.count * count)
        for _ in 0..<count { bytes.append(contentsOf: value) }
        let length = UInt32(value.count)
        return ByteVector(offsets: (0...UInt32(count)).map { $0 * length }, bytes: bytes)
    }
}
