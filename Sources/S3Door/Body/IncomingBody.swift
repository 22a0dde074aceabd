import Access
import Crypto
import Foundation
import GatewayHTTP
import Hummingbird
import NIOCore
import ObjectStorage
import S3Protocol

/// What a request promises about its body, and the check of it.
struct BodyPromises: Sendable {
    var payload: PayloadKind
    var seed: ChunkedDecoder.Seed?
    /// Bytes of data; without it the length is not known before.
    var byteCount: Int?
    /// 16 bytes.
    var md5: [UInt8]?
    /// Checksums that came in headers; those that are to follow behind the body have no value yet.
    var checksums: [(algorithm: BodyChecksum.Algorithm, value: String?)] = []

    init(_ request: S3Request, _ sender: S3Authenticator.Sender) throws {
        payload = sender.payload
        seed = sender.seed
        if case .chunked = payload {
            guard let length = request.header("x-amz-decoded-content-length").flatMap({ Int($0) }), length >= 0 else {
                throw S3Error("MissingContentLength", 411, "You must provide x-amz-decoded-content-length.")
            }
            byteCount = length
        } else {
            byteCount = request.header("content-length").flatMap { Int($0) }
        }
        if let text = request.header("content-md5") {
            guard let data = Data(base64Encoded: text), data.count == Insecure.MD5.byteCount else {
                throw S3Error("InvalidDigest", 400, "The Content-MD5 you specified is not valid.")
            }
            md5 = Array(data)
        }
        let announced = (request.header("x-amz-trailer") ?? "").lowercased().split(separator: ",")
            .map { $0.split(separator: " ").joined() }
        for algorithm in BodyChecksum.Algorithm.allCases {
            if let value = request.header(algorithm.header) {
                checksums.append((algorithm, value))
            } else if announced.contains(algorithm.header) {
                checksums.append((algorithm, nil))
            }
        }
    }
}

/// The data of a body that has come whole.
struct TakenBody: Sendable {
    var byteCount: Int
    var md5: [UInt8]
    /// Header to value, of those that were checked.
    var checksums: [String: String]
}

/// Reads a body, takes its chunks apart, and holds it against what was promised.
struct IncomingBody {
    /// Bytes gathered before they are handed on.
    static let blockBytes = 256 << 10

    private let promises: BodyPromises
    private let byteCountMax: Int

    /// - Throws: ``S3Error`` `EntityTooLarge`.
    init(_ promises: BodyPromises, byteCountMax: Int) throws {
        if let announced = promises.byteCount, announced > byteCountMax { throw S3Error.entityTooLarge }
        self.promises = promises
        self.byteCountMax = byteCountMax
    }

    /// - Parameter sink: gets the data in blocks; may store them, but not show them before this has returned.
    /// - Throws: ``S3Error`` `BadDigest`, `XAmzContentSHA256Mismatch`, `IncompleteBody`, `EntityTooLarge`, and those of
    ///   ``ChunkedDecoder``.
    func receive(_ body: RequestBody, _ sink: ([UInt8]) async throws -> Void) async throws -> TakenBody {
        var meter = Meter(promises)
        var block: [UInt8] = []
        var decoder: ChunkedDecoder?
        if case .chunked(let isSigned, let hasTrailer) = promises.payload {
            decoder = ChunkedDecoder(
                seed: promises.seed, isSigned: isSigned, hasTrailer: hasTrailer, byteCountMax: byteCountMax)
        }
        var iterator = body.makeAsyncIterator()
        while let buffer = try await Self.next(&iterator) {
            let bytes = Array(buffer: buffer)[...]
            if decoder != nil {
                try decoder?.decode(bytes) { block += $0 }
            } else {
                block += bytes
            }
            guard meter.byteCount + block.count <= byteCountMax else { throw S3Error.entityTooLarge }
            if block.count >= Self.blockBytes {
                meter.update(block)
                try await sink(block)
                block.removeAll(keepingCapacity: true)
            }
        }
        if let decoder, !decoder.isFinished { throw S3Error.incompleteBody }
        if !block.isEmpty {
            meter.update(block)
            try await sink(block)
        }
        return try meter.check(promises, trailers: decoder?.trailers ?? [])
    }

    private static func next(_ iterator: inout RequestBody.AsyncIterator) async throws -> ByteBuffer? {
        do {
            return try await iterator.next(isolation: #isolation)
        } catch let error as CancellationError {
            throw error
        } catch {
            throw S3Error.incompleteBody
        }
    }

    /// The whole of a small body.
    func collect(_ body: RequestBody) async throws -> [UInt8] {
        var all: [UInt8] = []
        _ = try await receive(body) { all += $0 }
        return all
    }

    /// Counts and hashes what comes.
    private struct Meter {
        var byteCount = 0
        private var md5 = Insecure.MD5()
        private var sha256: SHA256?
        private var checksums: [BodyChecksum]

        init(_ promises: BodyPromises) {
            if case .hashed = promises.payload { sha256 = SHA256() }
            checksums = promises.checksums.map { BodyChecksum($0.algorithm) }
        }

        mutating func update(_ bytes: [UInt8]) {
            byteCount += bytes.count
            md5.update(data: bytes)
            sha256?.update(data: bytes)
            for index in checksums.indices { checksums[index].update(bytes[...]) }
        }

        func check(_ promises: BodyPromises, trailers: [(name: String, value: String)]) throws -> TakenBody {
            if let announced = promises.byteCount, announced != byteCount { throw S3Error.incompleteBody }
            let digest = Array(md5.finalize())
            if let wanted = promises.md5, wanted != digest {
                throw S3Error("BadDigest", 400, "The Content-MD5 you specified did not match what we received.")
            }
            if case .hashed(let wanted) = promises.payload, let sha256, Hex.text(sha256.finalize()) != wanted {
                throw S3Error(
                    "XAmzContentSHA256Mismatch", 400,
                    "The provided 'x-amz-content-sha256' header does not match what was computed.")
            }
            var checked: [String: String] = [:]
            for (promise, checksum) in zip(promises.checksums, checksums) {
                let header = checksum.algorithm.header
                guard let wanted = promise.value ?? trailers.first(where: { $0.name == header })?.value else {
                    throw S3Error.invalidRequest("The trailing header \(header) was announced and did not come.")
                }
                guard wanted == checksum.value else {
                    throw S3Error(
                        "BadDigest", 400,
                        "The \(checksum.algorithm.rawValue.uppercased()) you specified did not match the calculated checksum."
                    )
                }
                checked[header] = wanted
            }
            return TakenBody(byteCount: byteCount, md5: digest, checksums: checked)
        }
    }
}
