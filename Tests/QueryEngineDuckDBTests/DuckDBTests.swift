import Testing

/// Everything that starts workers, one test after the other: several endless queries at once would make the times that
/// some tests measure meaningless.
@Suite(.serialized, .enabled(if: Lab.hasEngine, "needs DuckDB: run bin/up"))
enum DuckDBTests {}
