import CByteKernels

/// SHA-256 (FIPS 180-4) over bytes that come in pieces.
///
/// Uses the CPU's SHA instructions where it has them. A value can be copied to hash a common beginning once.
package struct SHA256Stream: Sendable {
    /// Bytes of a digest.
    package static let digestByteCount = 32
    /// Bytes that the compression function takes at a time.
    private static let blockByteCount = 64
    /// Where the message's length stands in its last block.
    private static let lengthOffset = 56

    private var state: [UInt32]
    private var pending: [UInt8] = []
    private var byteCount: UInt64 = 0
    private let isPortable: Bool

    package init() { self.init(isPortable: false) }

    /// - Parameter isPortable: whether to do without the CPU's SHA instructions; the digest is the same.
    package init(isPortable: Bool) {
        self.isPortable = isPortable
        state = [
            0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
        ]
        pending.reserveCapacity(Self.blockByteCount * 2)
    }

    /// Whether this CPU has instructions for SHA-256 that the kernels use.
    package static var isAccelerated: Bool { sha256_is_accelerated() != 0 }

    /// Takes `bytes` behind those before.
    /// - Complexity: O(number of bytes).
    package mutating func update(_ bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { unsafe update($0) }
    }

    /// Takes `bytes` behind those before.
    package mutating func update(_ bytes: [UInt8]) { unsafe update(bytes.span.bytes) }

    private mutating func update(_ buffer: UnsafeRawBufferPointer) {
        guard let start = buffer.baseAddress, buffer.count > 0 else { return }
        byteCount += UInt64(buffer.count)
        var at = 0
        if !pending.isEmpty {
            at = min(Self.blockByteCount - pending.count, buffer.count)
            unsafe pending.append(contentsOf: buffer[0..<at])
            guard pending.count == Self.blockByteCount else { return }
            compressPending()
        }
        let blockCount = (buffer.count - at) / Self.blockByteCount
        if blockCount > 0 {
            let first = unsafe (start + at).assumingMemoryBound(to: UInt8.self)
            unsafe sha256_blocks(&state, first, blockCount, isPortable ? 1 : 0)
            at += blockCount * Self.blockByteCount
        }
        unsafe pending.append(contentsOf: buffer[at...])
    }

    private mutating func compressPending() {
        unsafe sha256_blocks(&state, pending, pending.count / Self.blockByteCount, isPortable ? 1 : 0)
        pending.removeAll(keepingCapacity: true)
    }

    /// The digest of everything taken, 32 bytes. Afterwards the stream is as new.
    package mutating func finish() -> [UInt8] {
        let bitCount = byteCount &* 8
        pending.append(0x80)
        while pending.count % Self.blockByteCount != Self.lengthOffset { pending.append(0) }
        for shift in stride(from: 56, through: 0, by: -8) {
            pending.append(UInt8(truncatingIfNeeded: bitCount >> shift))
        }
        compressPending()
        var digest: [UInt8] = []
        digest.reserveCapacity(Self.digestByteCount)
        for word in state {
            for shift in stride(from: 24, through: 0, by: -8) {
                digest.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        self = SHA256Stream(isPortable: isPortable)
        return digest
    }

    /// The digest of `bytes` at once.
    package static func digest(_ bytes: RawSpan) -> [UInt8] {
        var stream = SHA256Stream()
        stream.update(bytes)
        return stream.finish()
    }

    /// Lower-case hexadecimal digits, two a byte.
    package static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
