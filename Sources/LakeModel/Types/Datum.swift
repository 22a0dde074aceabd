/// One value of a primitive type: a partition value, a column bound, a literal, a key.
///
/// The case tells the physical form; the logical type stands beside it in the schema.
package enum Datum: Sendable, Hashable {
    case boolean(Bool)
    /// `int` and `date`.
    case int(Int32)
    /// `long`, `time`, `timestamp`, `timestamptz`.
    case long(Int64)
    case float(Float)
    case double(Double)
    /// The unscaled value of a decimal; precision and scale are the type's.
    case decimal(Int128)
    case string(String)
    /// `binary`, `fixed` and `uuid`.
    case bytes([UInt8])
}
