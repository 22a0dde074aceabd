import CLibPQ

/// Where the bytes of a `COPY … FROM STDIN` go. Belongs to the closure that it is handed to.
@safe package struct CopyIn {
    /// Bytes that are handed to libpq at once: it keeps them until the socket has taken them.
    static let pieceBytes = 1 << 18

    private let connection: PostgreSQLConnection

    fileprivate init(_ connection: PostgreSQLConnection) { self.connection = connection }

    /// Sends bytes in the statement's format; they need not end with a row.
    package func send(_ bytes: [UInt8]) throws {
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + Self.pieceBytes)
            let isTaken = unsafe bytes.withUnsafeBytes { buffer in
                let piece = unsafe UnsafeRawBufferPointer(rebasing: buffer[start..<end])
                return unsafe PQputCopyData(
                    connection.handle, piece.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(piece.count))
            }
            guard isTaken == 1 else { throw connection.broken() }
            try connection.flush()
            start = end
        }
    }
}

extension PostgreSQLConnection {
    /// Runs a `COPY … FROM STDIN` with what `body` sends.
    /// - Returns: rows copied.
    /// - Throws: what `body` throws, after the COPY was given up; the server's refusal of the rows.
    package func copyIn(_ sql: String, _ body: (CopyIn) throws -> Void) throws -> Int {
        guard try finish(unsafe PQsendQuery(handle, sql)).status == PGRES_COPY_IN else {
            preconditionFailure("no COPY FROM STDIN")
        }
        do {
            try body(CopyIn(self))
        } catch {
            // The server answers with an error that says what is known here already.
            if unsafe PQputCopyEnd(handle, "given up by the client") == 1 { _ = try? finish(1) } else { markBroken() }
            throw error
        }
        guard unsafe PQputCopyEnd(handle, nil) == 1 else { throw broken() }
        return try finish(1).affectedRows
    }
}
