internal import ByteKernels
internal import LakeModel

/// Follows the bounds of byte strings and of decimals in big-endian form from page to page.
struct RunningBytesBounds {
    private let column: WriterColumn
    private let boundBytesMax: Int
    private let order: BoundOrder
    private var minimum: [UInt8]?
    private var maximum: [UInt8]?

    private var isText: Bool { column.type == .string }

    init(column: WriterColumn, boundBytesMax: Int) {
        self.column = column
        self.boundBytesMax = boundBytesMax
        if case .decimal = column.type { order = .bigEndianSigned } else { order = .bytes }
    }

    /// Takes in the plain values that `page` has from `start` on.
    /// - Parameter width: of all values, `nil` when each stands behind its length.
    mutating func takePage(_ page: borrowing ByteScratch, start: Int, width: Int?, nullCount: Int) -> PageBound {
        var bounds = ByteStringBounds(isSigned: order == .bigEndianSigned)
        var offset = start
        let end = page.count
        if let width {
            while offset < end {
                unsafe bounds.take(page.base, offset: offset, count: width)
                offset += width
            }
        } else {
            while offset < end {
                let length = unsafe page.base.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
                let count = Int(UInt32(littleEndian: length))
                unsafe bounds.take(page.base, offset: offset + 4, count: count)
                offset += 4 + count
            }
        }
        return take(bounds, of: page, nullCount: nullCount)
    }

    /// Takes in the bounds of a page, which lie in `memory`.
    mutating func take(_ page: ByteStringBounds, of memory: borrowing ByteScratch, nullCount: Int) -> PageBound {
        if page.isEmpty { return PageBound(nullCount: nullCount, hasValues: false) }
        let low = memory.array(page.minimum)
        let high = memory.array(page.maximum)
        let bound = PageBound(
            nullCount: nullCount, hasValues: true,
            minimum: cutLower(low, to: boundBytesMax).bytes, maximum: cutUpper(high, to: boundBytesMax)?.bytes)
        if minimum.map({ order.isLess(low, $0) }) ?? true { minimum = low }
        if maximum.map({ order.isLess($0, high) }) ?? true { maximum = high }
        return bound
    }

    func chunkBounds() -> ChunkBounds {
        var result = ChunkBounds(order: order)
        guard let minimum, let maximum else { return result }
        let low = cutLower(minimum, to: boundBytesMax)
        result.statistics.minimum = low.bytes
        result.statistics.isMinimumExact = low.isExact
        if let high = cutUpper(maximum, to: boundBytesMax) {
            result.statistics.maximum = high.bytes
            result.statistics.isMaximumExact = high.isExact
        }
        result.lower = datum(cutLower(minimum, to: icebergByteCount(minimum)).bytes)
        result.upper = cutUpper(maximum, to: icebergByteCount(maximum)).map { datum($0.bytes) }
        return result
    }

    /// The bytes of a value that Iceberg's metrics keep.
    private func icebergByteCount(_ value: [UInt8]) -> Int {
        switch column.type {
        case .string: BoundTruncation.prefixByteCount(value, codePoints: BoundTruncation.icebergUnitsMax)
        case .binary, .fixed: BoundTruncation.icebergUnitsMax
        default: value.count
        }
    }

    private var isCuttable: Bool {
        switch column.type {
        case .string, .binary, .fixed: true
        default: false
        }
    }

    private func cutLower(_ value: [UInt8], to byteCount: Int) -> BoundTruncation.Cut {
        BoundTruncation.lower(value, byteCount: isCuttable ? byteCount : value.count, isText: isText)
    }

    private func cutUpper(_ value: [UInt8], to byteCount: Int) -> BoundTruncation.Cut? {
        BoundTruncation.upper(value, byteCount: isCuttable ? byteCount : value.count, isText: isText)
    }

    private func datum(_ bytes: [UInt8]) -> Datum {
        switch column.type {
        case .string: .string(String(decoding: bytes, as: UTF8.self))
        case .decimal: .decimal(DecimalBytes.value(bytes))
        default: .bytes(bytes)
        }
    }
}

/// Decimals as big-endian two's complement.
enum DecimalBytes {
    /// The number in `bytes`, at most sixteen.
    static func value(_ bytes: some Sequence<UInt8>) -> Int128 {
        var value: Int128 = 0
        var isFirst = true
        for byte in bytes {
            value = isFirst ? Int128(Int8(bitPattern: byte)) : value << 8 | Int128(byte)
            isFirst = false
        }
        return value
    }
}
