/// What became of one acknowledged write. The JSON form is the API's.
package struct JobReceipt: Sendable, Hashable, Codable {
    package enum State: String, Sendable, Hashable, Codable {
        /// Durable in the log, not yet worked.
        case accepted
        case running
        /// The rows are in the lake, in one snapshot.
        case committed
        /// Nothing of it was applied; `error` says why.
        case failed
    }

    package enum Kind: String, Sendable, Hashable, Codable { case file, batch, delete }

    package struct Rows: Sendable, Hashable, Codable {
        package var read = 0
        package var accepted = 0
        package var inserted = 0
        package var updated = 0
        package var unchanged = 0
        package var superseded = 0
        package var deleted = 0
        package var ignored = 0
        package var rejected = 0
        package var blank = 0

        package init() {}

        /// Receipts of former versions have no count of deletes.
        package init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            read = try values.decode(Int.self, forKey: .read)
            accepted = try values.decode(Int.self, forKey: .accepted)
            inserted = try values.decode(Int.self, forKey: .inserted)
            updated = try values.decode(Int.self, forKey: .updated)
            unchanged = try values.decode(Int.self, forKey: .unchanged)
            superseded = try values.decode(Int.self, forKey: .superseded)
            deleted = try values.decodeIfPresent(Int.self, forKey: .deleted) ?? 0
            ignored = try values.decode(Int.self, forKey: .ignored)
            rejected = try values.decode(Int.self, forKey: .rejected)
            blank = try values.decode(Int.self, forKey: .blank)
        }

        package static func += (left: inout Rows, right: Rows) {
            left.read += right.read
            left.accepted += right.accepted
            left.inserted += right.inserted
            left.updated += right.updated
            left.unchanged += right.unchanged
            left.superseded += right.superseded
            left.deleted += right.deleted
            left.ignored += right.ignored
            left.rejected += right.rejected
            left.blank += right.blank
        }
    }

    package struct Failure: Sendable, Hashable, Codable {
        package var code: String
        package var message: String
        package var remedy: String?

        package init(code: String, message: String, remedy: String?) {
            self.code = code
            self.message = message
            self.remedy = remedy
        }
    }

    package struct Dialect: Sendable, Hashable, Codable {
        /// The delimiter as text, for example `,` or `\t`.
        package var delimiter: String
        package var header: Bool
        package var byteOrderMark: Bool
        /// `lf`, `crlf`, `cr` or `mixed`.
        package var lineEnding: String
        /// Why: one sentence a decision.
        package var evidence: [String]

        package init(
            delimiter: String, header: Bool, byteOrderMark: Bool, lineEnding: String, evidence: [String]
        ) {
            self.delimiter = delimiter
            self.header = header
            self.byteOrderMark = byteOrderMark
            self.lineEnding = lineEnding
            self.evidence = evidence
        }
    }

    package struct Progress: Sendable, Hashable, Codable {
        package var bytesDone: Int
        package var rowsDone: Int
        package var rowsPerSecond: Double
        /// `nil` until there is a rate.
        package var secondsLeft: Double?

        package init(bytesDone: Int, rowsDone: Int, rowsPerSecond: Double, secondsLeft: Double?) {
            self.bytesDone = bytesDone
            self.rowsDone = rowsDone
            self.rowsPerSecond = rowsPerSecond
            self.secondsLeft = secondsLeft
        }
    }

    private enum CodingKeys: String, CodingKey {
        case id, kind, table, state, durable, createdAt, finishedAt, fileName, bytes, sha256, rows, dialect, snapshotId
        case topic, partition, offset, rejectsLink, warnings, verdicts, error, progress, partOf, parts, operational
    }

    /// Whether the operational store has the write, and how far it is behind.
    package struct Operational: Sendable, Hashable, Codable {
        package enum State: String, Sendable, Hashable, Codable { case pending, applied }

        package var state: State
        /// Records of the table's log that the lake has and the operational store has not.
        package var lagRecords: Int64
        /// Age of the oldest of them.
        package var lagSeconds: Double

        package init(state: State, lagRecords: Int64, lagSeconds: Double) {
            self.state = state
            self.lagRecords = lagRecords
            self.lagSeconds = lagSeconds
        }
    }

    package var id: String
    package var kind: Kind
    package var table: String
    package var state: State
    /// Always true: a receipt exists only for what is on disk.
    package var durable = true
    package var createdAt: String
    package var finishedAt: String?
    package var fileName: String?
    package var bytes: Int
    package var sha256: String?
    package var rows = Rows()
    package var dialect: Dialect?
    /// The silver table's snapshot that made the rows visible, as text (64 bits do not fit a JSON number everywhere);
    /// absent when nothing changed.
    package var snapshotId: String?
    package var topic: String
    package var partition: Int
    package var offset: Int64
    /// The path of this job's rejects, when there are any.
    package var rejectsLink: String?
    package var warnings: [String] = []
    /// The refused rows of a batch.
    package var verdicts: [RowVerdict] = []
    package var error: Failure?
    package var progress: Progress?
    /// The receipt that this job is a part of: one of the slices of an NDJSON body.
    package var partOf: String?
    /// How many slices an NDJSON body was taken in, when more than one; their jobs are `<id>.0`, `<id>.1` and so on.
    package var parts: Int?
    /// Whether this answers a repeated request: told in a header, not part of the receipt.
    package var isReplay = false
    /// As it is when it is asked for, never stored; absent for a table that does not go to the operational store.
    package var operational: Operational?

    package init(
        id: String, kind: Kind, table: String, state: State, createdAt: String, bytes: Int, topic: String,
        partition: Int, offset: Int64
    ) {
        self.id = id
        self.kind = kind
        self.table = table
        self.state = state
        self.createdAt = createdAt
        self.bytes = bytes
        self.topic = topic
        self.partition = partition
        self.offset = offset
    }
}

/// Why one row of a batch was refused.
package struct RowVerdict: Sendable, Hashable, Codable {
    /// 0-based position in the batch.
    package var index: Int
    package var column: String?
    package var code: String
    package var message: String

    package init(index: Int, column: String?, code: String, message: String) {
        self.index = index
        self.column = column
        self.code = code
        self.message = message
    }
}
