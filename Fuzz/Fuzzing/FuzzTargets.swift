/// All targets that need nothing but the formats.
package enum FuzzTargets {
    private static var all: [any FuzzTarget.Type] {
        [
            CSVTarget.self, SniffTarget.self, ValuesTarget.self, ParquetTarget.self, AvroTarget.self, JSONTarget.self,
            CompressionTarget.self, MultipartTarget.self,
        ]
    }

    package static var names: [String] { all.map { $0.name } }

    /// Runs the target of that name.
    /// - Throws: the first ``FuzzFailure``.
    package static func run(
        _ name: String, _ run: FuzzRun, before: (Int) -> Void = { _ in }
    ) throws -> FuzzRun.Summary {
        guard let target = all.first(where: { $0.name == name }) else {
            preconditionFailure("there is no target \(name)")
        }
        return try run.run(target, before: before)
    }
}
