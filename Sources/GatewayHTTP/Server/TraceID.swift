import HTTPTypes
import Synchronization

/// The id that ties a request, its log records and its problem together.
enum TraceID {
    // Names are checked byte by byte when they are made: once is enough.
    private static let parentField = HTTPField.Name("traceparent")
    static let requestField = HTTPField.Name("X-Request-Id")

    /// The trace id of a W3C `traceparent` header (`00-<32 hex>-<16 hex>-<2 hex>`), or a random one.
    static func of(_ headers: HTTPFields) -> String {
        if let name = parentField, let parent = headers[name] {
            let parts = parent.split(separator: "-", omittingEmptySubsequences: false)
            if parts.count >= 4, parts[0].utf8.count == 2, parts[0] != "ff", isHex(parts[1], count: 32),
                isHex(parts[2], count: 16), parts[1].contains(where: { $0 != "0" })
            {
                return String(parts[1])
            }
        }
        return random()
    }

    /// 128 random bits. They tell requests apart and guard nothing: the system is asked for randomness once.
    static func random() -> String {
        let halves = state.withLock { ($0.next(), $0.next()) }
        var text: [UInt8] = []
        text.reserveCapacity(32)
        for half in [halves.0, halves.1] {
            for shift in stride(from: UInt64(60), through: 0, by: -4) {
                let nibble = Int(half >> shift & 15)
                text.append(nibble < 10 ? UInt8(ascii: "0") + UInt8(nibble) : UInt8(ascii: "a") + UInt8(nibble - 10))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static let state = Mutex(Numbers())

    /// SplitMix64 from a random beginning.
    private struct Numbers {
        private var state = UInt64.random(in: .min ... .max)

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    /// The client's own `X-Request-Id` if it is short and plain, else the trace id.
    static func requestID(_ headers: HTTPFields, fallback: String) -> String {
        guard let name = requestField, let id = headers[name], (1...128).contains(id.utf8.count),
            id.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return fallback }
        return id
    }

    private static func isHex(_ text: Substring, count: Int) -> Bool {
        text.utf8.count == count && text.utf8.allSatisfy { ("0123456789abcdef").utf8.contains($0) }
    }
}
