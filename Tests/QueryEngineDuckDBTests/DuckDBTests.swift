import Foundation
import Testing

/// Everything that starts workers, one test after the other: several endless queries at once would make the times that
/// some tests measure meaningless.
@Suite(.serialized, .enabled(if: Lab.hasEngine, "needs DuckDB: run bin/up"))
enum DuckDBTests {}

struct DuckDBPresenceTests {
    @Test func `where bin-test runs there is a DuckDB, so that nothing is left out in silence`() {
        guard ProcessInfo.processInfo.environment["CI"] != nil else { return }
        #expect(Lab.hasEngine && Lab.workerCommand != nil)
    }
}
