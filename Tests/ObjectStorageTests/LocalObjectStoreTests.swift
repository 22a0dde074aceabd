import Foundation
import LakeModel
import LakeTesting
import ObjectStorage
import Synchronization
import Testing

@Suite struct LocalObjectStoreTests {
    /// Disk calls in order, and an error number for those that a test wants to fail.
    final class Recorder: Sendable {
        let calls = Mutex<[DiskCall]>([])
        let failing = Mutex<(@Sendable (DiskCall) -> Int32)?>(nil)

        var hook: DiskHook {
            { [self] call in
                calls.withLock { $0.append(call) }
                return failing.withLock { $0 }?(call) ?? 0
            }
        }

        func take() -> [DiskCall] {
            calls.withLock { calls in
                defer { calls = [] }
                return calls
            }
        }
    }

    let folder: TemporaryFolder
    let recorder = Recorder()
    let root: String

    init() throws {
        folder = try TemporaryFolder()
        root = folder.file("lake")
    }

    private func scratchFiles() throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: root + "/.tmp").filter {
            !$0.hasSuffix(".lock") && $0.contains("/")
        }
    }

    @Test func `an object is synced, published, and its new folders synced up to the root`() async throws {
        let store = try LocalObjectStore(root: root, hook: recorder.hook)
        #expect(recorder.take().contains(.syncDirectory(folder.path)), "the root's own entry is durable")
        try await store.put("a/b/k", bytes: [1, 2], ifAbsent: true)
        let first = recorder.take().filter { if case .createFile = $0 { false } else { true } }
        #expect(
            first == [
                .write(byteCount: 2), .syncFile, .createDirectory(root + "/a"), .syncDirectory(root),
                .createDirectory(root + "/a/b"), .syncDirectory(root + "/a"), .publish(root + "/a/b/k"),
                .syncDirectory(root + "/a/b"),
            ])
        try await store.put("a/b/l", bytes: [1], ifAbsent: true)
        let second = recorder.take().filter { if case .createFile = $0 { false } else { true } }
        #expect(second == [.write(byteCount: 1), .syncFile, .publish(root + "/a/b/l"), .syncDirectory(root + "/a/b")])
    }

    @Test func `folders that an earlier process made are synced again, for it may have crashed before`() async throws {
        try FileManager.default.createDirectory(atPath: root + "/a", withIntermediateDirectories: true)
        let store = try LocalObjectStore(root: root, hook: recorder.hook)
        _ = recorder.take()
        try await store.put("a/k", bytes: [1], ifAbsent: true)
        #expect(recorder.take().contains(.syncDirectory(root)))
    }

    @Test(arguments: ["write", "sync", "publish", "folder"])
    func `a full disk is told as such and leaves nothing behind`(step: String) async throws {
        let store = try LocalObjectStore(root: root, hook: recorder.hook)
        recorder.failing.withLock {
            $0 = { call in
                switch call {
                case .write: step == "write" ? ENOSPC : 0
                case .syncFile: step == "sync" ? EDQUOT : 0
                case .publish: step == "publish" ? ENOSPC : 0
                case .createDirectory: step == "folder" ? ENOSPC : 0
                default: 0
                }
            }
        }
        let error = await #expect(throws: ObjectStoreError.self) {
            try await store.put("x/k", bytes: [1], ifAbsent: true)
        }
        #expect(error?.code == "disk-full" && error?.remedy != nil && error?.isRetryable == true)
        let large = await #expect(throws: ObjectStoreError.self) {
            let writer = try await store.makeWriter("x/k")
            unsafe try writer.write([UInt8](repeating: 1, count: 3 << 20).span.bytes)
            _ = try await writer.finish(as: nil, ifAbsent: true)
        }
        #expect(large?.code == "disk-full")
        recorder.failing.withLock { $0 = nil }
        #expect(try await store.info("x/k") == nil)
        #expect(try scratchFiles() == [])
        try await store.put("x/k", bytes: [1], ifAbsent: true)
    }

    @Test func `what a crash left is swept away, what a running store writes is not`() async throws {
        let running = try LocalObjectStore(root: root)
        let writer = try await running.makeWriter("k")
        unsafe try writer.write([UInt8](repeating: 7, count: 2 << 20).span.bytes)
        let crashed = root + "/.tmp/4711-abc"
        try FileManager.default.createDirectory(atPath: crashed, withIntermediateDirectories: true)
        for name in [".lock", "1", "2"] { try Data([1]).write(to: URL(fileURLWithPath: crashed + "/" + name)) }
        let second = try LocalObjectStore(root: root)
        #expect(!FileManager.default.fileExists(atPath: crashed))
        #expect(try await writer.finish(as: nil, ifAbsent: true))
        #expect(try await second.get("k", bytesMax: 1 << 22).count == 2 << 20)
        #expect(try await second.list(prefix: "", after: nil, limit: 10).map(\.key) == ["k"])
    }

    @Test func `a writer that is dropped takes its file along`() async throws {
        let store = try LocalObjectStore(root: root)
        do {
            let writer = try await store.makeWriter("k")
            unsafe try writer.write([UInt8](repeating: 7, count: 2 << 20).span.bytes)
            #expect(try scratchFiles().count == 1)
        }
        #expect(try scratchFiles() == [])
        #expect(try await store.info("k") == nil)
    }

    @Test func `a folder that was removed by hand is made anew`() async throws {
        let store = try LocalObjectStore(root: root)
        try await store.put("a/b/k", bytes: [1], ifAbsent: true)
        try FileManager.default.removeItem(atPath: root + "/a")
        try await store.put("a/b/k", bytes: [2], ifAbsent: true)
        #expect(try await store.get("a/b/k", bytesMax: 9) == [2])
    }

    @Test func `a folder is no object`() async throws {
        let store = try LocalObjectStore(root: root)
        try await store.put("a/k", bytes: [1], ifAbsent: true)
        #expect(try await store.info("a") == nil)
        let error = await #expect(throws: ObjectStoreError.self) { try await store.get("a", bytesMax: 9) }
        #expect(error?.code == "object-missing")
        try await store.delete("a")
        #expect(try await store.info("a/k") != nil)
    }

    @Test func `an object below an object, or in the place of a folder, is a conflict of keys`() async throws {
        let store = try LocalObjectStore(root: root)
        try await store.put("a/k", bytes: [1], ifAbsent: true)
        for (key, ifAbsent) in [("a/k/x", true), ("a", true), ("a", false)] {
            let error = await #expect(throws: ObjectStoreError.self) {
                try await store.put(key, bytes: [2], ifAbsent: ifAbsent)
            }
            #expect(error?.code == "key-conflict")
        }
        #expect(try await store.list(prefix: "", after: nil, limit: 9).map(\.key) == ["a/k"])
    }

    @Test func `locations and paths lead back to keys`() throws {
        let store = try LocalObjectStore(root: root + "/../lake//./")
        #expect(store.root == root)
        #expect(store.locationPrefix == "file://" + root)
        #expect(try store.localPath(forKey: "a/k") == root + "/a/k")
        let io = ObjectStoreFileIO(store)
        for location in [
            "file://\(root)/a/k", "file:\(root)/a/k", "file://localhost\(root)/a/k", "\(root)/a/k",
        ] {
            #expect(store.key(forLocation: location) == "a/k")
            #expect(try io.key(location) == "a/k")
        }
        for location in [
            "file://\(root)x/a", "file://\(root)/../x", "s3://lake/a/k", "file://host\(root)/a", "file://\(root)",
            "a/k",
        ] {
            #expect(store.key(forLocation: location) == nil, "\(location)")
            if !location.contains("/..") {
                let error = #expect(throws: ObjectStoreError.self) { try io.key(location) }
                #expect(error?.code == "location-outside")
            }
        }
        #expect(throws: ObjectStoreError.self) { try store.localPath(forKey: "../k") }
    }

    @Test(arguments: ["my lake", "lake%20", "läke", "a#b", "a?b", "a*b", "a:b", "a\nb"])
    func `a root whose location would need encoding is refused`(name: String) {
        let error = #expect(throws: ObjectStoreError.self) { try LocalObjectStore(root: folder.file(name)) }
        #expect(error?.code == "root-invalid")
    }

    @Test func `a root that is a file is refused`() throws {
        try Data([1]).write(to: URL(fileURLWithPath: root))
        let error = #expect(throws: ObjectStoreError.self) { try LocalObjectStore(root: root) }
        #expect(error?.code == "root-invalid")
    }

    @Test func `an object that nobody knows yet gets its name first, and both are synced`() async throws {
        let store = try LocalObjectStore(root: root, hook: recorder.hook)
        try await store.put("a/known", bytes: [1], ifAbsent: true)
        _ = recorder.take()
        try await store.putNew("a/new", bytes: [1, 2])
        let calls = recorder.take().filter { if case .createFile = $0 { false } else { true } }
        #expect(
            calls == [.write(byteCount: 2), .publish(root + "/a/new"), .syncFile, .syncDirectory(root + "/a")])
        #expect(try await store.get("a/new", bytesMax: 9) == [1, 2])
        let taken = await #expect(throws: ObjectStoreError.self) { try await store.putNew("a/known", bytes: [3]) }
        #expect(taken?.code == "object-exists")
        #expect(try await store.get("a/known", bytesMax: 9) == [1])
        for call: DiskCall in [.syncFile, .syncDirectory(root + "/a"), .publish(root + "/a/bad")] {
            recorder.failing.withLock { $0 = { $0 == call ? 5 : 0 } }
            await #expect(throws: ObjectStoreError.self) { try await store.putNew("a/bad", bytes: [4]) }
            recorder.failing.withLock { $0 = nil }
            #expect(try await store.info("a/bad") == nil, "\(call)")
            #expect(try scratchFiles().isEmpty, "\(call)")
        }
    }
}
