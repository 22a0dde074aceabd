/// A growable bit vector, least significant bit first, 64 bits a word.
///
/// The order of the bits is that of Parquet's bit-packed levels, so that a validity bitmap is written as it lies.
/// Bits past ``count`` are zero.
package struct Bitmap: Sendable, Hashable {
    package private(set) var words: [UInt64]
    package private(set) var count: Int

    package init() {
        words = []
        count = 0
    }

    /// `count` bits, all equal to `value`.
    package init(repeating value: Bool, count: Int) {
        precondition(count >= 0)
        words = [UInt64](repeating: value ? .max : 0, count: (count + 63) / 64)
        self.count = count
        clearTail()
    }

    /// Takes over words whose bits past `count` may hold anything.
    package init(words: [UInt64], count: Int) {
        precondition(words.count == (count + 63) / 64, "a bitmap of \(count) bits has \((count + 63) / 64) words")
        self.words = words
        self.count = count
        clearTail()
    }

    @inlinable package subscript(index: Int) -> Bool {
        (words[index >> 6] >> UInt64(index & 63)) & 1 == 1
    }

    package mutating func set(_ index: Int, to value: Bool) {
        precondition(index < count)
        let mask = UInt64(1) << UInt64(index & 63)
        if value { words[index >> 6] |= mask } else { words[index >> 6] &= ~mask }
    }

    package mutating func append(_ value: Bool) {
        if count & 63 == 0 { words.append(0) }
        if value { words[count >> 6] |= UInt64(1) << UInt64(count & 63) }
        count += 1
    }

    package mutating func append(repeating value: Bool, count added: Int) {
        for _ in 0..<added { append(value) }
    }

    package mutating func reserveCapacity(_ bits: Int) { words.reserveCapacity((bits + 63) / 64) }

    package mutating func removeAll(keepingCapacity: Bool = true) {
        words.removeAll(keepingCapacity: keepingCapacity)
        count = 0
    }

    /// The number of set bits.
    /// - Complexity: O(number of words).
    package var setCount: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    private mutating func clearTail() {
        if count & 63 != 0, let last = words.indices.last {
            words[last] &= (UInt64(1) << UInt64(count & 63)) - 1
        }
    }
}
