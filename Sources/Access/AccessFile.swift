#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif
import Foundation
import LakeModel

/// The tokens file, and beside it `FILE.key`, which the secrets of access keys are derived from. Both belong to their owner
/// alone (mode 0600).
package struct AccessFile: Sendable {
    /// Bytes of the file at most: some 10,000 clients.
    private static let bytesMax = 4 << 20

    package let path: String

    package init(_ path: String) { self.path = path }

    private var keyPath: String { path + ".key" }

    // MARK: Reading

    /// - Throws: ``AccessError``.
    package func read() throws -> AccessBook {
        try AccessBook(try credentials(), secrets: try secrets())
    }

    package func credentials() throws -> [Credential] {
        let text: String
        do {
            let data = try Data(contentsOf: URL(fileURLWithPath: path))
            guard data.count <= Self.bytesMax, let decoded = String(validating: data, as: UTF8.self) else {
                throw AccessError(
                    code: "tokens-file-invalid",
                    message: "the tokens file is no text, or larger than \(Self.bytesMax) bytes",
                    place: Place(source: path))
            }
            text = decoded
        } catch let error as AccessError {
            throw error
        } catch {
            throw AccessError(
                code: "tokens-file-unreadable", message: "the tokens file can't be read",
                remedy: "make it with `dipper token create NAME --write '*' --tokens-file \(path)`",
                place: Place(source: path), cause: error)
        }
        var credentials: [Credential] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let bare = line.drop { $0 == " " || $0 == "\t" || $0 == "\r" }
            if bare.isEmpty || bare.hasPrefix("#") { continue }
            credentials.append(try Credential(line: bare, place: Place(source: path, line: index + 1)))
        }
        return credentials
    }

    /// `nil` when there is no key file: then no access key works.
    /// - Throws: ``AccessError`` `key-file-open` when others may read it, `key-file-invalid`.
    package func secrets() throws -> SecretKeys? {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: keyPath) else { return nil }
        let mode = (attributes[.posixPermissions] as? NSNumber)?.intValue ?? 0
        guard mode & 0o077 == 0 else {
            throw AccessError(
                code: "key-file-open",
                message: "others may read the key that the secrets of access keys are derived from",
                remedy: "chmod 600 \(keyPath), and make new access keys if somebody has read it",
                place: Place(source: keyPath))
        }
        let text: String
        do {
            text = try String(contentsOfFile: keyPath, encoding: .utf8)
        } catch {
            throw AccessError(
                code: "key-file-invalid", message: "the key file can't be read", place: Place(source: keyPath),
                cause: error)
        }
        let digits = text.filter { !$0.isWhitespace }
        guard let key = Hex.bytes(digits), key.count == SecretKeys.keyByteCount else {
            throw AccessError(
                code: "key-file-invalid",
                message: "the key file does not hold \(SecretKeys.keyByteCount * 2) hex digits",
                remedy: "restore it from a copy, or delete it and make all access keys anew",
                place: Place(source: keyPath))
        }
        return SecretKeys(key: key)
    }

    // MARK: Changing

    /// Changes the list, one command at a time, and writes the file anew. Tokens in clear become their hashes.
    /// - Throws: ``AccessError`` `tokens-file-busy` while another command changes the file.
    package func update(_ change: (inout [Credential]) throws -> Void) throws {
        let draft = path + ".new"
        let descriptor = unsafe open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw errno == EEXIST
                ? AccessError(
                    code: "tokens-file-busy", message: "another command is changing the tokens file",
                    remedy: "wait for it; if none runs, one broke off: remove the file named here",
                    place: Place(source: draft))
                : unwritable(draft)
        }
        var isOpen = true
        do {
            var credentials = FileManager.default.fileExists(atPath: path) ? try credentials() : []
            try change(&credentials)
            let lines = [Self.head] + credentials.map(\.line)
            try Self.write(lines.joined(separator: "\n") + "\n", to: descriptor, path: draft)
            close(descriptor)
            isOpen = false
            guard unsafe rename(draft, path) == 0 else { throw unwritable(path) }
        } catch {
            if isOpen { close(descriptor) }
            unsafe unlink(draft)
            throw error
        }
    }

    private static let head = """
        # Clients of Dipper: name, SHA-256 of the token, S3 access key, rights. `dipper token` writes this file.
        """

    /// Reads the key file, which is made if there is none.
    package func makeSecrets() throws -> SecretKeys {
        if let secrets = try secrets() { return secrets }
        var generator = SystemRandomNumberGenerator()
        let key = (0..<SecretKeys.keyByteCount).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let descriptor = unsafe open(keyPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw unwritable(keyPath) }
        defer { close(descriptor) }
        try Self.write(Hex.text(key) + "\n", to: descriptor, path: keyPath)
        return SecretKeys(key: key)
    }

    private static func write(_ text: String, to descriptor: Int32, path: String) throws {
        do {
            try FileHandle(fileDescriptor: descriptor, closeOnDealloc: false).write(contentsOf: Data(text.utf8))
        } catch {
            throw AccessError(
                code: "tokens-file-unwritable", message: "the file can't be written", place: Place(source: path),
                cause: error)
        }
        guard fsync(descriptor) == 0 else {
            throw AccessError(
                code: "tokens-file-unwritable", message: "the file can't be made durable", place: Place(source: path))
        }
    }

    private func unwritable(_ path: String) -> AccessError {
        AccessError(
            code: "tokens-file-unwritable",
            message: "the file can't be made: \(unsafe String(cString: strerror(errno)))",
            remedy: "name a folder that exists and may be written to", place: Place(source: path))
    }
}
