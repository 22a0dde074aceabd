package import LakeModel

/// A top-level column of a file.
package struct ParquetColumn: Sendable, Hashable {
    package var name: String
    package var fieldID: Int?
    /// The type that the column has in a table, `nil` when it is not read.
    package var type: PrimitiveType?
    package var isRequired: Bool
    /// Why the column is not read.
    package var unsupportedReason: String?
    /// Index among the columns of a row group; meaningless for a column that is not read.
    var leafIndex: Int
    var physical: ParquetPhysicalType
    var typeLength: Int
    var conversion: ValueConversion

    /// Bytes of a value in a plain page, for types of one width.
    var plainWidth: Int {
        switch physical {
        case .int32, .float: 4
        case .int64, .double: 8
        case .int96: 12
        case .boolean, .byteArray: 0
        case .fixedLengthByteArray: typeLength
        }
    }
}

/// What makes a table's value out of a file's.
enum ValueConversion: Hashable {
    case none
    /// Milliseconds to microseconds.
    case thousandfold
    /// 32 bits without a sign, into 64.
    case unsigned
    /// An integer or big-endian two's complement to a decimal's unscaled value.
    case decimal
}

/// Derives a file's columns from its schema tree.
enum ReaderSchema {
    /// Levels of groups within groups; deeper trees are not followed.
    static let depthMax = 64

    static func columns(of elements: [SchemaElement], footerOffset: Int) throws -> [ParquetColumn] {
        guard let root = elements.first, let count = root.childCount, count >= 0 else {
            throw ParquetError.malformed("the schema has no root", byteOffset: footerOffset)
        }
        var columns: [ParquetColumn] = []
        var position = 1
        var leafIndex = 0
        for _ in 0..<count {
            guard position < elements.count else {
                throw ParquetError.malformed("the schema ends early", byteOffset: footerOffset)
            }
            let element = elements[position]
            let leavesBefore = leafIndex
            try skip(elements, at: &position, leaves: &leafIndex, depth: 0, footerOffset: footerOffset)
            columns.append(try column(element, leafIndex: leavesBefore, footerOffset: footerOffset))
        }
        guard position == elements.count else {
            throw ParquetError.malformed("the schema has elements outside its tree", byteOffset: footerOffset)
        }
        return columns
    }

    /// Passes over an element and all below it.
    private static func skip(
        _ elements: [SchemaElement], at position: inout Int, leaves: inout Int, depth: Int, footerOffset: Int
    ) throws {
        guard position < elements.count, depth < depthMax else {
            throw ParquetError.malformed("the schema ends early or nests too deep", byteOffset: footerOffset)
        }
        let element = elements[position]
        position += 1
        guard let children = element.childCount, element.type == nil else {
            guard element.type != nil, (element.childCount ?? 0) == 0 else {
                throw ParquetError.malformed(
                    "the schema element \(element.name) is neither column nor group", byteOffset: footerOffset)
            }
            leaves += 1
            return
        }
        guard children >= 0, children <= elements.count - position else {
            throw ParquetError.malformed("a group announces \(children) children", byteOffset: footerOffset)
        }
        for _ in 0..<children {
            try skip(elements, at: &position, leaves: &leaves, depth: depth + 1, footerOffset: footerOffset)
        }
    }

    private static func column(
        _ element: SchemaElement, leafIndex: Int, footerOffset: Int
    ) throws -> ParquetColumn {
        var column = ParquetColumn(
            name: element.name, fieldID: element.fieldID, isRequired: element.repetition == .required,
            leafIndex: leafIndex, physical: element.type ?? .boolean, typeLength: element.typeLength ?? 0,
            conversion: .none)
        guard let physical = element.type else {
            column.unsupportedReason = "it is nested (a group); only flat columns are read"
            return column
        }
        if element.repetition == .repeated {
            column.unsupportedReason = "it is a list (a repeated field); only flat columns are read"
            return column
        }
        if physical == .fixedLengthByteArray, column.typeLength <= 0 {
            throw ParquetError.malformed(
                "a fixed-length column has no length", byteOffset: footerOffset, column: element.name)
        }
        switch TypeMapping.type(of: element, physical: physical) {
        case .success(let mapped):
            column.type = mapped.type
            column.conversion = mapped.conversion
        case .failure(let reason): column.unsupportedReason = reason.text
        }
        return column
    }
}

/// Finds the table's type for a leaf of a file.
enum TypeMapping {
    struct Mapped {
        var type: PrimitiveType
        var conversion = ValueConversion.none
    }

    struct Reason: Error {
        var text: String
    }

