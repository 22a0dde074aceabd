import Access
package import Crypto
package import S3Protocol

/// Takes a body of content encoding `aws-chunked` apart: chunks with their sizes, each with a signature that follows from the
/// one before where the body is signed, and headers at the end where some were announced.
///
/// Bytes are handed on as they come. A chunk whose signature is wrong is told at its end, so whoever stores the bytes keeps
/// them back until ``isFinished``.
///
/// Source: AWS, "Signature Calculations for the Authorization Header: Transferring Payload in Multiple Chunks", and the same
/// with trailing headers.
package struct ChunkedDecoder: Sendable {
    /// Bytes of a chunk's first line, and of the headers at the end.
    package static let lineBytesMax = 512
    package static let trailerBytesMax = 8 << 10

    /// What the chain of signatures begins with.
    package struct Seed: Sendable {
        package var key: SymmetricKey
        package var scope: SignatureV4.Scope
        package var time: String
        /// The signature of the request's head.
        package var signature: String

        package init(key: SymmetricKey, scope: SignatureV4.Scope, time: String, signature: String) {
            self.key = key
            self.scope = scope
            self.time = time
            self.signature = signature
        }
    }

    private enum State: Sendable {
        case line([UInt8])
        case data(left: Int)
        /// The line end behind a chunk's data, of which so many bytes have come.
        case dataEnd(Int)
        case trailer([UInt8], total: Int)
        case finished
    }

    private var state = State.line([])
    private var chain: Seed?
    private let isSigned: Bool
    private let hasTrailer: Bool
    private var hash = SHA256()
    private var announced = ""
    private var byteCount = 0
    private let byteCountMax: Int
    private var trailerText: [UInt8] = []
    private var trailerSignature: String?
    /// Names in lower case.
    package private(set) var trailers: [(name: String, value: String)] = []

    /// - Parameters:
    ///   - seed: `nil` when the signatures are not to be looked at: nobody is asked who they are, or the body has none.
    ///   - isSigned: whether chunks carry signatures.
    ///   - byteCountMax: bytes of data that may come at most.
    package init(seed: Seed?, isSigned: Bool, hasTrailer: Bool, byteCountMax: Int) {
        chain = isSigned ? seed : nil
        self.isSigned = isSigned
        self.hasTrailer = hasTrailer
        self.byteCountMax = byteCountMax
    }

    package var isFinished: Bool { if case .finished = state { true } else { false } }

    /// Takes bytes of the body and hands those of its data on.
    /// - Throws: ``S3Error`` `InvalidRequest`, `SignatureDoesNotMatch`, `EntityTooLarge`.
    package mutating func decode(_ bytes: ArraySlice<UInt8>, _ data: (ArraySlice<UInt8>) throws -> Void) throws {
        var rest = bytes
        while !rest.isEmpty {
            switch state {
            case .line(let before):
                guard let line = try Self.line(before, &rest, bytesMax: Self.lineBytesMax) else {
                    state = .line(before + rest)
                    return
                }
                try beginChunk(line)
            case .data(let left):
                let piece = rest.prefix(left)
                rest = rest.dropFirst(piece.count)
                if chain != nil { hash.update(data: piece) }
                try data(piece)
                state = left == piece.count ? .dataEnd(0) : .data(left: left - piece.count)
                if left == piece.count { try endChunk() }
            case .dataEnd(let count):
                guard rest.popFirst() == (count == 0 ? UInt8(ascii: "\r") : UInt8(ascii: "\n")) else {
                    throw Self.malformed("a chunk is longer than its size")
                }
                state = count == 0 ? .dataEnd(1) : .line([])
            case .trailer(let before, let total):
                guard let line = try Self.line(before, &rest, bytesMax: Self.trailerBytesMax - total) else {
                    state = .trailer(before + rest, total: total)
                    return
                }
                try takeTrailer(line, total: total + line.count + 2)
            case .finished:
                throw Self.malformed("bytes follow the last chunk")
            }
        }
    }

    /// The next line, without its end, once all of it is there.
    private static func line(
        _ before: [UInt8], _ rest: inout ArraySlice<UInt8>, bytesMax: Int
    ) throws -> [UInt8]? {
        guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else {
            guard before.count + rest.count <= bytesMax else { throw malformed("a line is too long") }
            return nil
        }
        var line = before + rest[..<end]
        rest = rest[rest.index(after: end)...]
        // AWS's own examples end trailing headers by a bare line feed.
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        guard line.count <= bytesMax else { throw malformed("a line is too long") }
        return line
    }

    private mutating func beginChunk(_ line: [UInt8]) throws {
        let parts = line.split(separator: UInt8(ascii: ";"), maxSplits: 1, omittingEmptySubsequences: false)
        // Sixteen digits would not fit; fifteen are more than any body.
        guard (1...15).contains(parts[0].count),
            let size = Int(String(decoding: parts[0], as: UTF8.self), radix: 16), size >= 0
        else { throw Self.malformed("a chunk has no size") }
        announced = ""
        if isSigned {
            let label = Array("chunk-signature=".utf8)
            guard parts.count == 2, parts[1].starts(with: label) else {
                throw Self.malformed("a chunk has no signature")
            }
            announced = String(decoding: parts[1].dropFirst(label.count), as: UTF8.self)
        } else if parts.count > 1 {
            throw Self.malformed("a chunk has an extension that is not known")
        }
        byteCount += size
        guard byteCount <= byteCountMax else { throw S3Error.entityTooLarge }
        if size > 0 {
            state = .data(left: size)
        } else {
            try endChunk()
            state = .trailer([], total: 0)
        }
    }

    private mutating func endChunk() throws {
        guard var seed = chain else { return }
        let text = """
            AWS4-HMAC-SHA256-PAYLOAD
            \(seed.time)
            \(seed.scope.text)
            \(seed.signature)
            \(SignatureV4.emptyHash)
            \(Hex.text(hash.finalize()))
            """
        let wanted = SignatureV4.sign(text, with: seed.key)
        guard SignatureV4.isEqual(wanted, announced) else { throw S3Error.signatureMismatch }
        seed.signature = wanted
        chain = seed
        hash = SHA256()
    }

    private mutating func takeTrailer(_ line: [UInt8], total: Int) throws {
        if line.isEmpty {
            try checkTrailer()
            state = .finished
            return
        }
        guard hasTrailer else { throw Self.malformed("headers follow that were not announced") }
        state = .trailer([], total: total)
        let text = String(decoding: line, as: UTF8.self)
        guard let colon = text.firstIndex(of: ":") else { throw Self.malformed("a trailing header has no value") }
        let name = text[..<colon].lowercased()
        let value = text[text.index(after: colon)...].split(separator: " ").joined(separator: " ")
        if name == "x-amz-trailer-signature" {
            trailerSignature = value
        } else {
            trailers.append((name, value))
            trailerText += Array("\(name):\(value)\n".utf8)
        }
    }

    private func checkTrailer() throws {
        guard hasTrailer, let seed = chain else { return }
        let text = """
            AWS4-HMAC-SHA256-TRAILER
            \(seed.time)
            \(seed.scope.text)
            \(seed.signature)
            \(Hex.text(SHA256.hash(data: trailerText)))
            """
        guard let given = trailerSignature, SignatureV4.isEqual(SignatureV4.sign(text, with: seed.key), given) else {
            throw S3Error.signatureMismatch
        }
    }

    private static func malformed(_ message: String) -> S3Error {
        S3Error.invalidRequest("The aws-chunked body is malformed: \(message).")
    }
}
