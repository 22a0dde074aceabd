/// A value of Redis' protocol, version 2.
enum RESPValue: Sendable, Hashable {
    case text(String)
    case failure(String)
    case integer(Int64)
    /// `nil`: there is none.
    case bytes([UInt8]?)
    case list([RESPValue]?)
}

/// What is wrong with a server's bytes; the connection is of no use after it.
struct RESPFailure: Error, Sendable, Hashable, CustomStringConvertible {
    let description: String
}

/// Reads values out of bytes that come in pieces.
///
/// Source: Redis documentation, "Redis serialization protocol specification".
struct RESPParser: Sendable {
    /// Bytes of a line: a number, a state or an error.
    static let lineBytesMax = 64 << 10
    static let listCountMax = 1_024
    static let depthMax = 8

    private let valueBytesMax: Int
    private var pending: [UInt8] = []
    private var at = 0

    init(valueBytesMax: Int) { self.valueBytesMax = valueBytesMax }

    mutating func push(_ bytes: some Collection<UInt8>) {
        if at > 0 {
            pending.removeFirst(at)
            at = 0
        }
        pending.append(contentsOf: bytes)
    }

    /// The next value; `nil` until all of its bytes have come.
    /// - Throws: ``RESPFailure``.
    mutating func next() throws -> RESPValue? {
        var place = at
        guard let value = try read(&place, depth: 0) else { return nil }
        at = place
        return value
    }

    private func read(_ place: inout Int, depth: Int) throws -> RESPValue? {
        guard depth <= Self.depthMax else { throw RESPFailure(description: "lists are too deep") }
        guard place < pending.count else { return nil }
        let kind = pending[place]
        guard let line = try line(from: place + 1) else { return nil }
        place = line.endIndex + 2
        switch kind {
        case UInt8(ascii: "+"): return .text(String(decoding: line, as: UTF8.self))
        case UInt8(ascii: "-"): return .failure(String(decoding: line, as: UTF8.self))
        case UInt8(ascii: ":"): return .integer(try number(line))
        case UInt8(ascii: "$"):
            let count = try number(line)
            if count == -1 { return .bytes(nil) }
            guard (0...Int64(valueBytesMax)).contains(count) else {
                throw RESPFailure(description: "a value of \(count) bytes")
            }
            let end = place + Int(count)
            guard pending.count >= end + 2 else { return nil }
            guard pending[end] == 0x0D, pending[end + 1] == 0x0A else {
                throw RESPFailure(description: "a value that does not end where it should")
            }
            defer { place = end + 2 }
            return .bytes(Array(pending[place..<end]))
        case UInt8(ascii: "*"):
            let count = try number(line)
            if count == -1 { return .list(nil) }
            guard (0...Int64(Self.listCountMax)).contains(count) else {
                throw RESPFailure(description: "a list of \(count) values")
            }
            var values: [RESPValue] = []
            for _ in 0..<count {
                guard let value = try read(&place, depth: depth + 1) else { return nil }
                values.append(value)
            }
            return .list(values)
        default: throw RESPFailure(description: "a value of the unknown kind \(kind)")
        }
    }

    private func line(from start: Int) throws -> ArraySlice<UInt8>? {
        let end = min(pending.count, start + Self.lineBytesMax)
        guard let mark = pending[start..<end].firstIndex(of: 0x0D), mark + 1 < pending.count else {
            if end - start == Self.lineBytesMax { throw RESPFailure(description: "a line without an end") }
            return nil
        }
        guard pending[mark + 1] == 0x0A else { throw RESPFailure(description: "a line that ends oddly") }
        return pending[start..<mark]
    }

    private func number(_ line: ArraySlice<UInt8>) throws -> Int64 {
        guard let number = Int64(String(decoding: line, as: UTF8.self)) else {
            throw RESPFailure(description: "a number that is none")
        }
        return number
    }

    /// A command as the server reads it: a list of byte strings.
    static func command(_ parts: [[UInt8]]) -> [UInt8] {
        var bytes = Array("*\(parts.count)\r\n".utf8)
        bytes.reserveCapacity(parts.reduce(16) { $0 + $1.count + 16 })
        for part in parts {
            bytes.append(contentsOf: "$\(part.count)\r\n".utf8)
            bytes.append(contentsOf: part)
            bytes.append(contentsOf: "\r\n".utf8)
        }
        return bytes
    }
}
