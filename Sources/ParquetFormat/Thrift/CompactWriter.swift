internal import ByteKernels

/// Writes Thrift's compact protocol, as much of it as Parquet's metadata needs.
///
/// Fields of a structure are written in the order of their ids.
struct CompactWriter {
    private(set) var bytes: [UInt8] = []
    private var lastFieldID = 0

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        lastFieldID = 0
    }

    /// Writes a whole top-level structure: its fields, then the stop byte.
    mutating func structure(_ fields: (inout CompactWriter) -> Void) {
        let outer = lastFieldID
        lastFieldID = 0
        fields(&self)
        bytes.append(CompactType.stop.rawValue)
        lastFieldID = outer
    }

    mutating func structure(_ id: Int, _ fields: (inout CompactWriter) -> Void) {
        header(id, .structure)
        structure(fields)
    }

    mutating func int8(_ id: Int, _ value: Int8) {
        header(id, .int8)
        bytes.append(UInt8(bitPattern: value))
    }

    mutating func int16(_ id: Int, _ value: Int16) {
        header(id, .int16)
        VarInt.appendZigZag(Int64(value), to: &bytes)
    }

    /// - Precondition: `value` fits 32 bits.
    mutating func int32(_ id: Int, _ value: Int) {
        header(id, .int32)
        element(int32: value)
    }

    mutating func int64(_ id: Int, _ value: Int) {
        header(id, .int64)
        element(int64: value)
    }

    mutating func bool(_ id: Int, _ value: Bool) { header(id, value ? .booleanTrue : .booleanFalse) }

    mutating func binary(_ id: Int, _ value: [UInt8]) {
        header(id, .binary)
        element(binary: value)
    }

    mutating func string(_ id: Int, _ value: String) { binary(id, Array(value.utf8)) }

    /// Writes a list whose elements `body` writes with the `element` calls or ``structure(_:)``.
    mutating func list<Element>(
        _ id: Int, _ type: CompactType, _ elements: [Element], _ body: (inout CompactWriter, Element) -> Void
    ) {
        header(id, .list)
        if elements.count < 15 {
            bytes.append(UInt8(elements.count) << 4 | type.rawValue)
        } else {
            bytes.append(0xF0 | type.rawValue)
            VarInt.append(UInt64(elements.count), to: &bytes)
        }
        for element in elements { body(&self, element) }
    }

    mutating func element(int32 value: Int) { VarInt.appendZigZag(Int64(Int32(value)), to: &bytes) }
    mutating func element(int64 value: Int) { VarInt.appendZigZag(Int64(value), to: &bytes) }
    mutating func element(bool value: Bool) {
        bytes.append(value ? CompactType.booleanTrue.rawValue : CompactType.booleanFalse.rawValue)
    }
    mutating func element(binary value: [UInt8]) {
        VarInt.append(UInt64(value.count), to: &bytes)
        bytes += value
    }

    /// The id as a difference to the last one where that fits four bits.
    private mutating func header(_ id: Int, _ type: CompactType) {
        let delta = id - lastFieldID
        precondition(delta > 0, "fields are written in the order of their ids")
        if delta <= 15 {
            bytes.append(UInt8(delta) << 4 | type.rawValue)
        } else {
            bytes.append(type.rawValue)
            VarInt.appendZigZag(Int64(id), to: &bytes)
        }
        lastFieldID = id
    }
}
