import ByteKernels
import Crypto
import Foundation

/// A checksum that goes along with a body (`x-amz-checksum-…`), worked out while the body comes.
package struct BodyChecksum: Sendable {
    package enum Algorithm: String, Sendable, CaseIterable {
        case crc32, crc32c, crc64nvme, sha1, sha256

        package var header: String { "x-amz-checksum-\(rawValue)" }
    }

    private enum State: Sendable {
        case crc32(UInt32)
        case reflected32(UInt32)
        case reflected64(UInt64)
        case sha1(Insecure.SHA1)
        case sha256(SHA256)
    }

    package let algorithm: Algorithm
    private var state: State

    package init(_ algorithm: Algorithm) {
        self.algorithm = algorithm
        state =
            switch algorithm {
            case .crc32: .crc32(0)
            case .crc32c: .reflected32(.max)
            case .crc64nvme: .reflected64(.max)
            case .sha1: .sha1(Insecure.SHA1())
            case .sha256: .sha256(SHA256())
            }
    }

    /// - Complexity: O(bytes); CRC-32C and CRC-64 by table, a byte at a time.
    package mutating func update(_ bytes: ArraySlice<UInt8>) {
        switch state {
        case .crc32(let seed):
            state = .crc32(unsafe CRC32.checksum(bytes.span.bytes, seed: seed))
        case .reflected32(var value):
            for byte in bytes { value = value >> 8 ^ Self.table32[Int(UInt8(truncatingIfNeeded: value) ^ byte)] }
            state = .reflected32(value)
        case .reflected64(var value):
            for byte in bytes { value = value >> 8 ^ Self.table64[Int(UInt8(truncatingIfNeeded: value) ^ byte)] }
            state = .reflected64(value)
        case .sha1(var hash):
            hash.update(data: bytes)
            state = .sha1(hash)
        case .sha256(var hash):
            hash.update(data: bytes)
            state = .sha256(hash)
        }
    }

    /// In base 64, as it stands in headers.
    package var value: String {
        let bytes: [UInt8] =
            switch state {
            case .crc32(let value): Self.bytes(UInt64(value), 4)
            case .reflected32(let value): Self.bytes(UInt64(~value), 4)
            case .reflected64(let value): Self.bytes(~value, 8)
            case .sha1(let hash): Array(hash.finalize())
            case .sha256(let hash): Array(hash.finalize())
            }
        return Data(bytes).base64EncodedString()
    }

    private static func bytes(_ value: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64((count - 1 - $0) * 8)) }
    }

    /// The polynomial of Castagnoli, reflected.
    private static let table32: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
    }

    /// The polynomial of the NVM Express specification, reflected.
    private static let table64: [UInt64] = (0..<256).map { index in
        (0..<8).reduce(UInt64(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0x9A6C_9329_AC4B_C9B5 : value >> 1 }
    }
}