    static func type(of element: SchemaElement, physical: ParquetPhysicalType) -> Result<Mapped, Reason> {
        let logical = element.logicalType ?? logicalType(converted: element)
        if case .decimal(let scale, let precision) = logical {
            return decimal(element, physical, precision: precision, scale: scale)
        }
        switch physical {
        case .boolean: return .success(Mapped(type: .boolean))
        case .float: return .success(Mapped(type: .float))
        case .double: return .success(Mapped(type: .double))
        case .int96: return refuse("it is an INT96 timestamp, a deprecated form without a defined order or zone")
        case .int32: return int32(logical)
        case .int64: return int64(logical)
        case .byteArray:
            switch logical {
            case .string, .enumeration, .json: return .success(Mapped(type: .string))
            case nil, .bson: return .success(Mapped(type: .binary))
            default: return refuse("its logical type is not known for byte arrays")
            }
        case .fixedLengthByteArray:
            let length = element.typeLength ?? 0
            switch logical {
            case .uuid where length == 16: return .success(Mapped(type: .uuid))
            case nil: return .success(Mapped(type: .fixed(length: length)))
            default: return refuse("its logical type is not known for values of fixed length")
            }
        }
    }

    private static func refuse(_ text: String) -> Result<Mapped, Reason> { .failure(Reason(text: text)) }

    private static func int32(_ logical: ParquetLogicalType?) -> Result<Mapped, Reason> {
        switch logical {
        case nil: .success(Mapped(type: .int))
        case .integer(let width, let isSigned) where isSigned ? width <= 32 : width <= 16:
            .success(Mapped(type: .int))
        case .integer(bitWidth: 32, isSigned: false): .success(Mapped(type: .long, conversion: .unsigned))
        case .date: .success(Mapped(type: .date))
        case .time(_, .milliseconds): .success(Mapped(type: .time, conversion: .thousandfold))
        default: refuse("its logical type is not known for 32-bit integers")
        }
    }

    private static func int64(_ logical: ParquetLogicalType?) -> Result<Mapped, Reason> {
        switch logical {
        case nil, .integer(bitWidth: 64, isSigned: true): return .success(Mapped(type: .long))
        case .integer(bitWidth: 64, isSigned: false): return refuse("unsigned 64-bit integers have no table type")
        case .time(_, .microseconds): return .success(Mapped(type: .time))
        case .timestamp(let isAdjustedToUTC, let unit):
            let type: PrimitiveType = isAdjustedToUTC ? .timestamptz : .timestamp
            switch unit {
            case .microseconds: return .success(Mapped(type: type))
            case .milliseconds: return .success(Mapped(type: type, conversion: .thousandfold))
            case .nanoseconds: return refuse("nanosecond timestamps do not fit a table of format version 2")
            }
        default: return refuse("its logical type is not known for 64-bit integers")
        }
    }

    private static func decimal(
        _ element: SchemaElement, _ physical: ParquetPhysicalType, precision: Int, scale: Int
    ) -> Result<Mapped, Reason> {
        guard (1...PrimitiveType.decimalPrecisionMax).contains(precision), (0...precision).contains(scale) else {
            return refuse("decimal(\(precision), \(scale)) is no decimal of a table")
        }
        switch physical {
        case .int32, .int64, .byteArray: break
        case .fixedLengthByteArray where (element.typeLength ?? 0) <= 16: break
        default: return refuse("decimals are not known in this physical form")
        }
        return .success(Mapped(type: .decimal(precision: precision, scale: scale), conversion: .decimal))
    }

    /// The logical type of files that only have the older form.
    private static func logicalType(converted element: SchemaElement) -> ParquetLogicalType? {
        guard let number = element.convertedType else { return nil }
        switch ConvertedType(rawValue: number) {
        case .utf8: return .string
        case .enumeration: return .enumeration
        case .decimal: return .decimal(scale: element.scale ?? 0, precision: element.precision ?? 0)
        case .date: return .date
        case .timeMilliseconds: return .time(isAdjustedToUTC: true, unit: .milliseconds)
        case .timeMicroseconds: return .time(isAdjustedToUTC: true, unit: .microseconds)
        case .timestampMilliseconds: return .timestamp(isAdjustedToUTC: true, unit: .milliseconds)
        case .timestampMicroseconds: return .timestamp(isAdjustedToUTC: true, unit: .microseconds)
        case .uint8: return .integer(bitWidth: 8, isSigned: false)
        case .uint16: return .integer(bitWidth: 16, isSigned: false)
        case .uint32: return .integer(bitWidth: 32, isSigned: false)
        case .uint64: return .integer(bitWidth: 64, isSigned: false)
        case .int8: return .integer(bitWidth: 8, isSigned: true)
        case .int16: return .integer(bitWidth: 16, isSigned: true)
        case .int32: return .integer(bitWidth: 32, isSigned: true)
        case .int64: return .integer(bitWidth: 64, isSigned: true)
        case .json: return .json
        case .bson: return .bson
        case nil: return .other(0)
        }
    }
}
