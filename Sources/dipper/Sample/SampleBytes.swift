/// A block of output bytes that rows are written into, reused from block to block.
struct SampleBytes {
    /// How many bytes a file is written in at a time.
    static let blockBytes = 1 << 20
    /// More than the longest row has: the room kept free behind a block.
    static let rowBytesMax = 1 << 10

    private(set) var bytes = [UInt8](repeating: 0, count: blockBytes + rowBytesMax)
    private(set) var count = 0

    var isFull: Bool { count >= Self.blockBytes }

    mutating func clear() { count = 0 }

    mutating func append(_ byte: UInt8) {
        bytes[count] = byte
        count &+= 1
    }

    mutating func append(_ source: [UInt8]) { append(source, from: 0, to: source.count) }

    mutating func append(_ source: [UInt8], from start: Int, to end: Int) {
        var index = start
        while index < end {
            bytes[count] = source[index]
            count &+= 1
            index &+= 1
        }
    }

    /// Appends `value` in decimal.
    mutating func append(decimal value: UInt64) {
        var length = 1
        var rest = value
        while rest >= 10 {
            rest /= 10
            length &+= 1
        }
        rest = value
        var index = count &+ length
        repeat {
            index &-= 1
            bytes[index] = UInt8(truncatingIfNeeded: 0x30 &+ rest % 10)
            rest /= 10
        } while rest > 0
        count &+= length
    }

    /// Appends `value`, 0...99, as two digits.
    mutating func append(twoDigits value: Int) {
        append(UInt8(truncatingIfNeeded: 0x30 &+ value / 10))
        append(UInt8(truncatingIfNeeded: 0x30 &+ value % 10))
    }
}
