/// Type codes of Thrift's compact protocol.
///
/// Source: Apache Thrift, "thrift-compact-protocol.md", struct field and element types.
enum CompactType: UInt8 {
    case stop = 0
    case booleanTrue = 1
    case booleanFalse = 2
    case int8 = 3
    case int16 = 4
    case int32 = 5
    case int64 = 6
    case double = 7
    case binary = 8
    case list = 9
    case set = 10
    case map = 11
    case structure = 12
    case uuid = 13
}
