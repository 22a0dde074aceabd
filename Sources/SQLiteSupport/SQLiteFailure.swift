package import GRDB
package import LakeModel

/// What SQLite itself fails with, whichever store it happens in.
///
/// Codes: `disk-full`, `database-busy`, `database-corrupt`, `database-newer`, `access-denied`, `database-failed`.
package struct SQLiteFailure: LakeError {
    package var code: String
    package var message: String
    package var remedy: String?
    package var place: Place?
    package var cause: (any Error)?
    package var isRetryable: Bool

    package init(
        code: String, message: String, remedy: String? = nil, place: Place? = nil, cause: (any Error)? = nil,
        isRetryable: Bool = false
    ) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.place = place
        self.cause = cause
        self.isRetryable = isRetryable
    }

    /// Tells a database error in terms of what to do about it.
    package init(_ error: DatabaseError, path: String? = nil) {
        let text = error.message ?? "no further text"
        let at = path.map { Place(source: $0) }
        switch error.resultCode {
        case .SQLITE_FULL:
            self.init(
                code: "disk-full", message: "the disk is full; the change was taken back",
                remedy: "free space or move the data folder to a larger disk, then repeat the call", place: at,
                cause: error, isRetryable: true)
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self.init(
                code: "database-busy", message: "the database is locked by someone else: \(text)",
                remedy: "close other programs that write to the file", place: at, cause: error, isRetryable: true)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            self.init(
                code: "database-corrupt", message: "the database file is damaged: \(text)",
                remedy: "stop the server and restore the file from a copy", place: at, cause: error)
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_CANTOPEN, .SQLITE_AUTH:
            self.init(
                code: "access-denied", message: "the database can't be opened or written: \(text)",
                remedy: "give the user that runs the server write access to the folder", place: at, cause: error)
        default:
            self.init(
                code: "database-failed", message: "the database failed: \(text) (\(error.extendedResultCode))",
                remedy: "look at the kernel log for errors of this disk", place: at, cause: error)
        }
    }

    /// Runs `body`; database errors come out as ``SQLiteFailure``, all others as they are.
    package static func translating<Value>(_ path: String? = nil, _ body: () throws -> Value) throws -> Value {
        do { return try body() } catch let error as DatabaseError { throw Self(error, path: path) }
    }

    /// The same for asynchronous work.
    package static func translating<Value>(
        _ path: String? = nil, _ body: () async throws -> Value
    ) async throws -> Value {
        do { return try await body() } catch let error as DatabaseError { throw Self(error, path: path) }
    }
}
