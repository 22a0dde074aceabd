import LakeModel
import PostgreSQLSupport

/// How values of each type lie in PostgreSQL: in its own type of that meaning, in binary form on the way
/// (PostgreSQL's `src/backend/utils/adt/*.c`, the functions `…send` and `…recv`).
///
/// What PostgreSQL can't hold: NUL in text is kept as U+2400 (the symbol for it); −0.0 becomes 0.0; times outside
/// 4713 BC to the year 294276 are refused.
enum ColumnTypes {
    /// Days from 1970-01-01 to 2000-01-01, from which PostgreSQL counts.
    static let epochDays: Int32 = 10_957
    /// The same in microseconds.
    static let epochMicroseconds: Int64 = 946_684_800_000_000
    /// Days since 2000-01-01 that a `date` takes: PostgreSQL's `DATETIME_MIN_JULIAN` and `DATE_END_JULIAN`.
    static let days: Range<Int32> = -2_451_545..<2_145_031_949
    /// Microseconds since 2000-01-01 that a `timestamp` takes: PostgreSQL's `MIN_TIMESTAMP` and `END_TIMESTAMP`.
    static let microseconds: Range<Int64> = -211_813_488_000_000_000..<9_223_371_331_200_000_000
    /// U+2400 in UTF-8.
    static let symbolForNull: [UInt8] = [0xE2, 0x90, 0x80]

    static func sqlType(of type: PrimitiveType) -> String {
        switch type {
        case .boolean: "boolean"
        case .int: "integer"
        case .long: "bigint"
        case .float: "real"
        case .double: "double precision"
        case .decimal(let precision, let scale): "numeric(\(precision), \(scale))"
        case .date: "date"
        case .time: "time"
        case .timestamp: "timestamp"
        case .timestamptz: "timestamptz"
        case .string: "text"
        case .uuid: "uuid"
        case .fixed, .binary: "bytea"
        }
    }

    /// The number of the type in `pg_type.dat`.
    static func typeID(of type: PrimitiveType) -> UInt32 {
        switch type {
        case .boolean: 16
        case .int: 23
        case .long: 20
        case .float: 700
        case .double: 701
        case .decimal: 1700
        case .date: 1082
        case .time: 1083
        case .timestamp: 1114
        case .timestamptz: 1184
        case .string: 25
        case .uuid: 2950
        case .fixed, .binary: 17
        }
    }

    // MARK: Values one by one; columns take the way of `WireVector`

    /// - Returns: `nil` when the datum is not of the type.
    /// - Throws: `value-unsupported`.
    static func encoded(_ datum: Datum, type: PrimitiveType) throws -> [UInt8]? {
        switch (datum, type) {
        case (.boolean(let value), .boolean): [value ? 1 : 0]
        case (.int(let value), .int): BigEndian.bytes(value)
        case (.int(let value), .date): BigEndian.bytes(try WireTime.day(value))
        case (.int(let value), .long): BigEndian.bytes(Int64(value))
        case (.long(let value), .long), (.long(let value), .time): BigEndian.bytes(value)
        case (.long(let value), .timestamp), (.long(let value), .timestamptz):
            BigEndian.bytes(try WireTime.microsecond(value))
        case (.float(let value), .float): BigEndian.bytes(WireFloat.pattern(value))
        case (.double(let value), .double): BigEndian.bytes(WireFloat.pattern(value))
        case (.decimal(let value), .decimal(_, let scale)): WireNumeric.bytes(value, scale: scale)
        case (.string(let value), .string): WireText.withoutNull(Array(value.utf8))
        case (.bytes(let value), .binary): value
        case (.bytes(let value), .uuid) where value.count == 16: value
        case (.bytes(let value), .fixed(let length)) where value.count == length: value
        default: nil
        }
    }

    /// - Returns: `nil` when the bytes are no value of the type.
    static func datum(_ bytes: [UInt8], type: PrimitiveType) -> Datum? {
        switch (type, bytes.count) {
        case (.boolean, 1): .boolean(bytes[0] != 0)
        case (.int, 4): .int(BigEndian.integer(bytes))
        case (.date, 4): WireTime.daysSinceUnix(BigEndian.integer(bytes)).map { .int($0) }
        case (.long, 8), (.time, 8): .long(BigEndian.integer(bytes))
        case (.timestamp, 8), (.timestamptz, 8): WireTime.sinceUnix(BigEndian.integer(bytes)).map { .long($0) }
        case (.float, 4): .float(Float(bitPattern: BigEndian.integer(bytes)))
        case (.double, 8): .double(Double(bitPattern: BigEndian.integer(bytes)))
        case (.decimal(_, let scale), _): WireNumeric.unscaled(bytes, scale: scale).map { .decimal($0) }
        case (.string, _): .string(String(decoding: bytes, as: UTF8.self))
        case (.uuid, 16), (.binary, _): .bytes(bytes)
        case (.fixed(let length), _) where bytes.count == length: .bytes(bytes)
        default: nil
        }
    }
}
