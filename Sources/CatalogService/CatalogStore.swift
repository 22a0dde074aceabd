/// The catalog database: which metadata file is a table's current one, and everything that must change with it.
///
/// One ``commit(_:)`` is one transaction. The SQLite and PostgreSQL implementations pass the same conformance suite.
package protocol CatalogStore: Sendable {
    func namespaces() async throws -> [String]
    /// Creates a namespace; one that exists is no error.
    func createNamespace(_ name: String, properties: [String: String]) async throws
    /// The properties of a namespace, `nil` when there is none.
    func namespaceProperties(_ name: String) async throws -> [String: String]?
    /// Namespaces one level below `parent` (`nil`: the top), in byte order, `after` excluded.
    func namespaces(below parent: String?, after: String?, limit: Int) async throws -> [String]
    func tables(in namespace: String) async throws -> [TableIdentifier]
    /// Names of tables or views in a namespace, in byte order, `after` excluded.
    func names(of kind: RelationKind, in namespace: String, after: String?, limit: Int) async throws -> [String]
    /// The current pointer of a table, `nil` when there is no such table.
    func pointer(_ table: TableIdentifier) async throws -> TablePointer?
    /// The current pointer of a view, `nil` when there is no such view.
    func viewPointer(_ view: TableIdentifier) async throws -> TablePointer?
    /// The answer that the first request with this key got, `nil` when the key is new or forgotten.
    func idempotentAnswer(key: String) async throws -> IdempotentAnswer?

    /// Applies all of `commit` or nothing.
    /// - Throws: ``CatalogError`` `commit-conflict` when a pointer, watermark or fence is not the expected one;
    ///   `namespace-missing`, `namespace-exists`, `namespace-not-empty`, `table-missing`, `view-missing`, `table-exists`, `view-exists`,
    ///   `idempotency-key-used`; nothing was applied then. `commit-state-unknown` when the answer was lost.
    func commit(_ commit: CatalogCommit) async throws

    func watermark(topic: String, partition: Int) async throws -> CatalogWatermark?
    func watermarks() async throws -> [CatalogWatermark]

    /// Receipts by id, or the newest first, `before` (an id) excluded.
    func receipt(id: String) async throws -> ReceiptRow?
    func receipts(table: String?, before: String?, limit: Int) async throws -> [ReceiptRow]
    /// Those of `ids` that there are, in any order.
    func receipts(ids: [String]) async throws -> [ReceiptRow]
    func receiptCount(table: String?) async throws -> Int

    /// The persisted key index of a table: pieces in the order in which they were committed.
    func keyIndex(_ table: TableIdentifier) async throws -> [KeyIndexPiece]

    /// Takes the right to commit for `role`, with a token one higher than any before.
    func acquireFence(role: String) async throws -> Int64
}

extension CatalogStore {
    /// One look-up for each; stores that can do with fewer have a form of their own.
    package func receipts(ids: [String]) async throws -> [ReceiptRow] {
        var rows: [ReceiptRow] = []
        for id in ids {
            if let row = try await receipt(id: id) { rows.append(row) }
        }
        return rows
    }
}

package struct TableIdentifier: Sendable, Hashable, Codable, CustomStringConvertible {
    package var namespace: String
    package var name: String

    package init(namespace: String, name: String) {
        self.namespace = namespace
        self.name = name
    }

    /// Levels and name with dots between them, as other catalogs write it.
    package var description: String { "\(NamespaceName.shown(namespace)).\(name)" }
}

package struct TablePointer: Sendable, Hashable {
    package var table: TableIdentifier
    package var metadataLocation: String
    /// Counts the commits of this table, from 1.
    package var version: Int64

    package init(table: TableIdentifier, metadataLocation: String, version: Int64) {
        self.table = table
        self.metadataLocation = metadataLocation
        self.version = version
    }
}

