internal import Foundation
import LakeModel

/// Rows of a column, in a row, that are compared with as many of another.
struct RowPairs: Sendable {
    let row: Int32
    let other: Int32
    let count: Int32
    /// Where the flags of the pairs begin.
    let flag: Int32
}

extension ColumnVector {
    /// Rows that are compared as one stretch of bytes before each is looked at.
    private static let blockRows = 64

    /// Clears the flags of pairs whose values differ, as ``isValue(_:equalTo:of:)`` says.
    /// - Complexity: O(bytes compared); equal blocks of rows cost a `memcmp`.
    func compare(_ pairs: [RowPairs], with other: ColumnVector, into flags: inout [UInt8]) {
        switch (storage, other.storage) {
        case (.boolean(let mine), .boolean(let theirs)): compareFixed(mine, theirs, UInt8.self, pairs, other, &flags)
        case (.int32(let mine), .int32(let theirs)): compareFixed(mine, theirs, UInt32.self, pairs, other, &flags)
        case (.int64(let mine), .int64(let theirs)): compareFixed(mine, theirs, UInt64.self, pairs, other, &flags)
        case (.float(let mine), .float(let theirs)): compareFixed(mine, theirs, UInt32.self, pairs, other, &flags)
        case (.double(let mine), .double(let theirs)): compareFixed(mine, theirs, UInt64.self, pairs, other, &flags)
        case (.int128(let mine), .int128(let theirs)): compareFixed(mine, theirs, UInt128.self, pairs, other, &flags)
        case (.bytes(let mine), .bytes(let theirs)):
            unsafe mine.bytes.withUnsafeBytes { left in
                unsafe theirs.bytes.withUnsafeBytes { right in
                    unsafe mine.offsets.withUnsafeBufferPointer { ends in
                        unsafe theirs.offsets.withUnsafeBufferPointer { otherEnds in
                            let slots = unsafe StretchSlots(left: left, right: right, ends: ends, otherEnds: otherEnds)
                            compare(slots, pairs, other, &flags)
                        }
                    }
                }
            }
        default:
            for pair in pairs {
                for offset in 0..<Int(pair.count)
                where !isValue(Int(pair.row) + offset, equalTo: Int(pair.other) + offset, of: other) {
                    flags[Int(pair.flag) + offset] = 0
                }
            }
        }
    }

    /// - Parameter bits: an integer of a value's width; values compare by their bits.
    private func compareFixed<Value: BitwiseCopyable, Bits: BitwiseCopyable & Equatable>(
        _ mine: [Value], _ theirs: [Value], _ bits: Bits.Type, _ pairs: [RowPairs], _ other: ColumnVector,
        _ flags: inout [UInt8]
    ) {
        unsafe mine.withUnsafeBytes { left in
            unsafe theirs.withUnsafeBytes { right in
                compare(unsafe NumberSlots<Bits>(left: left, right: right), pairs, other, &flags)
            }
        }
    }

    private func compare<Slots: SlotComparison>(
        _ slots: Slots, _ pairs: [RowPairs], _ other: ColumnVector, _ flags: inout [UInt8]
    ) {
        var output = flags.mutableSpan
        let hasNulls = validity != nil || other.validity != nil
        for pair in pairs {
            let count = Int(pair.count)
            var start = 0
            while start < count {
                let end = min(start + Self.blockRows, count)
                let row = Int(pair.row) + start
                let otherRow = Int(pair.other) + start
                let valid = hasNulls ? validBits(row, count: end - start) : .max
                let otherValid = hasNulls ? other.validBits(otherRow, count: end - start) : .max
                if valid == otherValid, end - start > 1, slots.areEqual(row, otherRow, count: end - start) {
                    start = end
                    continue
                }
                for offset in 0..<(end - start) {
                    let isValid = (valid >> UInt64(offset)) & 1
                    let isOtherValid = (otherValid >> UInt64(offset)) & 1
                    // The slots of nulls mean nothing.
                    let isSame =
                        isValid == isOtherValid && (isValid == 0 || slots.isEqual(row + offset, otherRow + offset))
                    let flag = Int(pair.flag) + start + offset
                    output[flag] = isSame ? output[flag] : 0
                }
                start = end
            }
        }
    }

