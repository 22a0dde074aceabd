/// Helpers over the bytes of a value's text.
extension Span<UInt8> {
    /// The range without surrounding ASCII spaces and tabs.
    func trimmedRange() -> Range<Int> {
        var start = 0
        var end = count
        while start < end, self[start] == 0x20 || self[start] == 0x09 { start += 1 }
        while end > start, self[end - 1] == 0x20 || self[end - 1] == 0x09 { end -= 1 }
        return start..<end
    }

    /// Whether the bytes are `word`, which is in lower-case ASCII letters, without regard to case.
    func equalsIgnoringCase(_ word: StaticString) -> Bool {
        guard count == word.utf8CodeUnitCount else { return false }
        return word.withUTF8Buffer { letters in
            for index in 0..<letters.count where unsafe (self[index] | 0x20) != letters[index] { return false }
            return true
        }
    }

    /// The digit at `index`, or a number above 9.
    func digit(_ index: Int) -> UInt8 { self[index] &- 0x30 }

    /// The number of `length` digits from `start`, or `nil` when one of them is none.
    func number(_ start: Int, _ length: Int) -> Int? {
        var value = 0
        for index in start..<start + length {
            let digit = digit(index)
            if digit > 9 { return nil }
            value = value * 10 + Int(digit)
        }
        return value
    }
}