/// One atomic step of the catalog.
package struct CatalogCommit: Sendable {
    package struct Swap: Sendable, Hashable {
        package var table: TableIdentifier
        /// `nil`: the table must not exist.
        package var expectedMetadataLocation: String?
        package var newMetadataLocation: String

        package init(table: TableIdentifier, expectedMetadataLocation: String?, newMetadataLocation: String) {
            self.table = table
            self.expectedMetadataLocation = expectedMetadataLocation
            self.newMetadataLocation = newMetadataLocation
        }
    }

    /// Role and token of the writer; a newer token of the same role in the store is a `commit-conflict`.
    package struct Fence: Sendable, Hashable {
        package var role: String
        package var token: Int64

        package init(role: String, token: Int64) {
            self.role = role
            self.token = token
        }
    }

    /// Applied in this order: the fence, namespaces, removals, renames, swaps of tables and of views, watermarks, the rest.
    package var namespaceChanges: [NamespaceChange] = []
    package var removals: [RelationRemoval] = []
    package var renames: [RelationRename] = []
    package var swaps: [Swap] = []
    package var viewSwaps: [Swap] = []
    /// Each key must be new. Keys older than ``IdempotentAnswer/lifetimeSeconds`` are forgotten on the way.
    package var answers: [IdempotentAnswer] = []
    /// Each must lie past the stored one (same incarnation: by offset, then by step) or start a new incarnation.
    package var watermarks: [CatalogWatermark] = []
    package var keyIndexPieces: [KeyIndexPiece] = []
    /// Tables whose key index pieces are dropped first (the index was rebuilt or compacted).
    package var keyIndexResets: [TableIdentifier] = []
    /// Inserted, or replaced when the id is there already.
    package var receipts: [ReceiptRow] = []
    package var fence: Fence?

    package init() {}
}

package struct CatalogWatermark: Sendable, Hashable, Codable {
    package var topic: String
    package var partition: Int
    package var incarnation: String
    /// The next offset to work on.
    package var nextOffset: Int64
    /// Set while the record at `nextOffset` is in the lake in part only.
    package var partial: PartialWork?

    package init(
        topic: String, partition: Int, incarnation: String, nextOffset: Int64, partial: PartialWork? = nil
    ) {
        self.topic = topic
        self.partition = partition
        self.incarnation = incarnation
        self.nextOffset = nextOffset
        self.partial = partial
    }

    /// Whether this lies past `other`, a watermark of the same incarnation.
    package func isPast(_ other: CatalogWatermark) -> Bool {
        (nextOffset, partial?.step ?? 0) > (other.nextOffset, other.partial?.step ?? 0)
    }
}

/// How far the record at a watermark's offset has got, of which a part was committed.
package struct PartialWork: Sendable, Hashable, Codable {
    /// Commits at this offset so far, from 1; what makes such a watermark move forward.
    package var step: Int64
    /// Records between the watermark's offset and this one are in the lake already.
    package var aheadOffset: Int64
    /// What the pipeline needs to go on; the catalog does not look into it.
    package var state: [UInt8]

    package init(step: Int64, aheadOffset: Int64, state: [UInt8]) {
        self.step = step
        self.aheadOffset = aheadOffset
        self.state = state
    }
}

/// A change of a table's key index, bound to the snapshot that it reflects.
package struct KeyIndexPiece: Sendable, Hashable {
    package var table: TableIdentifier
    package var snapshotID: Int64
    /// `added` and `removed` key sets, serialised by the ingestion pipeline.
    package var bytes: [UInt8]

    package init(table: TableIdentifier, snapshotID: Int64, bytes: [UInt8]) {
        self.table = table
        self.snapshotID = snapshotID
        self.bytes = bytes
    }
}

/// A finished write's receipt as it is stored: searchable columns and the receipt's JSON.
package struct ReceiptRow: Sendable, Hashable {
    package var id: String
    package var table: String
    /// `committed` or `failed`.
    package var state: String
    package var topic: String
    package var partition: Int
    package var offset: Int64
    /// Microseconds since 1970 UTC.
    package var createdMicroseconds: Int64
    package var json: [UInt8]

    package init(
        id: String, table: String, state: String, topic: String, partition: Int, offset: Int64,
        createdMicroseconds: Int64, json: [UInt8]
    ) {
        self.id = id
        self.table = table
        self.state = state
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.createdMicroseconds = createdMicroseconds
        self.json = json
    }
}
