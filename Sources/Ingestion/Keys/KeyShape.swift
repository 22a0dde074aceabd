import ByteKernels
import LakeModel

/// How the key of a row is looked up.
enum KeyShape: Sendable, Hashable {
    /// One `int`, `long`, `date` or timestamp column.
    case integer(column: Int)
    /// Anything else: by the hash of the key's values.
    case hashed(columns: [Int])

    init(_ columns: [Int], in table: TableDeclaration) {
        if columns.count == 1, let column = columns.first {
            switch table.columns[column].type.physical {
            case .int32, .int64:
                self = .integer(column: column)
                return
            default: break
            }
        }
        self = .hashed(columns: columns)
    }

    /// Of ``codes(_:)`` and ``hash(integer:)``: stored fingerprints are of this version. To be raised with every change of
    /// what a key's hash is; a test holds the values.
    static let hashVersion: UInt8 = 1

    var columns: [Int] {
        switch self {
        case .integer(let column): [column]
        case .hashed(let columns): columns
        }
    }

    var isInteger: Bool { if case .integer = self { true } else { false } }

    /// The same key in a batch that has the key columns alone.
    var overKeyColumns: KeyShape {
        if case .integer = self { .integer(column: 0) } else { .hashed(columns: Array(columns.indices)) }
    }

    /// The exact key of one row.
    func key(_ batch: ColumnBatch, row: Int) -> RowKey {
        switch self {
        case .integer(let column):
            switch batch.columns[column].storage {
            case .int32(let values): .integer(Int64(values[row]))
            case .int64(let values): .integer(values[row])
            default: preconditionFailure("an integer key lies in an integer column")
            }
        case .hashed(let columns): .bytes(Self.bytes(batch, columns, row))
        }
    }

    func integers(_ batch: ColumnBatch, _ column: Int) -> [Int64] {
        switch batch.columns[column].storage {
        case .int64(let values): values
        case .int32(let values): values.map { Int64($0) }
        default: preconditionFailure("an integer key lies in an integer column")
        }
    }

    /// A number for each row's key: the bits of an integer key, which are exact, or the hash of another one.
    /// - Complexity: O(bytes of the key columns).
    func codes(_ batch: ColumnBatch) -> [UInt64] {
        switch self {
        case .integer(let column): return integers(batch, column).map { UInt64(bitPattern: $0) }
        case .hashed(let columns):
            var codes = [UInt64](repeating: 0, count: batch.rowCount)
            for column in columns { Self.mix(batch.columns[column].storage, into: &codes) }
            return codes
        }
    }

    /// The hash of an integer key, for sets that keep hashes only.
    @inline(__always) static func hash(integer code: UInt64) -> UInt64 { Hash64.hash(code) }

    /// Whether a row holds no key: another engine may have written nulls.
    func isKeyless(_ batch: ColumnBatch, row: Int) -> Bool {
        isInteger && batch.columns[columns[0]].isNull(row)
    }

    /// Mixes a column's values into the rows' hashes. A hash depends on the hash of the columns before as its seed, and on
    /// the length of variable values, so that columns don't run into each other.
    private static func mix(_ storage: ColumnStorage, into codes: inout [UInt64]) {
        switch storage {
        case .boolean(let values): mix(codes: &codes) { values[$0] ? 1 : 0 }
        case .int32(let values): mix(codes: &codes) { UInt64(bitPattern: Int64(values[$0])) }
        case .int64(let values): mix(codes: &codes) { UInt64(bitPattern: values[$0]) }
        case .float(let values): mix(codes: &codes) { UInt64(values[$0].bitPattern) }
        case .double(let values): mix(codes: &codes) { values[$0].bitPattern }
        case .int128(let values):
            mix(codes: &codes) { UInt64(truncatingIfNeeded: values[$0]) }
            mix(codes: &codes) { UInt64(truncatingIfNeeded: values[$0] >> 64) }
        case .bytes(let values):
            let bytes = unsafe values.bytes.span.bytes
            let offsets = values.offsets.span
            for row in codes.indices {
                let value = bytes.extracting(Int(offsets[row])..<Int(offsets[row + 1]))
                codes[row] = Hash64.hash(value, seed: codes[row])
            }
        case .fixed(let values):
            let bytes = unsafe values.bytes.span.bytes
            for row in codes.indices {
                let value = bytes.extracting(row * values.width..<(row + 1) * values.width)
                codes[row] = Hash64.hash(value, seed: codes[row])
            }
        }
    }

    @inline(__always) private static func mix(codes: inout [UInt64], _ value: (Int) -> UInt64) {
        for row in codes.indices { codes[row] = Hash64.hash(value(row), seed: codes[row]) }
    }

    /// The key's values, each behind its length, so that no two keys share their bytes.
    private static func bytes(_ batch: ColumnBatch, _ columns: [Int], _ row: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        for column in columns {
            switch batch.columns[column].storage {
            case .boolean(let values): append(UInt64(values[row] ? 1 : 0), &bytes)
            case .int32(let values): append(UInt64(bitPattern: Int64(values[row])), &bytes)
            case .int64(let values): append(UInt64(bitPattern: values[row]), &bytes)
            case .float(let values): append(UInt64(values[row].bitPattern), &bytes)
            case .double(let values): append(values[row].bitPattern, &bytes)
            case .int128(let values):
                append(UInt64(truncatingIfNeeded: values[row]), &bytes)
                append(UInt64(truncatingIfNeeded: values[row] >> 64), &bytes)
            case .bytes(let values):
                append(UInt64(values.range(row).count), &bytes)
                bytes.append(contentsOf: values[row])
            case .fixed(let values): bytes.append(contentsOf: values[row])
            }
        }
        return bytes
    }

    private static func append(_ value: UInt64, _ bytes: inout [UInt8]) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
}

/// The exact key of a row.
enum RowKey: Sendable, Hashable {
    case integer(Int64)
    case bytes([UInt8])
}
