package import GRDB
import GRDBSQLite

/// A prepared statement bound through SQLite's C interface, for loops over many rows.
///
/// GRDB's own statements box every value; at some hundred thousand rows a second that is what costs most. This type
/// belongs to the closure that the database connection was handed to and is used nowhere else. The unsafe part is that
/// the connection must outlive it and that bound bytes are copied, or stay where they are until the next step.
@safe package struct RawStatement: ~Copyable {
    private let statement: OpaquePointer
    private let connection: OpaquePointer

    /// Prepares `sql` on the connection of `db`.
    package init(_ db: Database, sql: String) throws {
        guard let connection = unsafe db.sqliteConnection else {
            throw DatabaseError(resultCode: .SQLITE_MISUSE, message: "the connection is closed")
        }
        var prepared: OpaquePointer?
        let code = unsafe sqlite3_prepare_v3(
            connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
        guard code == SQLITE_OK, let prepared = unsafe prepared else {
            throw unsafe Self.failure(code, connection, sql: sql)
        }
        unsafe statement = prepared
        unsafe self.connection = connection
    }

    deinit { unsafe sqlite3_finalize(statement) }

    // MARK: Parameters, numbered from 1

    package func bindNull(_ index: Int32) { unsafe sqlite3_bind_null(statement, index) }

    package func bind(_ index: Int32, _ value: Int64) { unsafe sqlite3_bind_int64(statement, index, value) }

    package func bind(_ index: Int32, _ value: Double) { unsafe sqlite3_bind_double(statement, index, value) }

    /// Copies the text.
    package func bind(_ index: Int32, _ value: String) {
        var value = value
        value.withUTF8 { unsafe bindText(index, $0, isStatic: false) }
    }

    /// Copies the bytes.
    package func bind(_ index: Int32, blob: [UInt8]) {
        unsafe blob.withUnsafeBufferPointer { unsafe bindBlob(index, $0, isStatic: false) }
    }

    /// Binds UTF-8 text. With `isStatic` the bytes are not copied and must stay until the next step is done.
    @unsafe package func bindText(_ index: Int32, _ bytes: UnsafeBufferPointer<UInt8>, isStatic: Bool) {
        let base = unsafe UnsafeRawPointer(bytes.baseAddress ?? Self.empty).assumingMemoryBound(to: CChar.self)
        unsafe sqlite3_bind_text64(
            statement, index, base, sqlite3_uint64(bytes.count), isStatic ? nil : Self.transient, UInt8(SQLITE_UTF8))
    }

    /// Binds bytes. With `isStatic` they are not copied and must stay until the next step is done.
    @unsafe package func bindBlob(_ index: Int32, _ bytes: UnsafeBufferPointer<UInt8>, isStatic: Bool) {
        // A null pointer would bind NULL: an empty blob needs an address.
        let base = unsafe bytes.baseAddress ?? Self.empty
        unsafe sqlite3_bind_blob64(
            statement, index, base, sqlite3_uint64(bytes.count), isStatic ? nil : Self.transient)
    }

    // MARK: Running

    /// Runs a statement without rows and makes it ready for the next values.
    package func run() throws {
        let code = unsafe sqlite3_step(statement)
        unsafe sqlite3_reset(statement)
        guard code == SQLITE_DONE || code == SQLITE_ROW else { throw unsafe Self.failure(code, connection, sql: nil) }
    }

    private static func failure(_ code: Int32, _ connection: OpaquePointer, sql: String?) -> DatabaseError {
        let extended = unsafe sqlite3_extended_errcode(connection)
        let message = unsafe sqlite3_errmsg(connection).map { unsafe String(cString: $0) }
        return DatabaseError(
            resultCode: ResultCode(rawValue: extended & 0xFF == code & 0xFF ? extended : code), message: message,
            sql: sql)
    }

    /// SQLite's sign for "copy the bytes".
    private static var transient: sqlite3_destructor_type {
        unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    }

    /// An address for values without bytes; never read.
    private static let emptyAddress = UInt(16)
    private static var empty: UnsafePointer<UInt8> {
        guard let pointer = unsafe UnsafePointer<UInt8>(bitPattern: emptyAddress) else { preconditionFailure() }
        return unsafe pointer
    }
}
