import Foundation
import LakeTesting
import ObjectStorage
import Testing

@Suite struct DataFolderLockTests {
    @Test func `a held folder is refused with its owner's process id until it is released`() throws {
        let folder = try TemporaryFolder()
        let lock = try DataFolderLock(folder: folder.path)
        let error = #expect(throws: ObjectStoreError.self) { try DataFolderLock(folder: folder.path) }
        #expect(error?.code == "data-folder-in-use")
        #expect(error?.message.contains("process \(getpid())") == true)
        lock.release()
        lock.release()
        _ = try DataFolderLock(folder: folder.path)
    }

    @Test func `the file of a process that is gone keeps no one out`() throws {
        let folder = try TemporaryFolder()
        try Data("999999999\n".utf8).write(to: URL(fileURLWithPath: folder.file(DataFolderLock.fileName)))
        let lock = try DataFolderLock(folder: folder.path)
        let text = try String(contentsOfFile: folder.file(DataFolderLock.fileName), encoding: .utf8)
        #expect(text == "\(getpid())\n")
        lock.release()
    }

    @Test func `a folder that is not there is an error`() {
        #expect(throws: ObjectStoreError.self) { try DataFolderLock(folder: "/nonexistent/dipper") }
    }
}
