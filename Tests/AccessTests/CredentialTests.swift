import Access
import LakeModel
import LakeTesting
import Testing

struct CredentialTests {
    @Test func `a made token opens the book, and nothing else does`() throws {
        let (credential, token) = try Credential.make(name: "spark", grants: [Grant(.write, .everything)])
        let book = try AccessBook([credential])
        #expect(token.utf8.count == 47 && token.hasPrefix("dip_"))
        #expect(book.principal(token: token.utf8)?.name == "spark")
        for wrong in ["", token + "x", String(token.dropLast()), token.uppercased(), Hex.text(credential.tokenHash)] {
            #expect(book.principal(token: wrong.utf8) == nil)
        }
    }

    @Test func `two tokens made one after the other share nothing`() throws {
        let one = try Credential.make(name: "a", grants: [])
        let other = try Credential.make(name: "a", grants: [])
        #expect(one.token != other.token && one.credential.accessKeyID != other.credential.accessKeyID)
    }

    @Test func `a line says what it was written from, and holds no secret`() throws {
        let grants = [Grant(.write, .namespace(["sales", "a.b c%é"])), Grant(.read, .everything)]
        let (credential, token) = try Credential.make(name: "ci@team", grants: grants)
        let line = credential.line
        #expect(!line.contains(token))
        #expect(try Credential(line: line, place: Place()) == credential)
        #expect(line.hasSuffix(" write:sales.a%2Eb%20c%25%C3%A9 read:*"))
    }

    @Test func `a line of former versions has every right, and is told`() throws {
        let credential = try Credential(line: "ci 0123456789abcdef", place: Place())
        #expect(credential.isPlain && credential.grants == [Grant(.write, .everything)])
        #expect(try AccessBook([credential]).principal(token: "0123456789abcdef".utf8)?.name == "ci")
    }

    @Test(arguments: [
        ("ci", "tokens-file-invalid"), ("ci short", "token-weak"), ("ci 0123456789abcdef more", "tokens-file-invalid"),
        ("ci sha256:12", "tokens-file-invalid"),
        ("ci sha256:\(String(repeating: "0", count: 64)) admin:*", "right-invalid"),
        ("ci sha256:\(String(repeating: "0", count: 64)) read:", "right-invalid"),
        ("ci sha256:\(String(repeating: "0", count: 64)) read:a..b", "right-invalid"),
        ("ci sha256:\(String(repeating: "0", count: 64)) read:a*", "right-invalid"),
        ("ci sha256:\(String(repeating: "0", count: 64)) key:A key:B", "right-invalid"),
    ])
    func `a wrong line is refused with its place`(line: String, code: String) {
        let error = #expect(throws: AccessError.self) { try Credential(line: line, place: Place(source: "t", line: 7)) }
        #expect(error?.code == code)
        #expect(error?.place?.line == 7)
    }

    @Test(arguments: ["", "a b", "é", "a:b", "a\n", String(repeating: "a", count: 65)])
    func `names that would break a line are refused`(name: String) {
        #expect(throws: AccessError.self) { try Credential.make(name: name, grants: []) }
    }

    @Test func `names and keys stand once`() throws {
        let one = try Credential.make(name: "a", grants: []).credential
        #expect(throws: AccessError.self) { try AccessBook([one, one]) }
    }
}

struct SecretKeysTests {
    @Test func `a secret follows from the key and the id, and from both`() throws {
        let keys = SecretKeys(key: [UInt8](repeating: 7, count: 32))
        let secret = keys.secret(accessKeyID: "DIPPERA")
        #expect(secret.utf8.count == 40 && secret == keys.secret(accessKeyID: "DIPPERA"))
        #expect(secret != keys.secret(accessKeyID: "DIPPERB"))
        #expect(secret != SecretKeys(key: [UInt8](repeating: 8, count: 32)).secret(accessKeyID: "DIPPERA"))
    }
}
