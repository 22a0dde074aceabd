import LakeModel
import SQLiteSupport

/// Writes the rows of a batch through one prepared statement.
///
/// Steps: the columns' arrays are pinned, one nested closure a column, so that values are read through pointers and
/// text is bound without a copy; then each row binds its values and runs the statement. What kind of values a column
/// has is decided by a switch over a flat enum, without a retain or an allocation a value.
enum BatchBinder {
    /// - Parameter order: the rows in the order in which they are written; `nil` as they lie.
    static func run(
        _ batch: ColumnBatch, order: [UInt32]?, through statement: borrowing RawStatement
    ) throws {
        try unsafe pin(batch.columns[...], [], statement, order ?? (0..<UInt32(batch.rowCount)).map { $0 })
    }

    /// Addresses of one column's values, valid inside `pin`.
    @unsafe private enum Values {
        case boolean(UnsafeBufferPointer<Bool>)
        case int32(UnsafeBufferPointer<Int32>)
        case int64(UnsafeBufferPointer<Int64>)
        case float(UnsafeBufferPointer<Float>)
        case double(UnsafeBufferPointer<Double>)
        case decimal(UnsafeBufferPointer<Int128>, type: PrimitiveType)
        case text(UnsafeBufferPointer<UInt8>, offsets: UnsafeBufferPointer<UInt32>)
        case blob(UnsafeBufferPointer<UInt8>, offsets: UnsafeBufferPointer<UInt32>)
        case fixed(UnsafeBufferPointer<UInt8>, width: Int)
    }

    @unsafe private struct Column {
        var values: Values
        var validity: UnsafeBufferPointer<UInt64>?
    }

    private static func pin(
        _ rest: ArraySlice<ColumnVector>, _ pinned: [Column], _ statement: borrowing RawStatement, _ order: [UInt32]
    ) throws {
        guard let vector = rest.first else { return try unsafe bindRows(pinned, statement, order) }
        guard let validity = vector.validity else {
            return try unsafe pinValues(vector, nil, rest.dropFirst(), pinned, statement, order)
        }
        try unsafe validity.words.withUnsafeBufferPointer {
            try unsafe pinValues(vector, $0, rest.dropFirst(), pinned, statement, order)
        }
    }

    private static func pinValues(
        _ vector: ColumnVector, _ validity: UnsafeBufferPointer<UInt64>?, _ rest: ArraySlice<ColumnVector>,
        _ pinned: [Column], _ statement: borrowing RawStatement, _ order: [UInt32]
    ) throws {
        func next(_ values: Values) throws {
            try unsafe pin(rest, pinned + [Column(values: values, validity: validity)], statement, order)
        }
        switch vector.storage {
        case .boolean(let values): try unsafe values.withUnsafeBufferPointer { try unsafe next(.boolean($0)) }
        case .int32(let values): try unsafe values.withUnsafeBufferPointer { try unsafe next(.int32($0)) }
        case .int64(let values): try unsafe values.withUnsafeBufferPointer { try unsafe next(.int64($0)) }
        case .float(let values): try unsafe values.withUnsafeBufferPointer { try unsafe next(.float($0)) }
        case .double(let values): try unsafe values.withUnsafeBufferPointer { try unsafe next(.double($0)) }
        case .int128(let values):
            try unsafe values.withUnsafeBufferPointer { try unsafe next(.decimal($0, type: vector.type)) }
        case .bytes(let values):
            try unsafe values.bytes.withUnsafeBufferPointer { bytes in
                try unsafe values.offsets.withUnsafeBufferPointer { offsets in
                    try unsafe next(
                        vector.type == .string ? .text(bytes, offsets: offsets) : .blob(bytes, offsets: offsets))
                }
            }
        case .fixed(let values):
            try unsafe values.bytes.withUnsafeBufferPointer { try unsafe next(.fixed($0, width: values.width)) }
        }
    }

    private static func bindRows(_ columns: [Column], _ statement: borrowing RawStatement, _ order: [UInt32]) throws {
        for row in order {
            for index in unsafe columns.indices {
                unsafe bind(columns[index], Int(row), Int32(index + 1), statement)
            }
            try statement.run()
        }
    }

    @inline(__always) private static func bind(
        _ column: Column, _ row: Int, _ parameter: Int32, _ statement: borrowing RawStatement
    ) {
        if let validity = unsafe column.validity, unsafe validity[row >> 6] >> UInt64(row & 63) & 1 == 0 {
            return statement.bindNull(parameter)
        }
        switch unsafe column.values {
        case .boolean(let values): unsafe statement.bind(parameter, values[row] ? Int64(1) : 0)
        case .int32(let values): unsafe statement.bind(parameter, Int64(values[row]))
        case .int64(let values): unsafe statement.bind(parameter, values[row])
        case .float(let values): unsafe bind(Double(values[row]), parameter, statement)
        case .double(let values): unsafe bind(values[row], parameter, statement)
        case .decimal(let values, let type): unsafe statement.bind(parameter, DecimalText.text(values[row], type: type))
        case .text(let bytes, let offsets):
            let range = unsafe Int(offsets[row])..<Int(offsets[row + 1])
            unsafe statement.bindText(parameter, UnsafeBufferPointer(rebasing: bytes[range]), isStatic: true)
        case .blob(let bytes, let offsets):
            let range = unsafe Int(offsets[row])..<Int(offsets[row + 1])
            unsafe statement.bindBlob(parameter, UnsafeBufferPointer(rebasing: bytes[range]), isStatic: true)
        case .fixed(let bytes, let width):
            let range = row * width..<(row + 1) * width
            unsafe statement.bindBlob(parameter, UnsafeBufferPointer(rebasing: bytes[range]), isStatic: true)
        }
    }

    private static func bind(_ value: Double, _ parameter: Int32, _ statement: borrowing RawStatement) {
        if value.isNaN {
            statement.bind(parameter, ColumnCoding.notANumber)
        } else {
            statement.bind(parameter, value)
        }
    }
}
