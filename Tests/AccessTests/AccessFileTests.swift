import Access
import Foundation
import LakeTesting
import Testing

struct AccessFileTests {
    private func mode(_ path: String) throws -> Int {
        try #require(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber).intValue
    }

    @Test func `the file and its key belong to their owner alone, and name no secret`() throws {
        let folder = try TemporaryFolder()
        let file = AccessFile(folder.file("tokens"))
        let (credential, token) = try Credential.make(name: "a", grants: [Grant(.read, .everything)])
        let secrets = try file.makeSecrets()
        try file.update { $0.append(credential) }
        #expect(try mode(file.path) == 0o600 && mode(file.path + ".key") == 0o600)
        let text = try String(contentsOfFile: file.path, encoding: .utf8)
        let id = try #require(credential.accessKeyID)
        #expect(!text.contains(token) && !text.contains(secrets.secret(accessKeyID: id)))
        let book = try file.read()
        #expect(book.principal(token: token.utf8)?.name == "a")
        #expect(book.signer(accessKeyID: id)?.secret == secrets.secret(accessKeyID: id))
        #expect(book.signer(accessKeyID: "DIPPERX") == nil)
    }

    @Test func `a change hashes the tokens that stood in clear`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("tokens")
        try Data("# old\nci 0123456789abcdef0123\r\n\n".utf8).write(to: URL(fileURLWithPath: path))
        let file = AccessFile(path)
        #expect(try file.credentials().map(\.isPlain) == [true])
        try file.update { _ in }
        #expect(try !String(contentsOfFile: path, encoding: .utf8).contains("0123456789abcdef0123"))
        #expect(try file.read().principal(token: "0123456789abcdef0123".utf8)?.mayEverywhere(.write) == true)
    }

    @Test func `a key that others may read is refused`() throws {
        let folder = try TemporaryFolder()
        let file = AccessFile(folder.file("tokens"))
        _ = try file.makeSecrets()
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: file.path + ".key")
        let error = #expect(throws: AccessError.self) { try file.secrets() }
        #expect(error?.code == "key-file-open")
    }

    @Test func `one command at a time changes the file, and one that fails leaves it as it was`() throws {
        let folder = try TemporaryFolder()
        let file = AccessFile(folder.file("tokens"))
        try file.update { $0.append(try Credential.make(name: "a", grants: []).credential) }
        let before = try file.credentials()
        var refusal: AccessError?
        do {
            try file.update { credentials in
                credentials.removeAll()
                do {
                    try file.update { _ in }
                } catch let error as AccessError {
                    refusal = error
                }
                throw AccessError(code: "test", message: "no")
            }
        } catch let error as AccessError {
            #expect(error.code == "test")
        }
        #expect(refusal?.code == "tokens-file-busy")
        #expect(try file.credentials() == before)
        try file.update { _ in }
    }

    @Test func `a file that is not there says how to make it`() throws {
        let folder = try TemporaryFolder()
        let error = #expect(throws: AccessError.self) { try AccessFile(folder.file("none")).read() }
        #expect(error?.code == "tokens-file-unreadable" && error?.remedy?.contains("dipper token create") == true)
    }

    @Test func `a revoked token is let in no more without a restart, the last one too`() async throws {
        let folder = try TemporaryFolder()
        let file = AccessFile(folder.file("tokens"))
        let (credential, token) = try Credential.make(name: "a", grants: [])
        try file.update { $0.append(credential) }
        let registry = try AccessRegistry(file) { Issue.record($0) }
        #expect(registry.book.principal(token: token.utf8) != nil)
        try file.update { $0.removeAll() }
        try await Task.sleep(for: .milliseconds(1_100))
        #expect(registry.book.principal(token: token.utf8) == nil)
    }
}
