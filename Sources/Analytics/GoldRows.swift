import ByteKernels
import Iceberg
import LakeModel
import QueryEngine

/// A result of the engine as rows of a gold table.
struct GoldRows: Sendable {
    /// Field ids from 1, in the result's order.
    let fields: [SchemaField]
    let rows: [[QueryValue]]
    /// Of all values in their order: two results with one digest are the same rows.
    let digest: String

    /// - Throws: ``GoldError`` `gold-too-large`, `gold-type-unsupported`, `gold-columns-differ`.
    init(_ result: QueryResult, of gold: GoldDeclaration, limits: GoldLimits) throws {
        guard !result.isTruncated, result.rows.count <= limits.goldRowsMax else {
            throw GoldError(
                code: "gold-too-large", message: "gold.\(gold.name) has more than \(limits.goldRowsMax) rows",
                remedy: "aggregate further, or raise the limit goldRowsMax")
        }
        let docs = Dictionary(gold.columns.map { ($0.name, $0.doc) }, uniquingKeysWith: { first, _ in first })
        var fields: [SchemaField] = []
        for column in result.columns {
            guard let type = EngineValues.type(column.type) else {
                throw GoldError(
                    code: "gold-type-unsupported",
                    message: "the column \(column.name) of gold.\(gold.name) is of type \(column.type)",
                    remedy: "declare the column's type under `columns`, or cast it in the SQL")
            }
            guard !fields.contains(where: { $0.name.lowercased() == column.name.lowercased() }) else {
                throw GoldError(
                    code: "gold-columns-differ", message: "gold.\(gold.name) has two columns \(column.name)",
                    remedy: "give each column a name of its own with AS")
            }
            fields.append(
                SchemaField(
                    id: fields.count + 1, name: column.name, type: type, required: false,
                    doc: docs[column.name].flatMap(\.self)))
        }
        self.fields = fields
        rows = result.rows
        digest = Self.digest(rows)
    }

    private static func digest(_ rows: [[QueryValue]]) -> String {
        var stream = SHA256Stream()
        var bytes: [UInt8] = []
        func number(_ value: UInt64) {
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: value >> shift))
            }
        }
        for row in rows {
            bytes.removeAll(keepingCapacity: true)
            for value in row {
                switch value {
                case .null: bytes.append(0)
                case .boolean(let flag): bytes.append(flag ? 2 : 1)
                case .integer(let integer):
                    bytes.append(3)
                    number(UInt64(bitPattern: integer))
                case .double(let double):
                    bytes.append(4)
                    number(double.bitPattern)
                case .text(let text):
                    bytes.append(5)
                    number(UInt64(text.utf8.count))
                    bytes.append(contentsOf: text.utf8)
                }
            }
            bytes.append(6)
            stream.update(bytes)
        }
        return SHA256Stream.hex(stream.finish())
    }

    /// Rows `range` in columns.
    /// - Throws: ``GoldError`` `gold-value-unsupported`.
    func batch(_ range: Range<Int>) throws -> ColumnBatch {
        let columns = try fields.indices.map { column in
            try GoldColumn(field: fields[column]).vector(rows[range].lazy.map { $0[column] }, count: range.count)
        }
        return ColumnBatch(columns: columns, rowCount: range.count)
    }
}

/// Values of one column as they lie in memory.
private struct GoldColumn {
    let field: SchemaField

    func vector(_ values: some Sequence<QueryValue>, count: Int) throws -> ColumnVector {
        guard let type = field.type.primitive else { preconditionFailure("gold columns are primitive") }
        var validity = Bitmap()
        validity.reserveCapacity(count)
        func collect<Value>(_ empty: Value, _ convert: (QueryValue) -> Value?) throws -> [Value] {
            var collected: [Value] = []
            collected.reserveCapacity(count)
            for value in values {
                validity.append(value != .null)
                if value == .null {
                    collected.append(empty)
                } else if let converted = convert(value) {
                    collected.append(converted)
                } else {
                    throw unsupported(value, type)
                }
            }
            return collected
        }
        let storage: ColumnStorage
        switch type {
        case .boolean: storage = .boolean(try collect(false) { if case .boolean(let flag) = $0 { flag } else { nil } })
        case .int:
            storage = .int32(try collect(0) { if case .integer(let value) = $0 { Int32(exactly: value) } else { nil } })
        case .long: storage = .int64(try collect(0) { if case .integer(let value) = $0 { value } else { nil } })
        case .float: storage = .float(try collect(0) { Self.double($0).map { Float($0) } })
        case .double: storage = .double(try collect(0) { Self.double($0) })
        case .decimal(_, let scale):
            storage = .int128(try collect(0) { Self.text($0).flatMap { EngineValues.unscaled($0, scale: scale) } })
        case .date: storage = .int32(try collect(0) { Self.text($0).flatMap { EngineValues.days($0) } })
        case .timestamp, .timestamptz:
            let isUTC = type == .timestamptz
            storage = .int64(
                try collect(0) { Self.text($0).flatMap { EngineValues.microseconds($0, isUTC: isUTC) } })
        default:
            var bytes = ByteVector()
            for text in try collect("", { Self.text($0) }) { bytes.append(text.utf8) }
            storage = .bytes(bytes)
        }
        return ColumnVector(
            type: type, storage: storage, validity: validity.setCount == validity.count ? nil : validity)
    }

    private static func text(_ value: QueryValue) -> String? { if case .text(let text) = value { text } else { nil } }

    private static func double(_ value: QueryValue) -> Double? {
        switch value {
        case .double(let double): double
        case .integer(let integer): Double(integer)
        default: nil
        }
    }

    private func unsupported(_ value: QueryValue, _ type: PrimitiveType) -> GoldError {
        GoldError(
            code: "gold-value-unsupported", message: "a value of the column \(field.name) is no \(type)",
            remedy: "infinite dates and numbers out of range can't be stored; leave them out in the SQL")
    }
}
