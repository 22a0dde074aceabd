/// The 64-bit checksum that a stored record carries: xxHash64 over its content, mixed with its place in the log, so
/// that a record with flipped bits, or one that stands in another's place, is noticed when it is read.
///
/// Source: the xxHash specification, "XXH64 algorithm description".
enum RecordChecksum {
    private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

    /// The part that needs no place, computed before the writer's turn.
    static func content(id: String, key: [UInt8]?, headers: String?, payload: [UInt8]) -> UInt64 {
        var sum = hash(payload, seed: 0)
        sum = hash(Array(id.utf8), seed: sum)
        sum = hash(key ?? [], seed: sum &+ (key == nil ? 1 : 0))
        return hash(Array((headers ?? "").utf8), seed: sum &+ (headers == nil ? 1 : 0))
    }

    /// The stored checksum.
    static func record(
        content: UInt64, topic: String, partition: Int, offset: Int64, appendedMicroseconds: Int64
    ) -> Int64 {
        var place = Array(topic.utf8)
        for value in [Int64(partition), offset, appendedMicroseconds] {
            for shift in stride(from: 0, to: 64, by: 8) {
                place.append(UInt8(truncatingIfNeeded: value >> Int64(shift)))
            }
        }
        return Int64(bitPattern: hash(place, seed: content))
    }

    /// xxHash64.
    static func hash(_ bytes: [UInt8], seed: UInt64) -> UInt64 {
        let span = unsafe bytes.span.bytes
        var position = 0
        var sum: UInt64
        if span.byteCount >= 32 {
            var (a, b) = (seed &+ prime1 &+ prime2, seed &+ prime2)
            var (c, d) = (seed, seed &- prime1)
            while position + 32 <= span.byteCount {
                a = round(a, word(span, position))
                b = round(b, word(span, position + 8))
                c = round(c, word(span, position + 16))
                d = round(d, word(span, position + 24))
                position += 32
            }
            sum = rotate(a, 1) &+ rotate(b, 7) &+ rotate(c, 12) &+ rotate(d, 18)
            for lane in [a, b, c, d] { sum = (sum ^ round(0, lane)) &* prime1 &+ prime4 }
        } else {
            sum = seed &+ prime5
        }
        sum &+= UInt64(span.byteCount)
        while position + 8 <= span.byteCount {
            sum = rotate(sum ^ round(0, word(span, position)), 27) &* prime1 &+ prime4
            position += 8
        }
        if position + 4 <= span.byteCount {
            // Inside the span: checked by the condition above.
            let half = unsafe span.unsafeLoadUnaligned(fromByteOffset: position, as: UInt32.self)
            sum = rotate(sum ^ UInt64(UInt32(littleEndian: half)) &* prime1, 23) &* prime2 &+ prime3
            position += 4
        }
        while position < span.byteCount {
            sum = rotate(sum ^ UInt64(bytes[position]) &* prime5, 11) &* prime1
            position += 1
        }
        sum = (sum ^ sum >> 33) &* prime2
        sum = (sum ^ sum >> 29) &* prime3
        return sum ^ sum >> 32
    }

    @inline(__always) private static func word(_ span: RawSpan, _ position: Int) -> UInt64 {
        // `unsafeLoadUnaligned` checks the bounds; unsafe is only the choice of type, and any bits make a `UInt64`.
        unsafe UInt64(littleEndian: span.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self))
    }

    @inline(__always) private static func round(_ lane: UInt64, _ input: UInt64) -> UInt64 {
        rotate(lane &+ input &* prime2, 31) &* prime1
    }

    @inline(__always) private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
        value << count | value >> (64 - count)
    }
}
