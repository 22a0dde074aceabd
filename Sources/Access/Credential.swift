import Crypto
package import LakeModel

/// One line of the tokens file: a client's name, what proves that it is the client, and its rights.
package struct Credential: Sendable, Hashable {
    /// Bytes of a client's name at most.
    package static let nameBytesMax = 64
    /// The shortest token that is taken as a secret, in bytes. Tokens made here have 256 random bits.
    package static let tokenBytesMin = 16

    package var name: String
    /// SHA-256 of the token. A token of 256 random bits needs no slow hash: there is nothing to guess.
    package var tokenHash: [UInt8]
    package var accessKeyID: String?
    package var grants: [Grant]
    /// Whether the line holds the token itself, as lines of former versions do.
    package var isPlain: Bool

    package init(
        name: String, tokenHash: [UInt8], accessKeyID: String?, grants: [Grant], isPlain: Bool = false
    ) {
        self.name = name
        self.tokenHash = tokenHash
        self.accessKeyID = accessKeyID
        self.grants = grants
        self.isPlain = isPlain
    }

    package var principal: Principal { Principal(name: name, grants: grants, accessKeyID: accessKeyID) }

    package static func hash(token: some Sequence<UInt8>) -> [UInt8] { Array(SHA256.hash(data: Array(token))) }

    // MARK: Making

    /// A new credential with its token, which is nowhere else.
    /// - Throws: ``AccessError`` `token-name-invalid`.
    package static func make(name: String, grants: [Grant]) throws -> (credential: Credential, token: String) {
        try check(name: name)
        var generator = SystemRandomNumberGenerator()
        let secret = (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let token = "dip_" + SecretKeys.text(secret)
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)
        let key = (0..<14).map { _ in letters[Int.random(in: 0..<32, using: &generator)] }
        return (
            Credential(
                name: name, tokenHash: hash(token: token.utf8),
                accessKeyID: "DIPPER" + String(decoding: key, as: UTF8.self), grants: grants), token
        )
    }

    /// - Throws: ``AccessError`` `token-name-invalid`.
    package static func check(name: String) throws {
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: "@"):
                true
            default: false
            }
        }
        guard isPlain, (1...nameBytesMax).contains(name.utf8.count) else {
            throw AccessError(
                code: "token-name-invalid", message: "`\(name.prefix(nameBytesMax))` is no name for a client",
                remedy: "use 1 to \(nameBytesMax) letters, digits and - _ . @")
        }
    }

    // MARK: Lines

    private static let hashLabel = "sha256:"
    private static let keyLabel = "key:"

    /// `name sha256:… key:… read:… write:…`
    package var line: String {
        ([name, Self.hashLabel + Hex.text(tokenHash)] + (accessKeyID.map { [Self.keyLabel + $0] } ?? [])
            + grants.map(\.description)).joined(separator: " ")
    }

    /// Reads a line. `name token`, the form of former versions, stands for a token with every right.
    /// - Throws: ``AccessError`` `tokens-file-invalid`, `token-weak`, `right-invalid`.
    package init(line: some StringProtocol, place: Place) throws {
        let words = String(line).split { $0 == " " || $0 == "\t" || $0 == "\r" || $0 == "\r\n" }.map { String($0) }
        guard words.count >= 2 else { throw Self.invalid("a line needs a name and a token's hash", place) }
        name = words[0]
        guard words[1].hasPrefix(Self.hashLabel) else {
            guard words.count == 2 else {
                throw Self.invalid("the second word of \(words[0])'s line is no token's hash", place)
            }
            guard words[1].utf8.count >= Self.tokenBytesMin else {
                throw AccessError(
                    code: "token-weak",
                    message: "the access token \(words[0]) is shorter than \(Self.tokenBytesMin) bytes",
                    remedy: "make one with `dipper token create`", place: place)
            }
            tokenHash = Self.hash(token: words[1].utf8)
            grants = [Grant(.write, .everything)]
            isPlain = true
            return
        }
        guard let hash = Hex.bytes(words[1].dropFirst(Self.hashLabel.count)), hash.count == SHA256.byteCount else {
            throw Self.invalid("the hash of \(words[0]) is not 64 hexadecimal digits", place)
        }
        tokenHash = hash
        grants = []
        isPlain = false
        for word in words.dropFirst(2) {
            if word.hasPrefix(Self.keyLabel), accessKeyID == nil, word.utf8.count > Self.keyLabel.utf8.count {
                accessKeyID = String(word.dropFirst(Self.keyLabel.count))
            } else {
                do {
                    grants.append(try Grant(parsing: word))
                } catch var error as AccessError {
                    error.place = place
                    throw error
                }
            }
        }
    }

    private static func invalid(_ message: String, _ place: Place) -> AccessError {
        AccessError(
            code: "tokens-file-invalid", message: message,
            remedy: "write lines with `dipper token create`; `name token` of former versions is still taken",
            place: place)
    }
}
