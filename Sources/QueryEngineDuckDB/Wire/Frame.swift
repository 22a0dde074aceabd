/// One message between the server and a query worker: a length, a kind, a payload.
///
/// On the pipe: four bytes, little-endian, the payload's length plus one; one byte for the kind; the payload.
struct Frame: Sendable, Hashable {
    enum Kind: UInt8, Sendable {
        /// Server to worker, once: ``WorkerSetup`` as JSON.
        case setup = 0x53
        /// Server to worker: ``WireRequest`` as JSON.
        case request = 0x51
        /// Server to worker: ``WireOutlineRequest`` as JSON.
        case outline = 0x4f
        /// Worker to server: a `StatementOutline` as JSON.
        case outlined = 0x4c
        /// Worker to server: a `QueryProgress` as JSON, while a query runs.
        case progress = 0x50
        /// Worker to server, once: ``WorkerReady`` as JSON.
        case ready = 0x52
        /// Worker to server: the result's columns as JSON.
        case columns = 0x43
        /// Worker to server: rows in the form of ``ColumnBlockWriter``.
        case rows = 0x42
        /// Worker to server: ``WireEnd`` as JSON, after the last rows.
        case end = 0x44
        /// Worker to server: ``WireError`` as JSON; ends the answer.
        case failure = 0x45
    }

    /// The largest payload that either side takes, bytes: a worker that was taken over cannot make the server
    /// allocate more than this at once.
    static let payloadBytesMax = 256 << 20
    static let headerByteCount = 5

    var kind: Kind
    var payload: [UInt8]

    /// The five bytes before the payload.
    /// - Precondition: the payload is at most ``payloadBytesMax`` long.
    static func header(kind: Kind, payloadByteCount: Int) -> [UInt8] {
        precondition(payloadByteCount <= payloadBytesMax, "a frame's payload is too large")
        let length = UInt32(payloadByteCount + 1)
        return [
            UInt8(truncatingIfNeeded: length), UInt8(truncatingIfNeeded: length >> 8),
            UInt8(truncatingIfNeeded: length >> 16), UInt8(truncatingIfNeeded: length >> 24), kind.rawValue,
        ]
    }

    /// Reads a header; `nil` when it is none (the other side does not speak this protocol).
    static func parse(header: [UInt8]) -> (kind: Kind, payloadByteCount: Int)? {
        guard header.count == headerByteCount, let kind = Kind(rawValue: header[4]) else { return nil }
        let length = UInt32(header[0]) | UInt32(header[1]) << 8 | UInt32(header[2]) << 16 | UInt32(header[3]) << 24
        guard length >= 1, Int(length) - 1 <= payloadBytesMax else { return nil }
        return (kind, Int(length) - 1)
    }
}
