import ObjectStorage
import S3Protocol
import Testing

@testable import ObjectStorageS3

/// Requests as this client makes them, against the examples that AWS publishes.
///
/// Source: Amazon S3 API Reference, "Authenticating Requests (AWS Signature Version 4)".
@Suite struct RequestSignerTests {
    private static let key = S3Credentials(
        accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    /// 2013-05-24, midnight.
    private static let seconds: Int64 = 1_369_353_600

    private func signed(
        _ request: StoreRequest, endpoint: String? = nil, isPathStyle: Bool = false, key: S3Credentials = key
    ) throws -> TransportRequest {
        let configuration = try S3StoreConfiguration(
            location: "s3://examplebucket", endpoint: endpoint ?? "https://s3.amazonaws.com", region: "us-east-1",
            usesPathStyle: isPathStyle, scratchFolder: "/nowhere")
        return RequestSigner(configuration: configuration)
            .signed(request, payloadHash: SignatureV4.hash(request.body), key, seconds: Self.seconds)
    }

    private func signature(_ request: TransportRequest) -> Substring? {
        request.headers.first { $0.name == "authorization" }?.value.split(separator: "Signature=").last
    }

    @Test func `GET of an object's first bytes`() throws {
        var request = StoreRequest("GET", "test.txt")
        request.headers = [(name: "range", value: "bytes=0-9")]
        let signed = try signed(request)
        #expect(signature(signed) == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
        #expect(signed.url == "https://examplebucket.s3.amazonaws.com/test.txt")
    }

    @Test func `PUT of an object whose name needs escapes`() throws {
        var request = StoreRequest("PUT", "test$file.text")
        request.headers = [
            (name: "date", value: "Fri, 24 May 2013 00:00:00 GMT"),
            (name: "x-amz-storage-class", value: "REDUCED_REDUNDANCY"),
        ]
        request.body = Array("Welcome to Amazon S3.".utf8)
        let signed = try signed(request)
        #expect(signature(signed) == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
        #expect(signed.url.hasSuffix("/test%24file.text"))
    }

    @Test(arguments: [
        ([("lifecycle", "")], "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        ([("max-keys", "2"), ("prefix", "J")], "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ])
    func `GET with a query`(query: [(String, String)], wanted: String) throws {
        var request = StoreRequest("GET", nil)
        request.query = query.map { (name: $0.0, value: $0.1) }
        #expect(try String(signature(signed(request)) ?? "") == wanted)
    }

    @Test func `the bucket stands in the path or before the host`() throws {
        let request = StoreRequest("GET", "a b/é=1+2")
        let inPath = try signed(request, endpoint: "http://127.0.0.1:9000", isPathStyle: true)
        #expect(inPath.url == "http://127.0.0.1:9000/examplebucket/a%20b/%C3%A9%3D1%2B2")
        #expect(inPath.headers.first { $0.name == "host" }?.value == "127.0.0.1:9000")
        let before = try signed(request, endpoint: "https://store.example:443/", isPathStyle: false)
        #expect(before.url == "https://examplebucket.store.example/a%20b/%C3%A9%3D1%2B2")
    }

    @Test func `a lent key's token is signed along`() throws {
        var key = Self.key
        key.sessionToken = "token"
        let signed = try signed(StoreRequest("HEAD", "k"), key: key)
        #expect(signed.headers.contains { $0.name == "x-amz-security-token" && $0.value == "token" })
        let authorization = signed.headers.first { $0.name == "authorization" }?.value ?? ""
        #expect(authorization.contains("SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,"))
    }
}

@Suite struct S3StoreConfigurationTests {
    private func configuration(_ location: String, endpoint: String? = nil) throws -> S3StoreConfiguration {
        try S3StoreConfiguration(location: location, endpoint: endpoint, region: "eu-west-1", scratchFolder: "/nowhere")
    }

    @Test func `bucket, prefix and address come out of the settings`() throws {
        let amazon = try configuration("s3://my-lake/a/b/")
        #expect(amazon.location == "s3://my-lake/a/b" && !amazon.usesPathStyle)
        #expect("\(amazon.endpoint)" == "https://s3.eu-west-1.amazonaws.com")
        #expect(amazon.fullKey("k") == "a/b/k" && amazon.key(ofFull: "a/b/k") == "k")
        #expect(amazon.key(ofFull: "a/bk") == nil)
        let own = try configuration("s3://my.lake", endpoint: "http://[::1]:9000")
        #expect(own.location == "s3://my.lake" && own.usesPathStyle && own.fullKey("k") == "k")
    }

    @Test(arguments: [
        "my-lake", "s3://", "s3://ab", "s3://UPPER", "s3://-abc", "s3://a..b", "s3://lake/a b", "s3://lake/../x",
        "s3a://lake",
    ])
    func `what names no bucket is refused`(location: String) {
        let error = #expect(throws: ObjectStoreError.self) { try configuration(location) }
        #expect(error?.code == "bucket-invalid")
    }

    @Test(arguments: [
        "", "127.0.0.1:9000", "ftp://a", "http://", "http://u:p@host", "http://host/path", "http://h?a=b",
    ])
    func `what is no address is refused`(endpoint: String) {
        let error = #expect(throws: ObjectStoreError.self) { try configuration("s3://lake", endpoint: endpoint) }
        #expect(error?.code == "endpoint-invalid")
    }
}
