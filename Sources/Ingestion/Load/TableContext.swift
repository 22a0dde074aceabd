import Iceberg
import LakeModel

/// What a load needs to know of its table, fixed while it runs.
struct TableContext: Sendable {
    let declaration: TableDeclaration
    /// The silver table as files are written to it; what it is to others is in `current`.
    let silver: TableMetadata
    let quarantine: TableMetadata
    /// Both tables as the catalog has them.
    let current: (silver: TableMetadata, quarantine: TableMetadata)
    let shape: KeyShape?
    let derived: DerivedColumns
    let scatter: PartitionScatter
    let tables: LakeTables
    let crew: ThreadExecutor
    let limits: IngestionLimits
    /// Where the load's processor time is added up, if somebody asks.
    let stages: StageClock?

    /// - Throws: ``IngestionError`` `model-changed` when a table never had the declared columns and partitions.
    init(
        declaration: TableDeclaration, silver: TableMetadata, quarantine: TableMetadata, tables: LakeTables,
        crew: ThreadExecutor, limits: IngestionLimits, stages: StageClock? = nil
    ) throws {
        self.declaration = declaration
        current = (silver, quarantine)
        self.silver = try silver.written(
            as: declaration.silverSchema, partition: declaration.partition, name: declaration.name)
        self.quarantine = try quarantine.written(
            as: QuarantineSchema.schema, partition: [], name: "the rejects of \(declaration.name)")
        shape = declaration.key.isEmpty ? nil : KeyShape(declaration.keyColumns, in: declaration)
        derived = DerivedColumns(declaration)
        scatter = PartitionScatter(declaration)
        keyDecidesPartition =
            !declaration.partition.isEmpty
            && declaration.partition.allSatisfy { name in
                let source = declaration.derived.first { $0.name == name }?.source ?? name
                return declaration.key.contains(source)
            }
        self.tables = tables
        self.crew = crew
        self.limits = limits
        self.stages = stages
    }

    /// Whether all rows of a key lie in one partition: each partition column is of the key or derived from it.
    let keyDecidesPartition: Bool

    /// The declared columns as fields of the silver table.
    var declaredFields: [SchemaField] { Array(silver.schema.fields.prefix(declaration.columns.count)) }

    func prepared(_ batch: ColumnBatch, places: RowPlaces) -> PreparedRows {
        let batch = derived.appended(to: batch)
        let codes = shape.flatMap { $0.isInteger ? nil : $0.codes(batch) }
        return PreparedRows(batch: batch, parts: scatter.split(batch), places: places, codes: codes)
    }
}
