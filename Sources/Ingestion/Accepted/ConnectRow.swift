internal import Foundation
import Iceberg
import LakeModel

/// Rows in the JSON that Kafka Connect's `JsonConverter` reads with `schemas.enable=true`: `{"schema": …, "payload": …}`.
///
/// Connect's own logical types stand for decimals, dates and times. Its times have milliseconds, so what is below goes.
struct ConnectRow: Sendable {
    private struct Field: Sendable {
        var index: Int
        /// `"name":`
        var name: [UInt8]
        var type: PrimitiveType
    }

    private let fields: [Field]
    private let keyFields: [Field]
    /// Everything before the payload.
    private let head: [UInt8]
    private let keyHead: [UInt8]

    init(_ table: TableDeclaration) {
        self.init(
            Array(table.silverSchema.fields.prefix(table.columns.count)), keys: table.keyColumns,
            name: "dipper.\(table.name)")
    }

    /// - Parameters:
    ///   - keys: indices of the columns that make the key.
    ///   - name: of the schema.
    init(_ columns: [SchemaField], keys: [Int], name: String) {
        let keys = Set(keys)
        var fields: [Field] = []
        for (index, column) in columns.enumerated() {
            guard let type = column.type.primitive else { continue }
            fields.append(Field(index: index, name: Self.quoted(column.name) + [UInt8(ascii: ":")], type: type))
        }
        self.fields = fields
        keyFields = fields.filter { keys.contains($0.index) }
        head = Self.head(columns, Array(columns.indices), name)
        keyHead = Self.head(columns, columns.indices.filter { keys.contains($0) }, "\(name).key")
    }

    /// A row's value.
    func value(_ batch: ColumnBatch, _ row: Int) -> [UInt8] { value { batch.columns[$0].datum(row) } }

    /// A row's key; `nil` for a table without one.
    func key(_ batch: ColumnBatch, _ row: Int) -> [UInt8]? { key { batch.columns[$0].datum(row) } }

    /// The value of a row whose columns `datum` knows by their index.
    func value(_ datum: (Int) -> Datum?) -> [UInt8] { head + payload(fields, datum) + [UInt8(ascii: "}")] }

    func key(_ datum: (Int) -> Datum?) -> [UInt8]? {
        keyFields.isEmpty ? nil : keyHead + payload(keyFields, datum) + [UInt8(ascii: "}")]
    }

    /// The value that stands for a row that is gone: Connect takes it as null, which sinks delete by.
    static let gone = Array(#"{"schema":null,"payload":null}"#.utf8)

    private func payload(_ fields: [Field], _ datum: (Int) -> Datum?) -> [UInt8] {
        var bytes = [UInt8(ascii: "{")]
        for (position, field) in fields.enumerated() {
            if position > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += field.name
            bytes += Self.text(datum(field.index), field.type)
        }
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    // MARK: Schema

    private static func head(_ columns: [SchemaField], _ indices: [Int], _ name: String) -> [UInt8] {
        let fields = indices.compactMap { index -> String? in
            guard let type = columns[index].type.primitive else { return nil }
            let field = String(decoding: quoted(columns[index].name), as: UTF8.self)
            // JSON has no text for the numbers that are none.
            let isOptional = !columns[index].required || type == .float || type == .double
            return "{\"field\":\(field),\"optional\":\(isOptional),\(typeText(type))}"
        }
        let label = String(decoding: quoted(name), as: UTF8.self)
        return Array(
            ("{\"schema\":{\"type\":\"struct\",\"name\":\(label),\"optional\":false,"
                + "\"fields\":[\(fields.joined(separator: ","))]},\"payload\":").utf8)
    }

    private static func typeText(_ type: PrimitiveType) -> String {
        func logical(_ type: String, _ name: String) -> String {
            "\"type\":\"\(type)\",\"name\":\"org.apache.kafka.connect.data.\(name)\",\"version\":1"
        }
        switch type {
        case .boolean: return "\"type\":\"boolean\""
        case .int: return "\"type\":\"int32\""
        case .long: return "\"type\":\"int64\""
        case .float: return "\"type\":\"float\""
        case .double: return "\"type\":\"double\""
        case .decimal(let precision, let scale):
            return logical("bytes", "Decimal")
                + ",\"parameters\":{\"scale\":\"\(scale)\",\"connect.decimal.precision\":\"\(precision)\"}"
        case .date: return logical("int32", "Date")
        case .time: return logical("int32", "Time")
        case .timestamp, .timestamptz: return logical("int64", "Timestamp")
        case .string, .uuid: return "\"type\":\"string\""
        case .fixed, .binary: return "\"type\":\"bytes\""
        }
    }

    // MARK: Values

    private static func text(_ datum: Datum?, _ type: PrimitiveType) -> [UInt8] {
        switch datum {
        case nil: Array("null".utf8)
        case .boolean(let flag): Array(flag ? "true".utf8 : "false".utf8)
        case .int(let number): Array("\(number)".utf8)
        case .long(let number): Array("\(isTime(type) ? milliseconds(number) : number)".utf8)
        case .float(let number): Array((number.isFinite ? "\(number)" : "null").utf8)
        case .double(let number): Array((number.isFinite ? "\(number)" : "null").utf8)
        case .decimal(let number): base64(BoundsCodec.shortestBigEndian(number))
        case .string(let text): quoted(text)
        case .bytes(let bytes): type == .uuid ? quoted(uuid(bytes)) : base64(bytes)
        }
    }

    private static func isTime(_ type: PrimitiveType) -> Bool {
        switch type {
        case .time, .timestamp, .timestamptz: true
        default: false
        }
    }

    /// Towards the past, so that order holds before 1970 too.
    private static func milliseconds(_ microseconds: Int64) -> Int64 {
        microseconds / 1_000 - (microseconds % 1_000 < 0 ? 1 : 0)
    }

    private static func base64(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8(ascii: "\"")] + Array(Data(bytes).base64EncodedData()) + [UInt8(ascii: "\"")]
    }

    private static func uuid(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text.append(UInt8(ascii: "-")) }
            text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// A JSON string (RFC 8259, section 7).
    static func quoted(_ text: String) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        var bytes = [UInt8(ascii: "\"")]
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0..<0x20: bytes += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
        return bytes
    }
}
