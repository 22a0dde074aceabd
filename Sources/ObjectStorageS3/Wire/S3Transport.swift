/// One HTTP request, ready to be sent: its address is encoded and its headers are signed.
package struct TransportRequest: Sendable {
    package var method: String
    package var url: String
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    /// Bytes of the answer's body at most.
    package var answerBytesMax: Int
    /// From the call to the end of the answer.
    package var timeoutMilliseconds: Int

    package init(
        method: String, url: String, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
        answerBytesMax: Int = smallAnswerBytesMax, timeoutMilliseconds: Int
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.answerBytesMax = answerBytesMax
        self.timeoutMilliseconds = timeoutMilliseconds
    }

    /// Answers that are documents and not objects.
    package static let smallAnswerBytesMax = 8 << 20
}

package struct TransportResponse: Sendable {
    package var status: Int
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// - Parameter name: in lower case.
    package func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name }?.value }
}

/// Why there is no answer.
package struct TransportFailure: Error, Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// No connection came about, so that the other side knows nothing of the request.
        case unreachable
        /// The connection broke; the request may have been carried out.
        case broken
        case timeout
        /// The answer is longer than asked for.
        case tooLong
    }

    package var kind: Kind
    package var message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}

/// Sends requests. Its threads are none of those that wait for answers, so that whoever waits may block.
package protocol S3Transport: Sendable {
    /// Sends a request at once.
    /// - Returns: what waits for the answer; it blocks its thread and throws ``TransportFailure``.
    func start(_ request: TransportRequest) -> @Sendable () throws -> TransportResponse
}

extension S3Transport {
    package func send(_ request: TransportRequest) throws -> TransportResponse { try start(request)() }
}