    /// A bit for each of up to 64 rows, set where there is a value.
    private func validBits(_ row: Int, count: Int) -> UInt64 {
        guard let validity else { return UInt64.max >> UInt64(64 - count) }
        let words = validity.words.span
        let shift = UInt64(row & 63)
        var bits = words[row >> 6] >> shift
        if Int(shift) + count > 64 { bits |= words[(row >> 6) + 1] << (64 - shift) }
        return bits & (UInt64.max >> UInt64(64 - count))
    }
}

/// The slots of two columns.
private protocol SlotComparison {
    func isEqual(_ row: Int, _ other: Int) -> Bool
    /// Whether all of some rows in a row are equal; `false` may be said wrongly of nulls.
    func areEqual(_ row: Int, _ other: Int, count: Int) -> Bool
}

@safe private struct NumberSlots<Bits: BitwiseCopyable & Equatable>: SlotComparison {
    let left: UnsafeRawBufferPointer
    let right: UnsafeRawBufferPointer

    init(left: UnsafeRawBufferPointer, right: UnsafeRawBufferPointer) {
        unsafe self.left = left
        unsafe self.right = right
    }

    private static var width: Int { MemoryLayout<Bits>.size }

    @inline(__always) func isEqual(_ row: Int, _ other: Int) -> Bool {
        unsafe left.loadUnaligned(fromByteOffset: row * Self.width, as: Bits.self)
            == right.loadUnaligned(fromByteOffset: other * Self.width, as: Bits.self)
    }

    @inline(__always) func areEqual(_ row: Int, _ other: Int, count: Int) -> Bool {
        precondition(
            unsafe (row + count) * Self.width <= left.count && (other + count) * Self.width <= right.count)
        guard let first = unsafe left.baseAddress, let second = unsafe right.baseAddress else { return true }
        return unsafe memcmp(first + row * Self.width, second + other * Self.width, count * Self.width) == 0
    }
}

@safe private struct StretchSlots: SlotComparison {
    let left: UnsafeRawBufferPointer
    let right: UnsafeRawBufferPointer
    let ends: UnsafeBufferPointer<UInt32>
    let otherEnds: UnsafeBufferPointer<UInt32>

    init(
        left: UnsafeRawBufferPointer, right: UnsafeRawBufferPointer, ends: UnsafeBufferPointer<UInt32>,
        otherEnds: UnsafeBufferPointer<UInt32>
    ) {
        unsafe self.left = left
        unsafe self.right = right
        unsafe self.ends = ends
        unsafe self.otherEnds = otherEnds
    }

    @inline(__always) func isEqual(_ row: Int, _ other: Int) -> Bool {
        let start = Int(unsafe ends[row])
        let otherStart = Int(unsafe otherEnds[other])
        let byteCount = Int(unsafe ends[row + 1]) - start
        guard Int(unsafe otherEnds[other + 1]) - otherStart == byteCount else { return false }
        return isSame(start, otherStart, byteCount)
    }

    @inline(__always) func areEqual(_ row: Int, _ other: Int, count: Int) -> Bool {
        precondition(unsafe row + count < ends.count && other + count < otherEnds.count)
        let start = unsafe ends[row]
        let otherStart = unsafe otherEnds[other]
        var difference: UInt32 = 0
        for offset in 1...count {
            difference |= unsafe (ends[row + offset] &- start) ^ (otherEnds[other + offset] &- otherStart)
        }
        return difference == 0 && isSame(Int(start), Int(otherStart), Int(unsafe ends[row + count] - start))
    }

    @inline(__always) private func isSame(_ start: Int, _ otherStart: Int, _ byteCount: Int) -> Bool {
        guard byteCount > 0, let first = unsafe left.baseAddress, let second = unsafe right.baseAddress else {
            return true
        }
        return unsafe memcmp(first + start, second + otherStart, byteCount) == 0
    }
}
