import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The secrets of S3 access keys.
///
/// Signature version 4 needs the secret itself on both sides, so no hash of it will do. It is not stored either: it is derived
/// from the key's id and a key that lies in a file of its own, so that the tokens file alone opens nothing.
package struct SecretKeys: Sendable {
    /// Bytes of the key that secrets are derived from.
    package static let keyByteCount = 32
    /// Characters of a secret: what AWS's own have.
    private static let secretCharacters = 40

    private let key: SymmetricKey

    /// - Parameter key: ``keyByteCount`` random bytes.
    package init(key: [UInt8]) {
        precondition(key.count == Self.keyByteCount)
        self.key = SymmetricKey(data: key)
    }

    package func secret(accessKeyID: String) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Array("dipper s3 secret 1\n\(accessKeyID)".utf8), using: key)
        return String(Self.text(Array(code)).prefix(Self.secretCharacters))
    }

    /// Base 64 with the alphabet for addresses (RFC 4648, section 5), without padding.
    static func text(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
