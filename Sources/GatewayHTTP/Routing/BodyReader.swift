import Hummingbird
import LakeModel
import NIOCore

/// A request's body, piece by piece, that tells a whole body from one that broke off.
struct BodyReader {
    private var iterator: RequestBody.AsyncIterator
    private let announced: Int?
    private(set) var received = 0

    init(_ iterator: RequestBody.AsyncIterator, announced: Int?) {
        self.iterator = iterator
        self.announced = announced
    }

    /// The next piece; `nil` at the end of a whole body.
    ///
    /// A connection that closes early ends the stream with the parser's error, or without any: then the announced length
    /// tells.
    /// - Throws: ``GatewayError`` `body-truncated`; `CancellationError` when the server stops.
    mutating func next() async throws -> ByteBuffer? {
        let buffer: ByteBuffer?
        do {
            buffer = try await iterator.next(isolation: #isolation)
        } catch let error as CancellationError {
            throw error
        } catch {
            throw truncated("the connection broke off after \(received) bytes", cause: error)
        }
        if let buffer {
            received += buffer.readableBytes
        } else if let announced, received != announced {
            throw truncated("\(announced) bytes were announced and \(received) came", cause: nil)
        }
        return buffer
    }

    private func truncated(_ message: String, cause: (any Error)?) -> GatewayError {
        GatewayError(
            code: "body-truncated", message: message, remedy: "send the request again; nothing of it was kept",
            place: Place(byteOffset: received), cause: cause)
    }
}
