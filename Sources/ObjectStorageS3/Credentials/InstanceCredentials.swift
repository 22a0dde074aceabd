import Foundation
import LakeModel
import ObjectStorage
import S3Protocol

/// A key lent to the machine: the instance metadata service, in its second version, where a token is asked for first.
package struct InstanceCredentials: CredentialSource {
    let endpoint: String
    let transport: any S3Transport

    /// Elsewhere than in that cloud nobody answers at the address, so the wait is short.
    private static let timeoutMilliseconds = 1_000
    private static let tokenSeconds = 21_600
    package let name = "instance metadata"

    /// - Parameter environment: `AWS_EC2_METADATA_DISABLED`, `AWS_EC2_METADATA_SERVICE_ENDPOINT`.
    package init?(_ environment: [String: String], transport: any S3Transport) {
        if environment["AWS_EC2_METADATA_DISABLED"]?.lowercased() == "true" { return nil }
        let given = environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] ?? "http://169.254.169.254"
        endpoint = given.hasSuffix("/") ? String(given.dropLast()) : given
        self.transport = transport
    }

    private struct Answer: Decodable {
        var code: String?
        var accessKeyID: String
        var secretAccessKey: String
        var token: String?
        var expiration: String?

        enum CodingKeys: String, CodingKey {
            case code = "Code"
            case accessKeyID = "AccessKeyId"
            case secretAccessKey = "SecretAccessKey"
            case token = "Token"
            case expiration = "Expiration"
        }
    }

    package func load() throws -> S3Credentials? {
        let token: TransportResponse
        do {
            token = try send(
                "PUT", "/latest/api/token",
                [(name: "x-aws-ec2-metadata-token-ttl-seconds", value: "\(Self.tokenSeconds)")])
        } catch is TransportFailure {
            // Nobody is there: this is no such machine.
            return nil
        }
        guard token.status == 200 else { return nil }
        let proof = [(name: "x-aws-ec2-metadata-token", value: String(decoding: token.body, as: UTF8.self))]
        let path = "/latest/meta-data/iam/security-credentials/"
        let roles = try ask("GET", path, proof)
        guard let role = String(decoding: roles, as: UTF8.self).split(whereSeparator: \.isNewline).first else {
            throw problem("the machine has no role")
        }
        let answer: Answer
        do {
            answer = try JSONDecoder().decode(Answer.self, from: Data(try ask("GET", path + role, proof)))
        } catch let error as DecodingError {
            throw problem("the answer for role \(role) is no key: \(error)")
        }
        guard answer.code == nil || answer.code == "Success" else {
            throw problem("no key for role \(role): \(answer.code ?? "")")
        }
        return S3Credentials(
            accessKeyID: answer.accessKeyID, secretAccessKey: answer.secretAccessKey, sessionToken: answer.token,
            expirySeconds: answer.expiration.flatMap { SigningTime.microseconds(iso: $0) }.map { $0 / 1_000_000 })
    }

    private func ask(_ method: String, _ path: String, _ headers: [(name: String, value: String)]) throws -> [UInt8] {
        let answer: TransportResponse
        do {
            answer = try send(method, path, headers)
        } catch let error as TransportFailure {
            throw problem(error.message)
        }
        guard answer.status == 200 else { throw problem("\(path) answers with status \(answer.status)") }
        return answer.body
    }

    private func send(
        _ method: String, _ path: String, _ headers: [(name: String, value: String)]
    ) throws -> TransportResponse {
        try transport.send(
            TransportRequest(
                method: method, url: endpoint + path, headers: headers, timeoutMilliseconds: Self.timeoutMilliseconds))
    }

    private func problem(_ message: String) -> ObjectStoreError {
        ObjectStoreError(
            code: "credentials-missing", message: "instance metadata gives no key: \(message)",
            remedy:
                "give the machine a role that may use the bucket, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            isRetryable: true)
    }
}
