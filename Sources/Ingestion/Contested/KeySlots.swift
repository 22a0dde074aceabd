/// Finds rows by the codes of their keys (``KeyShape/codes(_:)``). Rows of one key share the slot of the first.
///
/// Integers that lie near each other have a slot each, found by their distance from the least. Others are hashed with
/// linear probing.
struct KeySlots: Sendable {
    private enum Form: Sendable {
        case direct(least: UInt64)
        /// Integers that follow each other share a cache line of slots, whose place is hashed.
        case lines
        case hashed
    }

    private let form: Form
    /// Row numbers and one, 0 for a free slot.
    private var slots: [Int32]

    /// Slots that a key may take for keys to have a slot each, and how many there may be always.
    private static let directSlotsPerKey = 4
    private static let directSlotsMin = 1 << 10
    /// Hashed keys fill at most half of the slots.
    private static let slotsPerKey = 2
    private static let slotCountMin = 64

    /// Bytes that the slots of a key take at most.
    static let bytesPerKey = directSlotsPerKey * MemoryLayout<Int32>.stride

    /// - Parameters:
    ///   - isInteger: whether codes are keys, so that equal ones are the same key.
    ///   - isSameKey: asked for rows of equal codes when they aren't.
    ///   - meets: called with a row whose key is there and the first row of that key.
    /// - Complexity: O(codes).
    init(
        _ codes: [UInt64], isInteger: Bool, isSameKey: (Int32, Int32) -> Bool, meets: (Int32, Int32) -> Void
    ) {
        let values = codes.span
        if isInteger, let (least, distance) = Self.extent(values),
            distance < UInt64(max(Self.directSlotsMin, codes.count * Self.directSlotsPerKey))
        {
            form = .direct(least: least)
            slots = [Int32](repeating: 0, count: Int(distance) + 1)
            var table = slots.mutableSpan
            for row in values.indices {
                let slot = Int(values[row] &- least)
                if table[slot] == 0 { table[slot] = Int32(row) + 1 } else { meets(Int32(row), table[slot] - 1) }
            }
            return
        }
        form = isInteger ? .lines : .hashed
        var count = Self.slotCountMin
        while count < codes.count * Self.slotsPerKey { count *= 2 }
        slots = [Int32](repeating: 0, count: count)
        for row in values.indices {
            let code = values[row]
            var slot = home(code)
            while slots[slot] != 0 {
                let first = slots[slot] - 1
                if values[Int(first)] == code, isInteger || isSameKey(Int32(row), first) { break }
                slot = (slot + 1) & (count - 1)
            }
            if slots[slot] == 0 { slots[slot] = Int32(row) + 1 } else { meets(Int32(row), slots[slot] - 1) }
        }
    }

    /// The least code as a signed number, and how far the greatest lies from it.
    private static func extent(_ codes: Span<UInt64>) -> (least: UInt64, distance: UInt64)? {
        if codes.isEmpty { return nil }
        var least = Int64.max
        var greatest = Int64.min
        for row in codes.indices {
            least = min(least, Int64(bitPattern: codes[row]))
            greatest = max(greatest, Int64(bitPattern: codes[row]))
        }
        return (UInt64(bitPattern: least), UInt64(bitPattern: greatest) &- UInt64(bitPattern: least))
    }

    /// Whether finding a row takes one look.
    var isDirect: Bool { if case .direct = form { true } else { false } }

    @inline(__always) private func home(_ code: UInt64) -> Int {
        let mask = slots.count - 1
        guard case .lines = form else { return Int(truncatingIfNeeded: code >> 20) & mask }
        let line = Int(truncatingIfNeeded: KeyShape.hash(integer: code >> 4) << 4)
        return (line | Int(truncatingIfNeeded: code & 15)) & mask
    }

    /// The first row of a key, `nil` when there is none.
    /// - Parameters:
    ///   - codes: those that the slots are of.
    ///   - isKey: whether a row of an equal code has the key; asked when codes are hashes.
    @inline(__always) func find(_ code: UInt64, in codes: Span<UInt64>, isKey: (Int32) -> Bool) -> Int32? {
        if case .direct(let least) = form {
            let slot = code &- least
            guard slot < UInt64(slots.count) else { return nil }
            let row = slots[Int(slot)]
            return row == 0 ? nil : row - 1
        }
        var slot = home(code)
        while slots[slot] != 0 {
            let row = slots[slot] - 1
            if codes[Int(row)] == code, isKey(row) { return row }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }
}
