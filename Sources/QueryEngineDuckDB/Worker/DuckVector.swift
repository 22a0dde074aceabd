import CDuckDBLoader

/// The values of one column of a chunk, or of a nested value inside it.
///
/// Safe to use as long as rows stay below the vector's length: it keeps its chunk alive, and the engine does not change
/// a chunk that it has handed out.
@safe struct DuckVector {
    private let vector: dd_vector?
    private let data: UnsafeRawPointer?
    private let validity: UnsafePointer<UInt64>?
    private let owner: DuckChunk

    init(_ vector: dd_vector?, owner: DuckChunk) {
        unsafe self.vector = unsafe vector
        unsafe data = unsafe UnsafeRawPointer(dd_vector_data(vector))
        unsafe validity = unsafe UnsafePointer(dd_vector_validity(vector))
        self.owner = owner
    }

    func isValid(_ row: Int) -> Bool {
        guard let validity = unsafe validity else { return true }
        return unsafe validity[row >> 6] >> UInt64(row & 63) & 1 == 1
    }

    /// The fixed-width value of a row.
    /// - Precondition: the vector's physical type is `Value`.
    func value<Value: BitwiseCopyable>(_ row: Int, as _: Value.Type = Value.self) -> Value {
        guard let data = unsafe data else { preconditionFailure("a vector without data was read") }
        return unsafe data.loadUnaligned(fromByteOffset: row * MemoryLayout<Value>.stride, as: Value.self)
    }

    /// A 128-bit value: low half, then high half.
    func wide(_ row: Int) -> (low: UInt64, high: Int64) {
        (value(row * 2, as: UInt64.self), value(row * 2 + 1, as: Int64.self))
    }

    /// Start and length of a row's elements in ``listChild``.
    func listEntry(_ row: Int) -> Range<Int> {
        let start = Int(value(row * 2, as: UInt64.self))
        return start..<(start + Int(value(row * 2 + 1, as: UInt64.self)))
    }

    /// Appends the bytes of a VARCHAR or BLOB value. The engine keeps up to twelve bytes in place of the pointer.
    func appendBytes(_ row: Int, to bytes: inout [UInt8]) {
        guard let data = unsafe data else { preconditionFailure("a vector without data was read") }
        let entry = unsafe data + row * 16
        let count = Int(unsafe entry.loadUnaligned(as: UInt32.self))
        if count <= 12 {
            unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(start: entry + 4, count: count))
        } else {
            let start = unsafe entry.loadUnaligned(fromByteOffset: 8, as: UnsafeRawPointer.self)
            unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(start: start, count: count))
        }
    }

    func byteCount(_ row: Int) -> Int { Int(value(row * 4, as: UInt32.self)) }

    func text(_ row: Int) -> String {
        var bytes: [UInt8] = []
        appendBytes(row, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    var listChild: DuckVector { unsafe DuckVector(dd_list_child(vector), owner: owner) }
    var arrayChild: DuckVector { unsafe DuckVector(dd_array_child(vector), owner: owner) }
    func structChild(_ index: Int) -> DuckVector {
        unsafe DuckVector(dd_struct_child(vector, UInt64(index)), owner: owner)
    }
}
