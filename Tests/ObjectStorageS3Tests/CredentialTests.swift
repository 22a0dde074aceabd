import Foundation
import LakeTesting
import ObjectStorage
import Synchronization
import Testing

@testable import ObjectStorageS3

@Suite struct CredentialTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Lends keys that hold for ten minutes, numbered; fails while told to.
    private final class Lender: CredentialSource {
        let name = "a lender"
        let clock: ManualClock
        let count = Mutex(0)
        let fails = Mutex(false)

        init(_ clock: ManualClock) { self.clock = clock }

        func load() throws -> S3Credentials? {
            if fails.withLock({ $0 }) {
                throw ObjectStoreError(code: "credentials-missing", message: "not now")
            }
            let number = count.withLock { count in
                count += 1
                return count
            }
            return S3Credentials(
                accessKeyID: "key-\(number)", secretAccessKey: "s", expirySeconds: clock.seconds + 600)
        }
    }

    @Test func `a lent key is renewed before its end, and the old one serves while renewal fails`() throws {
        let clock = ManualClock()
        let lender = Lender(clock)
        let cache = CredentialCache([lender]) { clock.seconds }
        #expect(try cache.current().accessKeyID == "key-1")
        clock.advance(seconds: 299)
        #expect(try cache.current().accessKeyID == "key-1")
        clock.advance(seconds: 2)
        lender.fails.withLock { $0 = true }
        #expect(try cache.current().accessKeyID == "key-1")
        clock.advance(seconds: 20)
        lender.fails.withLock { $0 = false }
        #expect(try cache.current().accessKeyID == "key-2")
        lender.fails.withLock { $0 = true }
        clock.advance(seconds: 601)
        #expect(throws: ObjectStoreError.self) { try cache.current() }
    }

    @Test func `a key that the store refuses is looked up anew, once for all who met it`() throws {
        let clock = ManualClock()
        let cache = CredentialCache([Lender(clock)]) { clock.seconds }
        let first = try cache.current()
        cache.refused(first)
        let second = try cache.current()
        cache.refused(first)
        #expect(try cache.current() == second && second.accessKeyID == "key-2")
    }

    @Test func `the first place that is set up gives the key`() throws {
        let file = folder.file("credentials")
        let text = """
            # keys
            [default]
            aws_access_key_id = AKFILE
            aws_secret_access_key=secret=with=signs
            [profile other]
            AWS_ACCESS_KEY_ID = AKOTHER
            aws_secret_access_key = x
            aws_session_token = token
            [broken]
            aws_access_key_id = lonely
            """
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        let nobody = ScriptedTransport { _, _ in throw TransportFailure(.unreachable, "nobody is there") }
        func found(file: String?, _ environment: [String: String]) throws -> S3Credentials {
            let sources = CredentialCache.sources(
                file: file, environment: environment, region: "r", transport: nobody)
            return try CredentialCache(sources, nowSeconds: { 0 }).current()
        }
        let keys = ["AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": "e"]
        #expect(try found(file: nil, keys).accessKeyID == "AKENV")
        #expect(try found(file: file, keys).secretAccessKey == "secret=with=signs")
        let other = try found(file: nil, ["AWS_SHARED_CREDENTIALS_FILE": file, "AWS_PROFILE": "other"])
        #expect(other.accessKeyID == "AKOTHER" && other.sessionToken == "token")
        for environment in [
            [:], ["AWS_SHARED_CREDENTIALS_FILE": file, "AWS_PROFILE": "broken"],
            ["AWS_SHARED_CREDENTIALS_FILE": folder.file("absent")],
        ] {
            let error = #expect(throws: ObjectStoreError.self) { try found(file: nil, environment) }
            #expect(error?.code == "credentials-missing")
        }
    }

    @Test func `a token in a file is exchanged for a key`() throws {
        let token = folder.file("token")
        try "header.payload+/=\n".write(toFile: token, atomically: true, encoding: .utf8)
        let transport = ScriptedTransport { request, _ in
            TransportResponse(
                status: 200,
                body: Array(
                    """
                    <AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
                    <AssumeRoleWithWebIdentityResult><Credentials><SessionToken>st</SessionToken>
                    <SecretAccessKey>sk</SecretAccessKey><Expiration>2014-10-24T23:00:23Z</Expiration>
                    <AccessKeyId>ak</AccessKeyId></Credentials></AssumeRoleWithWebIdentityResult>
                    </AssumeRoleWithWebIdentityResponse>
                    """.utf8))
        }
        let source = WebIdentityCredentials(
            ["AWS_WEB_IDENTITY_TOKEN_FILE": token, "AWS_ROLE_ARN": "arn:aws:iam::1:role/a b"], region: "eu-west-1",
            transport: transport)
        let key = try source?.load()
        #expect(
            key
                == S3Credentials(
                    accessKeyID: "ak", secretAccessKey: "sk", sessionToken: "st", expirySeconds: 1_414_191_623))
        let request = try #require(transport.requests.first)
        #expect(request.url == "https://sts.eu-west-1.amazonaws.com/" && request.method == "POST")
        let body = String(decoding: request.body, as: UTF8.self)
        #expect(body.contains("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fa%20b&"))
        #expect(body.hasSuffix("&WebIdentityToken=header.payload%2B%2F%3D"))
    }

    @Test func `a refused exchange tells why`() throws {
        let token = folder.file("token")
        try "t".write(toFile: token, atomically: true, encoding: .utf8)
        let transport = ScriptedTransport { _, _ in
            TransportResponse(
                status: 400,
                body: Array(
                    "<ErrorResponse><Error><Code>X</Code><Message>expired</Message></Error></ErrorResponse>".utf8))
        }
        let source = WebIdentityCredentials(
            ["AWS_WEB_IDENTITY_TOKEN_FILE": token, "AWS_ROLE_ARN": "a"], region: "r", transport: transport)
        let error = #expect(throws: ObjectStoreError.self) { try source?.load() }
        #expect(error?.message.contains("expired") == true && error?.isRetryable == false)
    }

    @Test func `a machine's role gives a key, with a token asked for first`() throws {
        let transport = ScriptedTransport { request, index in
            let text =
                switch index {
                case 0: "proof"
                case 1: "lake-role\n"
                default:
                    #"{"Code":"Success","AccessKeyId":"ak","SecretAccessKey":"sk","Token":"t","#
                        + #""Expiration":"2014-10-24T23:00:23Z"}"#
                }
            let isProven = request.headers.contains { $0.name == "x-aws-ec2-metadata-token" && $0.value == "proof" }
            return TransportResponse(status: index == 0 || isProven ? 200 : 401, body: Array(text.utf8))
        }
        let source = InstanceCredentials(
            ["AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:1/"], transport: transport)
        let key = try source?.load()
        #expect(key?.accessKeyID == "ak" && key?.sessionToken == "t" && key?.expirySeconds == 1_414_191_623)
        #expect(
            transport.requests.map { "\($0.method) \($0.url)" } == [
                "PUT http://127.0.0.1:1/latest/api/token",
                "GET http://127.0.0.1:1/latest/meta-data/iam/security-credentials/",
                "GET http://127.0.0.1:1/latest/meta-data/iam/security-credentials/lake-role",
            ])
        let disabled = InstanceCredentials(["AWS_EC2_METADATA_DISABLED": "true"], transport: transport)
        #expect(disabled == nil)
    }
}
