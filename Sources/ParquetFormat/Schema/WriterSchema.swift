internal import LakeModel

/// A column as it is written: the table's field and its physical form in the file.
struct WriterColumn: Sendable, Hashable {
    var fieldID: Int
    var name: String
    var type: PrimitiveType
    var physical: ParquetPhysicalType
    /// Bytes of a fixed-length value.
    var typeLength: Int?
    var isRequired: Bool
}

/// Maps Iceberg's types to Parquet's.
///
/// Source: Iceberg specification, "Appendix A: Parquet"; Parquet format, "LogicalTypes.md".
enum WriterSchema {
    /// The largest precision whose unscaled values fit 32 and 64 bits.
    static let int32PrecisionMax = 9
    static let int64PrecisionMax = 18

    /// - Throws: ``ParquetError`` for a nested field: only flat tables are written.
    static func columns(of schema: Schema) throws -> [WriterColumn] {
        try schema.fields.map { field in
            guard let type = field.type.primitive else {
                throw ParquetError.unsupported("nested columns are not written", column: field.name)
            }
            let (physical, typeLength) = physicalType(of: type)
            return WriterColumn(
                fieldID: field.id, name: field.name, type: type, physical: physical, typeLength: typeLength,
                isRequired: field.required)
        }
    }

    static func physicalType(of type: PrimitiveType) -> (ParquetPhysicalType, length: Int?) {
        switch type {
        case .boolean: (.boolean, nil)
        case .int, .date: (.int32, nil)
        case .long, .time, .timestamp, .timestamptz: (.int64, nil)
        case .float: (.float, nil)
        case .double: (.double, nil)
        case .decimal(let precision, _):
            if precision <= int32PrecisionMax {
                (.int32, nil)
            } else if precision <= int64PrecisionMax {
                (.int64, nil)
            } else {
                (.fixedLengthByteArray, decimalByteCount(precision: precision))
            }
        case .string, .binary: (.byteArray, nil)
        case .uuid: (.fixedLengthByteArray, 16)
        case .fixed(let length): (.fixedLengthByteArray, length)
        }
    }

    /// The fewest bytes in two's complement that hold every number of `precision` digits.
    static func decimalByteCount(precision: Int) -> Int {
        let largest = decimalMagnitudeMax(precision: precision)
        return (128 - largest.leadingZeroBitCount + 1 + 7) / 8
    }

    /// The largest unscaled value of `precision` digits.
    static func decimalMagnitudeMax(precision: Int) -> Int128 {
        var power: Int128 = 1
        for _ in 0..<precision { power *= 10 }
        return power - 1
    }

    /// The schema tree: a root and a leaf for each column.
    static func elements(of columns: [WriterColumn]) -> [SchemaElement] {
        var root = SchemaElement(name: "table")
        root.childCount = columns.count
        return [root] + columns.map(element)
    }

    private static func element(of column: WriterColumn) -> SchemaElement {
        var element = SchemaElement(name: column.name)
        element.type = column.physical
        element.typeLength = column.typeLength
        element.repetition = column.isRequired ? .required : .optional
        element.fieldID = column.fieldID
        switch column.type {
        case .boolean, .int, .long, .float, .double, .fixed, .binary: break
        case .decimal(let precision, let scale):
            element.logicalType = .decimal(scale: scale, precision: precision)
            element.convertedType = ConvertedType.decimal.rawValue
            element.scale = scale
            element.precision = precision
        case .date:
            element.logicalType = .date
            element.convertedType = ConvertedType.date.rawValue
        case .time:
            element.logicalType = .time(isAdjustedToUTC: false, unit: .microseconds)
            element.convertedType = ConvertedType.timeMicroseconds.rawValue
        case .timestamp:
            // The format asks for the converted type with local time too, for readers that know no other.
            element.logicalType = .timestamp(isAdjustedToUTC: false, unit: .microseconds)
            element.convertedType = ConvertedType.timestampMicroseconds.rawValue
        case .timestamptz:
            element.logicalType = .timestamp(isAdjustedToUTC: true, unit: .microseconds)
            element.convertedType = ConvertedType.timestampMicroseconds.rawValue
        case .string:
            element.logicalType = .string
            element.convertedType = ConvertedType.utf8.rawValue
        case .uuid: element.logicalType = .uuid
        }
        return element
    }
}
