import Access
import Foundation
import S3Door
import S3Protocol
import Testing

/// The examples that AWS publishes for signature version 4 in Amazon S3, as known answers.
///
/// Source: Amazon S3 API Reference, "Authenticating Requests (AWS Signature Version 4)".
enum Published {
    static let keyID = "AKIAIOSFODNN7EXAMPLE"
    static let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    static let time = "20130524T000000Z"
    static let scope = SignatureV4.Scope(date: "20130524", region: "us-east-1", service: "s3")
    static let host = ("Host", "examplebucket.s3.amazonaws.com")
    static let empty = ("x-amz-content-sha256", SignatureV4.emptyHash)
    static let date = ("x-amz-date", time)

    static func authorization(_ headers: String, _ signature: String) -> (String, String) {
        (
            "Authorization",
            "AWS4-HMAC-SHA256 Credential=\(keyID)/20130524/us-east-1/s3/aws4_request,SignedHeaders=\(headers),"
                + "Signature=\(signature)"
        )
    }

    static func request(_ method: String, _ target: String, _ headers: [(String, String)]) throws -> S3Request {
        try S3Request(method: method, target: target, headers: headers.map { (name: $0.0, value: $0.1) })
    }

    /// The signature that the request should have.
    static func signature(_ request: S3Request) throws -> (wanted: String, given: String) {
        let claim = try #require(try SignatureClaim(request))
        let payload = request.header("x-amz-content-sha256") ?? "UNSIGNED-PAYLOAD"
        let canonical = SignatureV4.canonicalRequest(
            request, signedHeaders: claim.signedHeaders, payload: payload, omitting: "X-Amz-Signature")
        let text = SignatureV4.stringToSign(time: claim.time, scope: claim.scope, canonicalRequest: canonical)
        let key = SignatureV4.signingKey(secret: secret, scope: claim.scope)
        return (SignatureV4.sign(text, with: key), claim.signature)
    }
}

struct PublishedExampleTests {
    @Test func `GET of an object's first bytes`() throws {
        let (wanted, given) = try Published.signature(
            try Published.request(
                "GET", "/test.txt",
                [
                    Published.host, ("Range", "bytes=0-9"), Published.empty, Published.date,
                    Published.authorization(
                        "host;range;x-amz-content-sha256;x-amz-date",
                        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
                ]))
        #expect(wanted == given)
    }

    @Test func `PUT of an object whose name needs escapes`() throws {
        let (wanted, given) = try Published.signature(
            try Published.request(
                "PUT", "/test$file.text",
                [
                    Published.host, ("Date", "Fri, 24 May 2013 00:00:00 GMT"), Published.date,
                    ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
                    ("x-amz-content-sha256", "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"),
                    Published.authorization(
                        "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
                        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
                ]))
        #expect(wanted == given)
    }

    @Test(arguments: [
        ("/?lifecycle", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        ("/?max-keys=2&prefix=J", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ])
    func `GET with a query`(target: String, signature: String) throws {
        let (wanted, given) = try Published.signature(
            try Published.request(
                "GET", target,
                [
                    Published.host, Published.empty, Published.date,
                    Published.authorization("host;x-amz-content-sha256;x-amz-date", signature),
                ]))
        #expect(wanted == given)
    }

    @Test func `a presigned address`() throws {
        let (wanted, given) = try Published.signature(
            try Published.request(
                "GET",
                "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
                    + "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
                    + "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
                    + "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
                [Published.host]))
        #expect(wanted == given)
    }

    @Test func `the head of a body in signed chunks`() throws {
        let (wanted, given) = try Published.signature(
            try Published.request(
                "PUT", "/examplebucket/chunkObject.txt",
                [
                    ("Host", "s3.amazonaws.com"), Published.date, ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
                    ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"), ("Content-Encoding", "aws-chunked"),
                    ("x-amz-decoded-content-length", "66560"), ("Content-Length", "66824"),
                    Published.authorization(
                        "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;"
                            + "x-amz-decoded-content-length;x-amz-storage-class",
                        "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"),
                ]))
        #expect(wanted == given)
    }
}
