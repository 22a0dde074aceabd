import Foundation
import LakeModel
import ObjectStorage

/// A file of keys as the AWS tools keep it: sections in brackets, the profiles, with `aws_access_key_id`,
/// `aws_secret_access_key` and `aws_session_token`.
package struct SharedFileCredentials: CredentialSource {
    let path: String
    let profile: String
    /// Whether the file was named by someone, so that it must be there.
    let isRequired: Bool

    /// Bytes of the file at most.
    private static let bytesMax = 1 << 20

    package init(path: String, profile: String = "default", isRequired: Bool) {
        self.path = path
        self.profile = profile
        self.isRequired = isRequired
    }

    package var name: String { "\(path) [\(profile)]" }

    package func load() throws -> S3Credentials? {
        guard let data = FileManager.default.contents(atPath: path), data.count <= Self.bytesMax else {
            if isRequired { throw problem("the file cannot be read, or is no file of keys") }
            return nil
        }
        let entries = Self.entries(of: profile, in: String(decoding: data, as: UTF8.self))
        guard let id = entries["aws_access_key_id"], let secret = entries["aws_secret_access_key"] else {
            if isRequired { throw problem("the profile has no aws_access_key_id and aws_secret_access_key") }
            return nil
        }
        return S3Credentials(accessKeyID: id, secretAccessKey: secret, sessionToken: entries["aws_session_token"])
    }

    private func problem(_ message: String) -> ObjectStoreError {
        ObjectStoreError(
            code: "credentials-missing", message: message,
            remedy: "write the keys under [\(profile)] of the file, readable for the server's user alone",
            place: Place(source: path))
    }

    /// The entries of one section, names in lower case.
    static func entries(of profile: String, in text: String) -> [String: String] {
        var entries: [String: String] = [:]
        var isInside = false
        for line in text.split(whereSeparator: \.isNewline) {
            let line = line.trimmingCharacters(in: .whitespaces)
            if line.hasPrefix("#") || line.hasPrefix(";") { continue }
            if line.hasPrefix("["), line.hasSuffix("]") {
                let section = line.dropFirst().dropLast().trimmingCharacters(in: .whitespaces)
                isInside = section == profile || section == "profile \(profile)"
            } else if isInside, let equals = line.firstIndex(of: "=") {
                let value = line[line.index(after: equals)...].trimmingCharacters(in: .whitespaces)
                entries[line[..<equals].trimmingCharacters(in: .whitespaces).lowercased()] = value
            }
        }
        return entries
    }
}
