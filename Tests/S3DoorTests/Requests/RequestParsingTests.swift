import Foundation
import S3Door
import S3Protocol
import Testing

struct RequestParsingTests {
    private func request(_ method: String, _ target: String, _ headers: [String: String] = [:]) throws -> S3Request {
        try S3Request(method: method, target: target, headers: headers.map { (name: $0.key, value: $0.value) })
    }

    @Test(arguments: [
        ("/", nil, ""), ("/b", "b", ""), ("/b/", "b", ""), ("/b/k", "b", "k"), ("/b/a%2Fb", "b", "a/b"),
        ("/b/a+b%20c", "b", "a+b c"), ("/b/k/", "b", "k/"), ("/b//k", "b", "/k"), ("//k", "", "k"),
        ("/b/%C3%A9=1", "b", "é=1"),
    ])
    func `bucket and key are taken literally`(target: String, bucket: String?, key: String) throws {
        let found = try request("GET", target).resource()
        #expect(found.bucket == bucket && found.key == key)
    }

    @Test(arguments: ["", "b", "/b/%zz", "/b/%4", "http://x/b", "/b?%"])
    func `what can't be read is refused`(target: String) {
        #expect(throws: S3Error.self) { try request("GET", target) }
    }

    @Test(arguments: ["/b/%00", "/b/%ff", "/b/a%00b"])
    func `keys are UTF-8 without a zero`(target: String) throws {
        let request = try request("GET", target)
        #expect(throws: S3Error.self) { try request.resource() }
    }

    @Test(arguments: [
        ("GET", "/", S3Operation.listBuckets), ("HEAD", "/b", .headBucket), ("GET", "/b?list-type=2", .listObjectsV2),
        ("GET", "/b", .listObjects), ("GET", "/b?location", .bucketLocation), ("POST", "/b?delete", .deleteObjects),
        ("GET", "/b/k", .getObject), ("PUT", "/b/k?x-id=PutObject", .putObject),
        ("POST", "/b/k?uploads", .createUpload),
        ("PUT", "/b/k?partNumber=1&uploadId=x", .uploadPart), ("GET", "/b/k?uploadId=x", .listParts),
        ("POST", "/b/k?uploadId=x", .completeUpload), ("DELETE", "/b/k?uploadId=x", .abortUpload),
        ("DELETE", "/b/k", .deleteObject),
    ])
    func `an operation is told by method, path and query`(method: String, target: String, wanted: S3Operation) throws {
        let request = try request(method, target)
        let (bucket, key) = try request.resource()
        #expect(try S3Operation(request, isBucket: bucket != nil && key.isEmpty, isService: bucket == nil) == wanted)
    }

    @Test(arguments: [
        ("GET", "/b/k?acl"), ("PUT", "/b/k?tagging"), ("GET", "/b?policy"), ("GET", "/b/k?versionId=3"),
        ("POST", "/b/k"), ("PATCH", "/b/k"), ("DELETE", "/"), ("POST", "/b"),
    ])
    func `what is not provided is refused and not ignored`(method: String, target: String) throws {
        let request = try request(method, target)
        let (bucket, key) = try request.resource()
        let error = #expect(throws: S3Error.self) {
            try S3Operation(request, isBucket: bucket != nil && key.isEmpty, isService: bucket == nil)
        }
        #expect(error?.status == 501 || error?.status == 405)
    }

    @Test(arguments: [
        (nil, nil), ("bytes=0-9", ByteRange(start: 0, count: 10)), ("bytes=90-", ByteRange(start: 90, count: 10)),
        ("bytes=-5", ByteRange(start: 95, count: 5)), ("bytes=95-200", ByteRange(start: 95, count: 5)),
        ("bytes=-500", ByteRange(start: 0, count: 100)), ("bytes=5-4", nil), ("bytes=a-b", nil), ("bytes=-", nil),
        ("bytes=0-1,3-4", nil), ("lines=1-2", nil), ("bytes=99-99", ByteRange(start: 99, count: 1)),
        ("bytes=0-99999999999999999999", ByteRange(start: 0, count: 100)),
    ])
    func `a range`(header: String?, wanted: ByteRange?) throws {
        #expect(try ByteRange.parse(header, byteCount: 100) == wanted)
    }

    @Test(arguments: ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=99999999999999999999-"])
    func `a range behind the end is told with the size`(header: String) {
        let error = #expect(throws: S3Error.self) { try ByteRange.parse(header, byteCount: 100) }
        #expect(error?.name == "InvalidRange" && error?.byteCount == 100)
    }

    @Test func `an empty object has no range`() {
        #expect(throws: S3Error.self) { try ByteRange.parse("bytes=0-0", byteCount: 0) }
        #expect(throws: S3Error.self) { try ByteRange.parse("bytes=-1", byteCount: 0) }
    }

    @Test func `whatever comes, a request is taken apart or refused`() {
        var random = SeededRandom()
        let pieces = [
            "/", "b", "%", "%2F", "%00", "?", "&", "=", "X-Amz-Signature", "X-Amz-Algorithm", "AWS4-HMAC-SHA256",
            "X-Amz-Credential", "a/20130524/us/s3/aws4_request", "X-Amz-Expires=1", "é", "..", "%2e%2e", "uploadId",
            "+", " ", "\u{0}",
        ]
        for _ in 0..<5_000 {
            var target = "/"
            for _ in 0..<Int.random(in: 0...12, using: &random) { target += pieces.randomElement(using: &random) ?? "" }
            var header = "AWS4-HMAC-SHA256 "
            for _ in 0..<Int.random(in: 0...8, using: &random) {
                header +=
                    ["Credential=", "SignedHeaders=", "Signature=", ",", ";", "host", "/", "a", " ", "=", "0"]
                    .randomElement(using: &random) ?? ""
            }
            let methods = ["GET", "PUT", "POST", "DELETE", "HEAD", ""]
            guard
                let request = try? request(
                    methods.randomElement(using: &random) ?? "",
                    target, Bool.random(using: &random) ? ["Authorization": header, "x-amz-date": "1"] : [:])
            else { continue }
            _ = try? SignatureClaim(request)
            if let (bucket, key) = try? request.resource() {
                #expect(!key.utf8.contains(0) && bucket?.contains("/") != true)
                _ = try? S3Operation(request, isBucket: key.isEmpty, isService: bucket == nil)
            }
            _ = try? ByteRange.parse(target, byteCount: 10)
            _ = SignatureV4.canonicalRequest(request, signedHeaders: ["host"], payload: "")
        }
    }
}
