import LakeModel

/// Writes the little-endian form of a logged batch.
struct BatchByteWriter {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int) { bytes.reserveCapacity(capacity) }

    mutating func integer<T: FixedWidthInteger & BitwiseCopyable>(_ value: T) {
        var value = value.littleEndian
        unsafe withUnsafeBytes(of: &value) { unsafe bytes.append(contentsOf: $0) }
    }

    /// Bytes behind their count.
    mutating func sized(_ value: some Collection<UInt8>) {
        integer(UInt32(value.count))
        bytes.append(contentsOf: value)
    }

    /// Bytes behind their count, which is all ones for none.
    mutating func sized(_ value: String?) {
        guard let value else { return integer(UInt32.max) }
        sized(value.utf8)
    }

    /// Values one behind the other; the machine's order is little-endian.
    mutating func values<T: BitwiseCopyable>(_ values: [T]) {
        unsafe values.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    }
}

/// Reads the form that ``BatchByteWriter`` writes, every length checked.
struct BatchByteReader {
    private let bytes: [UInt8]
    private var at = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { at == bytes.count }

    static let corrupt = IngestionError(
        code: "log-record-corrupt", message: "a logged batch is shorter than it says",
        remedy: "restore the log from a copy")

    mutating func integer<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type) throws -> T {
        let range = try take(MemoryLayout<T>.size)
        // Inside the array, as `take` has checked; any bits make an integer.
        return unsafe T(
            littleEndian: bytes.span.bytes.unsafeLoadUnaligned(fromByteOffset: range.lowerBound, as: T.self))
    }

    mutating func count() throws -> Int { Int(try integer(UInt32.self)) }

    mutating func sized() throws -> [UInt8] {
        let count = try count()
        return Array(bytes[try take(count)])
    }

    mutating func text() throws -> String? {
        let count = try integer(UInt32.self)
        if count == .max { return nil }
        return String(decoding: bytes[try take(Int(count))], as: UTF8.self)
    }

    mutating func values<T: BitwiseCopyable>(_: T.Type, _ count: Int) throws -> [T] {
        let (byteCount, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<T>.stride)
        if overflow { throw Self.corrupt }
        let range = try take(byteCount)
        return unsafe [T](unsafeUninitializedCapacity: count) { target, initialized in
            unsafe bytes.withUnsafeBytes { source in
                // Both hold `byteCount` bytes there; the elements are trivial.
                unsafe UnsafeMutableRawBufferPointer(target).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: source[range]))
            }
            initialized = count
        }
    }

    private mutating func take(_ count: Int) throws -> Range<Int> {
        guard count >= 0, bytes.count - at >= count else { throw Self.corrupt }
        at += count
        return at - count..<at
    }
}
