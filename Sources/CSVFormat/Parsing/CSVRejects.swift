package import LakeModel

/// The refused rows of a chunk, in file order, column by column: texts lie one behind the other, so that a reject costs
/// no value of its own. As a collection it gives each as a ``CSVReject``, for edges and tests.
package struct CSVRejects: Sendable, Hashable {
    /// Names of the declared columns, which ``columns`` points into.
    package let columnNames: [String]
    /// 1-based number of each row's first line.
    package private(set) var lines: [Int64] = []
    /// Where each row starts in the file.
    package private(set) var byteOffsets: [Int64] = []
    /// Bytes of each whole row without its line end.
    package private(set) var byteCounts: [Int64] = []
    package private(set) var codes: [CSVReject.Code] = []
    /// The declared column at fault, ``noColumn`` when it is the row as a whole.
    package private(set) var columns: [Int32] = []
    package private(set) var messages = ByteVector()
    /// Each row's bytes, the first `rawBytesMax` of them.
    package private(set) var raws = ByteVector()

    package static let noColumn: Int32 = -1

    package init(columnNames: [String]) { self.columnNames = columnNames }

    package var count: Int { lines.count }

    /// Whether ``raws`` has not all of the row.
    package func isRawTruncated(_ index: Int) -> Bool { raws.range(index).count < Int(byteCounts[index]) }

    /// Makes room for some more rejects that take `rawBytes` of raw bytes together.
    mutating func reserve(_ rows: Int) {
        lines.reserveCapacity(rows)
        byteOffsets.reserveCapacity(rows)
        byteCounts.reserveCapacity(rows)
        codes.reserveCapacity(rows)
        columns.reserveCapacity(rows)
        messages.offsets.reserveCapacity(rows + 1)
        raws.offsets.reserveCapacity(rows + 1)
    }

    mutating func removeAll() {
        lines.removeAll(keepingCapacity: true)
        byteOffsets.removeAll(keepingCapacity: true)
        byteCounts.removeAll(keepingCapacity: true)
        codes.removeAll(keepingCapacity: true)
        columns.removeAll(keepingCapacity: true)
        messages.offsets.removeLast(messages.offsets.count - 1)
        messages.bytes.removeAll(keepingCapacity: true)
        raws.offsets.removeLast(raws.offsets.count - 1)
        raws.bytes.removeAll(keepingCapacity: true)
    }

    /// Appends a reject.
    /// - Parameters:
    ///   - raw: what is kept of the row.
    ///   - column: of the declared ones.
    ///   - writeMessage: appends the message, in UTF-8.
    @inline(__always)
    mutating func append(
        line: Int, byteOffset: Int, byteCount: Int, raw: Span<UInt8>, column: Int?, code: CSVReject.Code,
        _ writeMessage: (inout [UInt8]) -> Void
    ) {
        lines.append(Int64(line))
        byteOffsets.append(Int64(byteOffset))
        byteCounts.append(Int64(byteCount))
        codes.append(code)
        columns.append(column.map { Int32($0) } ?? Self.noColumn)
        writeMessage(&messages.bytes)
        messages.offsets.append(UInt32(messages.bytes.count))
        unsafe raw.withUnsafeBufferPointer { unsafe raws.bytes.append(contentsOf: $0) }
        raws.offsets.append(UInt32(raws.bytes.count))
    }

    /// Appends a reject of another chunk of the same table.
    mutating func append(_ other: borrowing CSVRejects, at index: Int) {
        lines.append(other.lines[index])
        byteOffsets.append(other.byteOffsets[index])
        byteCounts.append(other.byteCounts[index])
        codes.append(other.codes[index])
        columns.append(other.columns[index])
        messages.append(other.messages[index])
        raws.append(other.raws[index])
    }
}

extension CSVRejects: RandomAccessCollection {
    package var startIndex: Int { 0 }
    package var endIndex: Int { count }

    package subscript(index: Int) -> CSVReject {
        let column = columns[index]
        return CSVReject(
            line: Int(lines[index]), byteOffset: Int(byteOffsets[index]), byteCount: Int(byteCounts[index]),
            raw: Array(raws[index]), rawTruncated: isRawTruncated(index),
            column: column == Self.noColumn ? nil : columnNames[Int(column)], code: codes[index].rawValue,
            message: String(decoding: messages[index], as: UTF8.self))
    }
}
