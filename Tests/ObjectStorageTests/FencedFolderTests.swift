import Foundation
import LakeTesting
import ObjectStorage
import Testing

struct FencedFolderTests {
    private let folder: TemporaryFolder
    private let store: LocalObjectStore
    private let fenced: FencedFolder

    init() throws {
        folder = try TemporaryFolder()
        store = try LocalObjectStore(root: folder.file("lake"), locationPrefix: "s3://lake")
        fenced = FencedFolder(store, folder: "warehouse")
    }

    private func put(_ keys: String...) async throws {
        for key in keys { try await store.put(key, bytes: Array(key.utf8), ifAbsent: true) }
    }

    private func list(_ prefix: String, after: [UInt8]? = nil, limit: Int = 100, groups: Bool) async throws -> [String]
    {
        try await fenced.list(prefix: prefix, after: after, limit: limit, groupsFolders: groups).map { line in
            switch line.entry {
            case .object(let info): info.key
            case .folder(let key): key
            }
        }
    }

    @Test func `folders behind the prefix are told once, and empty ones not at all`() async throws {
        try await put("warehouse/a/1", "warehouse/a/2", "warehouse/b", "warehouse/c/d/1", "other/x")
        try FileManager.default.createDirectory(
            atPath: store.root + "/warehouse/empty", withIntermediateDirectories: true)
        #expect(try await list("", groups: true) == ["warehouse/"])
        #expect(try await list("ware", groups: true) == ["warehouse/"])
        #expect(try await list("other/", groups: true) == [])
        #expect(try await list("warehouse/", groups: true) == ["warehouse/a/", "warehouse/b", "warehouse/c/"])
        #expect(try await list("warehouse/a", groups: true) == ["warehouse/a/"])
        #expect(try await list("warehouse/a/", groups: true) == ["warehouse/a/1", "warehouse/a/2"])
        #expect(
            try await list("warehouse/", after: Array("warehouse/a/".utf8) + [0xFF], groups: true)
                == ["warehouse/b", "warehouse/c/"])
        #expect(
            try await list("warehouse/", after: Array("warehouse/a/1".utf8), limit: 1, groups: true) == ["warehouse/a/"]
        )
        #expect(
            try await list("", groups: false)
                == ["warehouse/a/1", "warehouse/a/2", "warehouse/b", "warehouse/c/d/1"])
    }

    @Test func `links lead nowhere, unless the folder is one`() async throws {
        try await put("other/x")
        let manager = FileManager.default
        try manager.createDirectory(atPath: folder.file("disk"), withIntermediateDirectories: true)
        try manager.createSymbolicLink(atPath: store.root + "/warehouse", withDestinationPath: folder.file("disk"))
        try manager.createSymbolicLink(atPath: folder.file("disk/out"), withDestinationPath: store.root + "/other")
        try await put("warehouse/a")
        #expect(try await list("", groups: false) == ["warehouse/a"])
        _ = try await fenced.open("warehouse/a")
        for key in ["warehouse/out/x", "warehouse/out", "warehouse/out/new", "other/x", "warehouse/../other/x"] {
            await #expect(throws: ObjectStoreError.self) { try await fenced.open(key) }
            await #expect(throws: ObjectStoreError.self) { try await fenced.makeWriter(key) }
            await #expect(throws: ObjectStoreError.self) { try await fenced.delete(key) }
        }
    }

    @Test func `a tag stays with the content that it was written with`() async throws {
        let writer = try await fenced.makeWriter("warehouse/a")
        writer.setEntityTag("first")
        try await writer.finish(as: nil, ifAbsent: true)
        let first = try await fenced.open("warehouse/a")
        try await store.put("warehouse/a", bytes: [1], ifAbsent: false)
        let second = try await fenced.open("warehouse/a").entityTag
        #expect(first.entityTag != second && second.hasSuffix("-1"))
        #expect(
            try await fenced.list(prefix: "", after: nil, limit: 9, groupsFolders: false).map(\.entityTag) == [second])
    }

    @Test func `locations of another prefix are keys of the same files`() async throws {
        try await put("warehouse/a")
        #expect(store.locationPrefix == "s3://lake")
        #expect(store.key(forLocation: "s3://lake/warehouse/a") == "warehouse/a")
        #expect(store.key(forLocation: "file://\(store.root)/warehouse/a") == "warehouse/a")
        #expect(store.localPath(forLocation: "s3://lake/warehouse/a") == store.root + "/warehouse/a")
        for other in ["s3://other/a", "s3://lake/../a", "s3://lake2/a", "/etc/passwd"] {
            #expect(store.key(forLocation: other) == nil)
        }
        #expect(try await ObjectStoreFileIO(store).read("s3://lake/warehouse/a") == Array("warehouse/a".utf8))
    }
}
