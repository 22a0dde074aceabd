import AvroFormat
import ByteKernels
import Foundation
import LakeModel
import RowBackup

/// Where a backup lies on this machine: an Avro file by itself, or a folder with `rows.avro` and `manifest.json`.
struct BackupPlace {
    static let rowsName = "rows.avro"

    private let path: String
    private let isFile: Bool

    init(_ path: String) {
        self.path = path
        let kind = try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
        isFile = kind.map { $0 != .typeDirectory } ?? path.lowercased().hasSuffix(".avro")
    }

    private var rowsPath: String { isFile ? path : path + "/" + Self.rowsName }
    private var manifestPath: String { path + "/" + BackupManifest.fileName }

    /// Begins the file of rows, under another name until it is whole.
    /// - Throws: ``ClientError`` `backup-exists`, `file-unwritable`.
    func create() throws -> BackupFile {
        for path in isFile ? [path] : [rowsPath, manifestPath] where FileManager.default.fileExists(atPath: path) {
            throw ClientError(
                code: "backup-exists", message: "\(path) exists", remedy: "give a name that is not taken")
        }
        if !isFile {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        return try BackupFile(rowsPath, name: isFile ? URL(fileURLWithPath: path).lastPathComponent : Self.rowsName)
    }

    /// Writes the manifest of a folder.
    func complete(_ manifest: BackupManifest) throws {
        if isFile { return }
        try Data(manifest.json.serialized()).write(to: URL(fileURLWithPath: manifestPath), options: .atomic)
    }

    /// The file of rows, of a folder one that is what its manifest says.
    /// - Throws: ``ClientError`` `file-unreadable`; ``BackupError`` `backup-damaged`.
    func checkedFile() throws -> String {
        if isFile { return path }
        guard let bytes = FileManager.default.contents(atPath: manifestPath) else {
            throw ClientError(
                code: "file-unreadable", message: "\(manifestPath) cannot be read",
                remedy: "give a backup's folder, or the Avro file by itself")
        }
        let manifest = try BackupManifest(parsing: Array(bytes))
        guard let file = manifest.files.first, manifest.files.count == 1 else {
            throw BackupError.damaged("\(BackupManifest.fileName) names \(manifest.files.count) files")
        }
        let rows = path + "/" + file.name
        let source = try SourceFile(rows)
        defer { source.close() }
        var hash = SHA256Stream()
        while let data = try source.next() { hash.update(Array(data)) }
        guard SHA256Stream.hex(hash.finish()) == file.sha256 else {
            throw BackupError.damaged("\(file.name) is not what \(BackupManifest.fileName) says: its SHA-256 differs")
        }
        return rows
    }
}

/// A backup's file of rows while it is written.
final class BackupFile {
    private let path: String
    private let name: String
    private let handle: FileHandle
    private var hash = SHA256Stream()
    private var byteCount: Int64 = 0

    private var partPath: String { path + ".part" }

    fileprivate init(_ path: String, name: String) throws {
        self.path = path
        self.name = name
        guard FileManager.default.createFile(atPath: path + ".part", contents: nil),
            let handle = FileHandle(forWritingAtPath: path + ".part")
        else {
            throw ClientError(
                code: "file-unwritable", message: "\(path) cannot be written",
                remedy: "check the folder and its rights")
        }
        self.handle = handle
    }

    func write(_ bytes: [UInt8]) throws {
        hash.update(bytes)
        byteCount += Int64(bytes.count)
        try handle.write(contentsOf: Data(bytes))
    }

    /// Puts the file in its place, once every row that its header announces is in it.
    /// - Throws: ``BackupError`` `backup-damaged` for an answer that broke off.
    func finish() throws -> BackupManifest {
        try handle.synchronize()
        try handle.close()
        let source = try FileSource(partPath)
        var reader = try AvroSourceReader(source)
        guard let header = reader.metadata[BackupDescription.headerKey] else {
            throw BackupError.damaged("the file's header does not say what it is of")
        }
        let description = try BackupDescription(try JSONValue.parse(header))
        var rowCount: Int64 = 0
        while let block = try reader.nextBlock() { rowCount += Int64(block.itemCount) }
        guard rowCount == description.rowCount else {
            throw BackupError.damaged("\(rowCount) rows came where \(description.rowCount) were announced")
        }
        try FileManager.default.moveItem(atPath: partPath, toPath: path)
        return BackupManifest(
            description: description,
            files: [
                .init(name: name, byteCount: byteCount, rowCount: rowCount, sha256: SHA256Stream.hex(hash.finish()))
            ])
    }

    /// Leaves nothing behind.
    func abort() {
        try? handle.close()
        try? FileManager.default.removeItem(atPath: partPath)
    }
}

/// A file of this machine, read at any offset.
private final class FileSource: RandomAccessSource {
    let byteCount: Int
    private let path: String

    init(_ path: String) throws {
        self.path = path
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        byteCount = (attributes[.size] as? NSNumber)?.intValue ?? 0
    }

    func read(offset: Int, count: Int) throws -> [UInt8] {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw ClientError(code: "file-unreadable", message: "\(path) cannot be read", remedy: "check its rights")
        }
        defer { try? handle.close() }
        try handle.seek(toOffset: UInt64(offset))
        let data = try handle.read(upToCount: count) ?? Data()
        guard data.count == count else { throw ShortReadError(offset: offset, count: count, byteCount: byteCount) }
        return Array(data)
    }
}
