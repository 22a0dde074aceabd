import ByteKernels
import LakeModel

/// How the key of a row is looked up.
enum KeyShape: Sendable, Hashable {
    /// One `int`, `long`, `date` or timestamp column.
    case integer(column: Int)
    /// Anything else: by the hash of the key's bytes.
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

    var columns: [Int] {
        switch self {
        case .integer(let column): [column]
        case .hashed(let columns): columns
        }
    }

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

    func hashes(_ batch: ColumnBatch, _ columns: [Int]) -> [UInt64] {
        (0..<batch.rowCount).map { Self.hash(Self.bytes(batch, columns, $0)) }
    }

    static func hash(_ bytes: [UInt8]) -> UInt64 { unsafe Hash64.hash(bytes.span.bytes) }

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
