import Foundation
import LakeModel
import ObjectStorage
import S3Protocol

/// A key lent for the token that an orchestrator puts into a file: `AssumeRoleWithWebIdentity`.
package struct WebIdentityCredentials: CredentialSource {
    let tokenFile: String
    let role: String
    let session: String
    /// The address of the security token service.
    let endpoint: String
    let transport: any S3Transport

    private static let timeoutMilliseconds = 10_000
    package let name = "web identity"

    /// - Parameter environment: `AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN`, without which there is nothing to ask;
    ///   `AWS_ROLE_SESSION_NAME`, `AWS_ENDPOINT_URL_STS`.
    package init?(_ environment: [String: String], region: String, transport: any S3Transport) {
        guard let tokenFile = environment["AWS_WEB_IDENTITY_TOKEN_FILE"], let role = environment["AWS_ROLE_ARN"],
            !tokenFile.isEmpty, !role.isEmpty
        else { return nil }
        self.tokenFile = tokenFile
        self.role = role
        session = environment["AWS_ROLE_SESSION_NAME"] ?? "dipper"
        endpoint = environment["AWS_ENDPOINT_URL_STS"] ?? "https://sts.\(region).amazonaws.com"
        self.transport = transport
    }

    package func load() throws -> S3Credentials? {
        guard let data = FileManager.default.contents(atPath: tokenFile) else {
            throw problem("the token file \(tokenFile) cannot be read")
        }
        let token = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        let form = [
            ("Action", "AssumeRoleWithWebIdentity"), ("Version", "2011-06-15"), ("RoleArn", role),
            ("RoleSessionName", session), ("WebIdentityToken", token),
        ]
        let body = form.map { "\($0.0)=\(URICoding.encode($0.1.utf8))" }.joined(separator: "&")
        let answer: TransportResponse
        do {
            answer = try transport.send(
                TransportRequest(
                    method: "POST", url: endpoint.hasSuffix("/") ? endpoint : endpoint + "/",
                    headers: [("content-type", "application/x-www-form-urlencoded"), ("accept", "application/xml")],
                    body: Array(body.utf8), timeoutMilliseconds: Self.timeoutMilliseconds))
        } catch {
            throw problem("\(endpoint) does not answer: \(error)", isRetryable: true)
        }
        // An answer that is no XML is told by its status.
        let tree = try? XMLTree(answer.body)
        guard answer.status == 200,
            let keys = tree?.child("AssumeRoleWithWebIdentityResult")?.child("Credentials"),
            let id = keys.child("AccessKeyId")?.text, let secret = keys.child("SecretAccessKey")?.text
        else {
            let reason = tree?.child("Error")?.child("Message")?.text ?? "status \(answer.status)"
            throw problem("\(endpoint) lends no key: \(reason)", isRetryable: answer.status >= 500)
        }
        return S3Credentials(
            accessKeyID: id, secretAccessKey: secret, sessionToken: keys.child("SessionToken")?.text,
            expirySeconds: keys.child("Expiration").flatMap { SigningTime.microseconds(iso: $0.text) }
                .map { $0 / 1_000_000 })
    }

    private func problem(_ message: String, isRetryable: Bool = false) -> ObjectStoreError {
        ObjectStoreError(
            code: "credentials-missing", message: message,
            remedy: "check AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, and the role's trust policy",
            isRetryable: isRetryable)
    }
}
