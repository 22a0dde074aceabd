/// The refused rows of a table.
package protocol RejectBrowsing: Sendable {
    /// In the order of file, then byte offset; `nil`: no such table.
    func rejects(of table: String, filter: RejectFilter, page: Int, size: Int) async throws -> ListPage<RejectRecord>?

    /// All of them for a download, or `nil` for an unknown table.
    func rejectStream(of table: String, filter: RejectFilter) async throws -> RejectStream?
}

package struct RejectFilter: Sendable, Hashable {
    package var jobID: String?
    package var code: String?
    package var fileSHA256: String?
    /// Only those that were replayed, or only those that were not.
    package var isReplayed: Bool?

    package init(jobID: String? = nil, code: String? = nil, fileSHA256: String? = nil, isReplayed: Bool? = nil) {
        self.isReplayed = isReplayed
        self.jobID = jobID
        self.code = code
        self.fileSHA256 = fileSHA256
    }
}

/// A download's source: asked for block after block, so that it is never held whole.
package struct RejectStream: Sendable {
    /// The declared columns in their order, the header of the download.
    package var header: [String]
    /// The next block of records; `nil` at the end.
    package var next: @Sendable () async throws -> [RejectRecord]?

    package init(header: [String], next: @escaping @Sendable () async throws -> [RejectRecord]?) {
        self.header = header
        self.next = next
    }
}

/// One refused row. File sha, byte offset and code are its identity.
package struct RejectRecord: Sendable, Hashable {
    /// Of the file, 64 hexadecimal digits; `nil` for a row of a batch.
    package var fileSHA256: String?
    /// 1-based.
    package var line: Int64?
    /// 0-based, of the row's first byte.
    package var byteOffset: Int64?
    package var column: String?
    package var code: String
    package var message: String
    /// The row as it came, without its line ending.
    package var raw: [UInt8]
    /// Whether `raw` was cut because the row was longer than is kept.
    package var isRawTruncated: Bool
    /// What separates the fields of `raw`.
    package var delimiter: UInt8
    /// The declared columns that the fields of `raw` stand for, in the file's order (`nil` in place of a column that was
    /// ignored); `nil`: the declared order.
    package var fileColumns: [String?]?
    package var jobID: String?
    /// The latest job that brought the row again, corrected.
    package var replayedBy: String?
    /// Microseconds since 1970 UTC.
    package var rejectedMicroseconds: Int64?

    package init(
        fileSHA256: String?, line: Int64?, byteOffset: Int64?, column: String?, code: String, message: String,
        raw: [UInt8], isRawTruncated: Bool = false, delimiter: UInt8 = UInt8(ascii: ","),
        fileColumns: [String?]? = nil, jobID: String? = nil,
        rejectedMicroseconds: Int64? = nil
    ) {
        self.fileSHA256 = fileSHA256
        self.line = line
        self.byteOffset = byteOffset
        self.column = column
        self.code = code
        self.message = message
        self.raw = raw
        self.isRawTruncated = isRawTruncated
        self.delimiter = delimiter
        self.fileColumns = fileColumns
        self.jobID = jobID
        self.rejectedMicroseconds = rejectedMicroseconds
    }
}
