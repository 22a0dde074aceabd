import Foundation
import LakeModel
import LakeTesting
import Logging
import ObjectStorage
import ObjectStorageS3
import Testing

@Suite(.enabled(if: RealStore.isThere, "needs an S3 store: bin/test starts one"))
struct S3ConformanceTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test(arguments: ObjectStoreConformance.checks)
    func `in an S3 store`(check: ConformanceCheck<any ObjectStore>) async throws {
        let store = try RealStore.make(scratch: folder)
        try await store.verify()
        try await check.run(store)
    }

    private func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
        var state = seed | 1
        return (0..<count).map { _ in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return UInt8(truncatingIfNeeded: state)
        }
    }

    @Test(arguments: [false, true])
    func `an object in several parts comes back whole, under the name of its start or of its end`(
        isNamedAtEnd: Bool
    ) async throws {
        var limits = S3StoreLimits()
        limits.partBytes = 5 << 20
        let store = try RealStore.make(limits: limits, scratch: folder)
        let content = bytes(12_345_678, seed: 7)
        for isFirst in [true, false] {
            let writer = isNamedAtEnd ? try await store.makeDraft("d/x") : try await store.makeWriter("d/x")
            for start in stride(from: 0, to: content.count, by: 1_000_000) {
                await writer.ready()
                let piece = Array(content[start..<min(start + 1_000_000, content.count)])
                unsafe try writer.write(piece.span.bytes)
            }
            #expect(try await store.list(prefix: "", after: nil, limit: 10).map(\.key) == (isFirst ? [] : ["d/name"]))
            let isOurs = try await writer.finish(as: isNamedAtEnd ? "d/name" : nil, ifAbsent: isNamedAtEnd)
            #expect(isOurs == (isFirst || !isNamedAtEnd))
            if !isNamedAtEnd { break }
        }
        let key = isNamedAtEnd ? "d/name" : "d/x"
        #expect(try await store.list(prefix: "", after: nil, limit: 10).map(\.key) == [key])
        #expect(try await store.get(key, bytesMax: content.count) == content)
        let source = try await store.open(key)
        for (offset, count) in [(0, 10), (5 << 20, 7_000_000), (12_345_000, 678), (1, 12_345_677), (5_242_879, 2)] {
            #expect(try source.read(offset: offset, count: count) == Array(content[offset..<offset + count]))
        }
        // Nothing of the way is left behind.
        var impatient = limits
        impatient.staleUploadSeconds = -60
        let sweeper = try RealStore.make(
            prefix: store.configuration.prefix, limits: impatient, scratch: folder)
        #expect(try await sweeper.sweep() == .init())
    }

    @Test func `of two uploads in parts that may not replace, the later one gives way`() async throws {
        var limits = S3StoreLimits()
        limits.partBytes = 5 << 20
        let store = try RealStore.make(limits: limits, scratch: folder)
        var writers: [any ObjectWriter] = []
        for seed in 1...2 {
            let writer = try await store.makeWriter("race")
            let content = bytes(6 << 20, seed: UInt64(seed))
            unsafe try writer.write(content.span.bytes)
            writers.append(writer)
        }
        #expect(try await writers[1].finish(as: nil, ifAbsent: true))
        #expect(try await !writers[0].finish(as: nil, ifAbsent: true))
        #expect(try await store.get("race", bytesMax: 8 << 20) == bytes(6 << 20, seed: 2))
    }

    @Test func `an upload that a crash left is found and ended, a young one is not`() async throws {
        var limits = S3StoreLimits()
        limits.partBytes = 5 << 20
        let prefix = "test-\(UUID().uuidString.lowercased())"
        let store = try RealStore.make(prefix: prefix, limits: limits, scratch: folder)
        let writer = try await store.makeWriter("left")
        let content = bytes(11 << 20, seed: 3)
        unsafe try writer.write(content.span.bytes)
        #expect(try await store.sweep() == .init())
        var impatient = limits
        impatient.staleUploadSeconds = -60
        let swept = try await RealStore.make(prefix: prefix, limits: impatient, scratch: folder).sweep()
        #expect(swept.uploads == 1)
        let error = await #expect(throws: ObjectStoreError.self) { try await writer.finish(as: nil, ifAbsent: false) }
        #expect(error != nil)
        #expect(try await store.info("left") == nil)
    }

    @Test func `an object is replaced only while its tag holds`() async throws {
        let store = try RealStore.make(scratch: folder)
        try await store.put("k", bytes: [1], ifAbsent: true)
        let tag = try #require(try await store.tag("k"))
        try await store.replace("k", bytes: [2], ifTag: tag)
        let error = await #expect(throws: ObjectStoreError.self) {
            try await store.replace("k", bytes: [3], ifTag: tag)
        }
        #expect(error?.code == "object-changed")
        #expect(try await store.get("k", bytesMax: 1) == [2])
    }

    @Test func `many objects are deleted at once, and absent ones are no error`() async throws {
        let store = try RealStore.make(scratch: folder)
        let keys = (0..<30).map { "many/é & <\($0)>" }
        for key in keys { try await store.put(key, bytes: [1], ifAbsent: true) }
        try await store.delete(all: keys + ["many/absent"])
        #expect(try await store.list(prefix: "many/", after: nil, limit: 100) == [])
    }

    @Test func `a bucket that is not there, and a wrong key, say so`() async throws {
        let store = try RealStore.make(scratch: folder)
        let configuration = try S3StoreConfiguration(
            location: "s3://nobody-made-this", endpoint: "\(store.configuration.endpoint)", region: "us-east-1",
            scratchFolder: folder.file("other"))
        let wrong = FixedCredentials(S3Credentials(accessKeyID: "nobody", secretAccessKey: "nothing"))
        let stranger = try S3ObjectStore(
            configuration, credentials: CredentialCache([wrong]) { Int64(Date().timeIntervalSince1970) },
            logger: Logger(label: "test"))
        let error = await #expect(throws: ObjectStoreError.self) { try await stranger.verify() }
        #expect(["access-denied", "bucket-missing"].contains(error?.code))
    }
}
