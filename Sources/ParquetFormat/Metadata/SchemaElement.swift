/// A node of the schema tree, in depth-first order (`SchemaElement`).
struct SchemaElement: Hashable {
    var type: ParquetPhysicalType?
    var typeLength: Int?
    var repetition: Repetition?
    var name: String
    var childCount: Int?
    var convertedType: Int?
    var scale: Int?
    var precision: Int?
    var fieldID: Int?
    var logicalType: ParquetLogicalType?

    init(name: String) { self.name = name }

    func write(to writer: inout CompactWriter) {
        writer.structure { writer in
            if let type { writer.int32(1, type.rawValue) }
            if let typeLength { writer.int32(2, typeLength) }
            if let repetition { writer.int32(3, repetition.rawValue) }
            writer.string(4, name)
            if let childCount { writer.int32(5, childCount) }
            if let convertedType { writer.int32(6, convertedType) }
            if let scale { writer.int32(7, scale) }
            if let precision { writer.int32(8, precision) }
            if let fieldID { writer.int32(9, fieldID) }
            if let logicalType { writer.structure(10) { logicalType.write(to: &$0) } }
        }
    }

    init(from reader: inout CompactReader) throws {
        var element = SchemaElement(name: "")
        var hasName = false
        try reader.structure { reader, id, type in
            switch id {
            case 1:
                let number = try reader.int32(type)
                guard let physical = ParquetPhysicalType(rawValue: number) else {
                    throw reader.malformed("the schema has the unknown physical type \(number)")
                }
                element.type = physical
            case 2: element.typeLength = try reader.int32(type)
            case 3:
                let number = try reader.int32(type)
                guard let repetition = Repetition(rawValue: number) else {
                    throw reader.malformed("the schema has the unknown repetition \(number)")
                }
                element.repetition = repetition
            case 4:
                element.name = try reader.string(type)
                hasName = true
            case 5: element.childCount = try reader.int32(type)
            case 6: element.convertedType = try reader.int32(type)
            case 7: element.scale = try reader.int32(type)
            case 8: element.precision = try reader.int32(type)
            case 9: element.fieldID = try reader.int32(type)
            case 10: element.logicalType = try ParquetLogicalType(from: &reader, type)
            default: try reader.skip(type)
            }
        }
        guard hasName else { throw reader.malformed("a column has no name") }
        self = element
    }
}

extension ParquetLogicalType {
    /// The fields of the union.
    func write(to writer: inout CompactWriter) {
        switch self {
        case .string: writer.structure(1) { _ in }
        case .enumeration: writer.structure(4) { _ in }
        case .decimal(let scale, let precision):
            writer.structure(5) {
                $0.int32(1, scale)
                $0.int32(2, precision)
            }
        case .date: writer.structure(6) { _ in }
        case .time(let isAdjustedToUTC, let unit):
            writer.structure(7) { Self.writeTime(isAdjustedToUTC, unit, to: &$0) }
        case .timestamp(let isAdjustedToUTC, let unit):
            writer.structure(8) { Self.writeTime(isAdjustedToUTC, unit, to: &$0) }
        case .integer(let bitWidth, let isSigned):
            writer.structure(10) {
                $0.int8(1, Int8(bitWidth))
                $0.bool(2, isSigned)
            }
        case .json: writer.structure(12) { _ in }
        case .bson: writer.structure(13) { _ in }
        case .uuid: writer.structure(14) { _ in }
        case .other(let id): writer.structure(id) { _ in }
        }
    }

    private static func writeTime(_ isAdjustedToUTC: Bool, _ unit: ParquetTimeUnit, to writer: inout CompactWriter) {
        writer.bool(1, isAdjustedToUTC)
        writer.structure(2) { $0.structure(unit.rawValue) { _ in } }
    }

    /// `nil` when the union is empty.
    init?(from reader: inout CompactReader, _ type: CompactType) throws {
        guard type == .structure else { throw reader.malformed("a logical type is no structure") }
        var found: ParquetLogicalType?
        try reader.structure { reader, id, type in
            guard type == .structure else { throw reader.malformed("a logical type is no structure") }
            switch id {
            case 1: found = .string
            case 4: found = .enumeration
            case 5:
                found = try Self.readDecimal(from: &reader)
                return
            case 6: found = .date
            case 7, 8:
                let (isAdjustedToUTC, unit) = try Self.readTime(from: &reader)
                found =
                    id == 7
                    ? .time(isAdjustedToUTC: isAdjustedToUTC, unit: unit)
                    : .timestamp(isAdjustedToUTC: isAdjustedToUTC, unit: unit)
                return
            case 10:
                found = try Self.readInteger(from: &reader)
                return
            case 12: found = .json
            case 13: found = .bson
            case 14: found = .uuid
            default: found = .other(id)
            }
            try reader.skip(type)
        }
        guard let found else { return nil }
        self = found
    }

    private static func readDecimal(from reader: inout CompactReader) throws -> ParquetLogicalType {
        var scale = 0
        var precision = 0
        try reader.structure { reader, id, type in
            switch id {
            case 1: scale = try reader.int32(type)
            case 2: precision = try reader.int32(type)
            default: try reader.skip(type)
            }
        }
        return .decimal(scale: scale, precision: precision)
    }

    private static func readTime(from reader: inout CompactReader) throws -> (Bool, ParquetTimeUnit) {
        var isAdjustedToUTC = false
        var unit: ParquetTimeUnit?
        try reader.structure { reader, id, type in
            switch id {
            case 1: isAdjustedToUTC = try reader.bool(type)
            case 2:
                guard type == .structure else { throw reader.malformed("a time unit is no structure") }
                try reader.structure { reader, id, type in
                    unit = ParquetTimeUnit(rawValue: id)
                    try reader.skip(type)
                }
            default: try reader.skip(type)
            }
        }
        guard let unit else { throw reader.malformed("a time type has no known unit") }
        return (isAdjustedToUTC, unit)
    }

    private static func readInteger(from reader: inout CompactReader) throws -> ParquetLogicalType {
        var bitWidth = 0
        var isSigned = true
        try reader.structure { reader, id, type in
            switch id {
            case 1: bitWidth = Int(try reader.int8(type))
            case 2: isSigned = try reader.bool(type)
            default: try reader.skip(type)
            }
        }
        return .integer(bitWidth: bitWidth, isSigned: isSigned)
    }
}
