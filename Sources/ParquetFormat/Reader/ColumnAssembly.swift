internal import ByteKernels
internal import LakeModel

/// Makes a table's column out of decoded slots: conversion and promotion.
enum ColumnAssembly {
    /// Whether a file's column of type `from` can be read as `to`.
    ///
    /// Source: Iceberg specification, "Schema Evolution"; strings and binaries, uuids and 16 fixed bytes differ in
    /// their annotation only.
    static func isReadable(_ from: PrimitiveType, as to: PrimitiveType) -> Bool {
        if from == to { return true }
        switch (from, to) {
        case (.int, .long), (.float, .double): return true
        case (.binary, .string), (.string, .binary): return true
        case (.fixed(length: 16), .uuid), (.uuid, .fixed(length: 16)): return true
        case (.decimal(let precision, let scale), .decimal(let wider, let sameScale)):
            return scale == sameScale && precision <= wider
        default: return false
        }
    }

    /// The slots of a type of one width.
    static func storage(
        _ output: borrowing ByteScratch, _ column: ParquetColumn, as type: PrimitiveType, rowCount: Int
    ) throws -> ColumnStorage {
        switch (column.physical, type.physical) {
        case (.int32, .int32):
            return .int32(array(output, rowCount))
        case (.int32, .int64):
            let values: [Int32] = array(output, rowCount)
            switch column.conversion {
            case .unsigned: return .int64(values.map { Int64(UInt32(bitPattern: $0)) })
            case .thousandfold: return .int64(values.map { Int64($0) * 1000 })
            default: return .int64(values.map { Int64($0) })
            }
        case (.int64, .int64):
            let values: [Int64] = array(output, rowCount)
            guard column.conversion == .thousandfold else { return .int64(values) }
            return .int64(
                try values.map { value in
                    let (product, overflow) = value.multipliedReportingOverflow(by: 1000)
                    if overflow {
                        throw ParquetError.incompatible(
                            "\(value) milliseconds do not fit as microseconds", column: column.name)
                    }
                    return product
                })
        case (.float, .float): return .float(array(output, rowCount))
        case (.float, .double):
            let values: [Float] = array(output, rowCount)
            return .double(values.map { Double($0) })
        case (.double, .double): return .double(array(output, rowCount))
        case (.int32, .int128):
            let values: [Int32] = array(output, rowCount)
            return .int128(values.map { Int128($0) })
        case (.int64, .int128):
            let values: [Int64] = array(output, rowCount)
            return .int128(values.map { Int128($0) })
        case (.fixedLengthByteArray, .int128):
            let bytes = output.array()
            let width = column.typeLength
            return .int128((0..<rowCount).map { DecimalBytes.value(bytes[$0 * width..<($0 + 1) * width]) })
        case (.fixedLengthByteArray, .fixed(let width)) where width == column.typeLength:
            return .fixed(FixedVector(width: width, bytes: output.array()))
        default: throw mismatch(column, type)
        }
    }

    static func storage(
        _ decoder: borrowing BytesDecoder, _ column: ParquetColumn, as type: PrimitiveType, rowCount: Int
    ) throws -> ColumnStorage {
        switch type.physical {
        case .bytes:
            return .bytes(ByteVector(offsets: [0] + decoder.ends, bytes: decoder.output.array()))
        case .int128:
            let bytes = decoder.output.array()
            var start = 0
            return .int128(
                try decoder.ends.map { end in
                    defer { start = Int(end) }
                    guard Int(end) - start <= 16 else {
                        throw ParquetError.incompatible(
                            "a decimal of \(Int(end) - start) bytes has more than 38 digits", column: column.name)
                    }
                    return DecimalBytes.value(bytes[start..<Int(end)])
                })
        default: throw mismatch(column, type)
        }
    }

    /// A column of nulls, for fields that a file lacks.
    static func nulls(_ type: PrimitiveType, rowCount: Int) -> ColumnVector {
        let storage: ColumnStorage =
            switch type.physical {
            case .boolean: .boolean([Bool](repeating: false, count: rowCount))
            case .int32: .int32([Int32](repeating: 0, count: rowCount))
            case .int64: .int64([Int64](repeating: 0, count: rowCount))
            case .float: .float([Float](repeating: 0, count: rowCount))
            case .double: .double([Double](repeating: 0, count: rowCount))
            case .int128: .int128([Int128](repeating: 0, count: rowCount))
            case .bytes: .bytes(ByteVector(offsets: [UInt32](repeating: 0, count: rowCount + 1), bytes: []))
            case .fixed(let width):
                .fixed(FixedVector(width: width, bytes: [UInt8](repeating: 0, count: width * rowCount)))
            }
        return ColumnVector(type: type, storage: storage, validity: Bitmap(repeating: false, count: rowCount))
    }

    static func mismatch(_ column: ParquetColumn, _ type: PrimitiveType) -> ParquetError {
        let found = column.type.map { "\($0)" } ?? "of an unknown type"
        return .incompatible("the file's column is \(found), which cannot be read as \(type)", column: column.name)
    }

    private static func array<Value: PlainNumber>(_ output: borrowing ByteScratch, _ count: Int) -> [Value] {
        precondition(output.count == count * MemoryLayout<Value>.size)
        return unsafe [Value](unsafeUninitializedCapacity: count) { buffer, initialized in
            unsafe UnsafeMutableRawBufferPointer(buffer).copyMemory(
                from: UnsafeRawBufferPointer(start: output.base, count: output.count))
            initialized = count
        }
    }
}
