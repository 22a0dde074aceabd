import LakeTesting
import ObjectStorage
import Testing

@Suite struct ObjectStoreConformanceTests {
    @Test(arguments: ObjectStoreConformance.checks)
    func `in memory`(check: ConformanceCheck<any ObjectStore>) async throws {
        try await check.run(MemoryObjectStore())
    }

    @Test(arguments: ObjectStoreConformance.checks)
    func `in a directory`(check: ConformanceCheck<any ObjectStore>) async throws {
        let folder = try TemporaryFolder()
        try await check.run(try LocalObjectStore(root: folder.file("lake")))
    }
}
