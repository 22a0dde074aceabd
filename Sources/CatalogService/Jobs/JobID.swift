import Foundation
import LakeModel
import Synchronization

/// Makes ids that sort by time: UUIDs of version 7 (RFC 9562, section 5.7) in lower-case text.
///
/// The 12 bits behind the version are a counter (RFC 9562, section 6.2, method 1): within one generator each id is
/// greater than the one before, also when the clock stands still or goes back.
package struct JobIDGenerator: Sendable {
    private static let counterMax: UInt16 = 0xFFF
    /// The largest time that fits 48 bits, in milliseconds.
    private static let timeMax: Int64 = 0xFFFF_FFFF_FFFF

    private var lastMilliseconds: Int64 = -1
    private var counter: UInt16 = 0

    package init() {}

    /// The next id.
    /// - Parameter nowMilliseconds: since 1970 UTC.
    package mutating func next(
        nowMilliseconds: Int64, random: inout some RandomNumberGenerator
    ) -> String {
        let now = min(max(0, nowMilliseconds), Self.timeMax)
        if now > lastMilliseconds {
            lastMilliseconds = now
            // Half of the range is left free, so that many ids of one millisecond find room to count up.
            counter = UInt16.random(in: 0...Self.counterMax / 2, using: &random)
        } else if counter < Self.counterMax {
            counter += 1
        } else {
            lastMilliseconds += 1
            counter = 0
        }
        let high = UInt64(lastMilliseconds) << 16 | 0x7000 | UInt64(counter)
        let low = UInt64.random(in: .min ... .max, using: &random) & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        return Self.text(high, low)
    }

    private static func text(_ high: UInt64, _ low: UInt64) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(36)
        let digits = Array("0123456789abcdef".utf8)
        for index in 0..<32 {
            if index == 8 || index == 12 || index == 16 || index == 20 { bytes.append(UInt8(ascii: "-")) }
            let word = index < 16 ? high : low
            bytes.append(digits[Int(word >> UInt64(60 - (index % 16) * 4) & 0xF)])
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Ids of jobs, receipts and log records: unique, and sorted by time as text.
package enum JobID {
    private static let shared = Mutex(JobIDGenerator())

    /// The next id of this process, from its clock and the system's randomness.
    package static func new() -> String {
        var random = SurroundingRandom()
        if let simulated = Surroundings.simulated {
            // A generator of its own: what other simulations of this process did must not show.
            var generator = JobIDGenerator()
            return generator.next(nowMilliseconds: simulated.nowMicroseconds() / 1_000, random: &random)
        }
        return new(nowMilliseconds: Int64(Date().timeIntervalSince1970 * 1000), random: &random)
    }

    /// The next id of this process, from a clock and randomness handed in.
    package static func new(nowMilliseconds: Int64, random: inout some RandomNumberGenerator) -> String {
        shared.withLock { $0.next(nowMilliseconds: nowMilliseconds, random: &random) }
    }

    /// Whether `text` has the form of an id: 36 characters, lower-case hexadecimal with dashes, version 7.
    package static func isValid(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count == 36, bytes[14] == UInt8(ascii: "7") else { return false }
        return bytes.enumerated().allSatisfy { index, byte in
            switch index {
            case 8, 13, 18, 23: byte == UInt8(ascii: "-")
            default:
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
            }
        }
    }

    /// When an id was made, by the clock of who made it: milliseconds since 1970 UTC; `nil` for other texts.
    package static func madeMilliseconds(_ text: String) -> Int64? {
        isValid(text) ? Int64(text.prefix(13).filter { $0 != "-" }, radix: 16) : nil
    }
}
