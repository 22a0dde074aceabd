import CLibPQ

/// The rows that a statement gave, or how many it changed. Rows and columns count from 0.
///
/// Values are in PostgreSQL's binary form. The unsafe part is that libpq owns the bytes: they are copied out, and the
/// result is given back when the last reference goes.
@safe package final class PostgreSQLResult {
    private let handle: OpaquePointer

    init(owning handle: OpaquePointer) { unsafe self.handle = handle }

    deinit { unsafe PQclear(handle) }

    package var rowCount: Int { Int(unsafe PQntuples(handle)) }

    package var columnCount: Int { Int(unsafe PQnfields(handle)) }

    /// Rows that an INSERT, UPDATE, DELETE or COPY touched; 0 for other statements.
    package var affectedRows: Int {
        guard let text = unsafe PQcmdTuples(handle) else { return 0 }
        return Int(unsafe String(cString: text)) ?? 0
    }

    /// The command tag, for example `COMMIT`.
    package var tag: String { unsafe PQcmdStatus(handle).map { unsafe String(cString: $0) } ?? "" }

    var status: ExecStatusType { unsafe PQresultStatus(handle) }

    func errorField(_ field: Int32) -> String? {
        unsafe PQresultErrorField(handle, field).map { unsafe String(cString: $0) }
    }

    // MARK: Values

    package func isNull(_ row: Int, _ column: Int) -> Bool {
        unsafe PQgetisnull(handle, Int32(row), Int32(column)) == 1
    }

    /// The bytes of a value, empty for NULL.
    package func bytes(_ row: Int, _ column: Int) -> [UInt8] {
        let count = Int(unsafe PQgetlength(handle, Int32(row), Int32(column)))
        guard count > 0, let start = unsafe PQgetvalue(handle, Int32(row), Int32(column)) else { return [] }
        return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    }

    package func text(_ row: Int, _ column: Int) -> String { String(decoding: bytes(row, column), as: UTF8.self) }

    package func optionalText(_ row: Int, _ column: Int) -> String? { isNull(row, column) ? nil : text(row, column) }

    /// A `bigint`.
    package func int64(_ row: Int, _ column: Int) -> Int64 { BigEndian.integer(bytes(row, column)) }

    /// A `boolean`; false for NULL.
    package func boolean(_ row: Int, _ column: Int) -> Bool { bytes(row, column) == [1] }
}
