/// A parameter of a statement in PostgreSQL's binary form, which needs no quoting and takes any byte.
package struct PostgreSQLParameter: Sendable, Hashable {
    /// Numbers of built-in types (PostgreSQL's `pg_type.dat`).
    package enum TypeID {
        package static let boolean: UInt32 = 16
        package static let bytes: UInt32 = 17
        package static let bigint: UInt32 = 20
        package static let integer: UInt32 = 23
        package static let text: UInt32 = 25
        package static let textArray: UInt32 = 1009
        package static let bigintArray: UInt32 = 1016
    }

    package var type: UInt32
    /// Big-endian, as the type's `recv` function takes it; `nil` is NULL.
    package var value: [UInt8]?

    package init(type: UInt32, value: [UInt8]?) {
        self.type = type
        self.value = value
    }

    package static func text(_ text: String?) -> Self { Self(type: TypeID.text, value: text.map { Array($0.utf8) }) }

    package static func bigint(_ number: Int64?) -> Self {
        Self(type: TypeID.bigint, value: number.map { BigEndian.bytes($0) })
    }

    package static func bigint(_ number: Int) -> Self { bigint(Int64(number)) }

    package static func bytes(_ bytes: [UInt8]?) -> Self { Self(type: TypeID.bytes, value: bytes) }

    package static func boolean(_ flag: Bool) -> Self { Self(type: TypeID.boolean, value: [flag ? 1 : 0]) }
}

/// Integers in network order.
package enum BigEndian {
    package static func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
        (0..<number.bitWidth / 8).reversed().map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }

    /// - Precondition: as many bytes as the type has.
    package static func integer<Number: FixedWidthInteger>(_ bytes: some Collection<UInt8>) -> Number {
        precondition(bytes.count == Number.bitWidth / 8)
        return bytes.reduce(0) { $0 << 8 | Number(truncatingIfNeeded: $1) }
    }
}
