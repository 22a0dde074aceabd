import Access
import Crypto
import Foundation
import HTTPTypes
import HummingbirdTesting
import NIOCore
import ObjectStorage
import S3Door
import S3Protocol
import Testing

struct DoorObjectTests {
    private static func md5(_ text: String) -> String { Hex.text(Insecure.MD5.hash(data: Array(text.utf8))) }

    @Test func `an object comes back as it went in, whole and in pieces`() async throws {
        try await DoorHarness().run(live: true) { client in
            let text = (0..<100_000).map(String.init).joined(separator: ",")
            let put = try await client.put("warehouse/a%20b/%C3%A9+1=2", text).ok()
            #expect(put.header("ETag") == "\"\(Self.md5(text))\"")
            let whole = try await client.get("warehouse/a%20b/%C3%A9+1=2").ok()
            #expect(whole.text == text && whole.header("ETag") == put.header("ETag"))
            #expect(
                whole.header("Accept-Ranges") == "bytes" && whole.header("Last-Modified")?.hasSuffix(" GMT") == true)
            let part = try await client.get("warehouse/a%20b/%C3%A9+1=2", ["range": "bytes=2-5"]).ok(206)
            #expect(part.text == "1,2," && part.header("Content-Range") == "bytes 2-5/\(text.utf8.count)")
            let tail = try await client.get("warehouse/a%20b/%C3%A9+1=2", ["range": "bytes=-3"]).ok(206)
            #expect(tail.text == "999")
            let behind = try await client.get("warehouse/a%20b/%C3%A9+1=2", ["range": "bytes=9999999-"])
            behind.fails(416, "InvalidRange")
            #expect(behind.header("Content-Range") == "bytes */\(text.utf8.count)")
            let head = try await client.send(.head, "/lake/warehouse/a%20b/%C3%A9+1=2").ok()
            #expect(head.header("Content-Length") == "\(text.utf8.count)" && head.text.isEmpty)
            #expect(try await client.send(.head, "/lake/warehouse/none").status == .notFound)
        }
    }

    @Test func `a body that is not what was promised leaves nothing`() async throws {
        let harness = try DoorHarness()
        try await harness.run { client in
            let path = "/lake/warehouse/a"
            func put(_ headers: [String: String], payload: String? = nil) async throws -> (String, Int) {
                let body = Array("text".utf8)
                let signed = try client.sign(
                    .put, path, headers, payload: payload ?? Hex.text(SHA256.hash(data: body)))
                let answer = try await client.raw(.put, path, signed.headers, body)
                return (answer.text, answer.status.code)
            }
            for (headers, payload, code) in [
                ([:], String(repeating: "0", count: 64), "XAmzContentSHA256Mismatch"),
                (["content-md5": "AAAAAAAAAAAAAAAAAAAAAA=="], nil, "BadDigest"),
                (["content-md5": "short"], nil, "InvalidDigest"),
                (["x-amz-checksum-crc32": "AAAAAA=="], nil, "BadDigest"),
                (["x-amz-checksum-crc32c": "AAAAAA=="], nil, "BadDigest"),
                (["x-amz-checksum-crc64nvme": "AAAAAAAAAAA="], nil, "BadDigest"),
                (["x-amz-checksum-sha1": "AAAA"], nil, "BadDigest"),
                (["if-none-match": "\"abc\""], nil, "NotImplemented"),
                (["x-amz-tagging": "a=b"], nil, "NotImplemented"),
                ([:], "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", "InvalidArgument"),
            ] as [([String: String], String?, String)] {
                let (text, status) = try await put(headers, payload: payload)
                #expect(status >= 400 && text.contains("<Code>\(code)</Code>"), "\(code): \(text)")
            }
            try await client.get("warehouse/a").fails(404, "NoSuchKey")
            for (name, value) in [
                ("sha256", Data(SHA256.hash(data: Array("text".utf8))).base64EncodedString()),
                ("sha1", Data(Insecure.SHA1.hash(data: Array("text".utf8))).base64EncodedString()),
            ] {
                let answer = try await put(["x-amz-checksum-\(name)": value])
                #expect(answer.1 == 200, "\(name): \(answer.0)")
            }
        }
        #expect(try FileManager.default.subpathsOfDirectory(atPath: harness.store.root + "/warehouse") == ["a"])
    }

    @Test(arguments: [
        ("crc32", "y/Q5Jg=="), ("crc32c", "4waSgw=="), ("crc64nvme", "rosUhgp5mIg="),
    ])
    func `the checksums of the digits one to nine are the published ones`(name: String, value: String) async throws {
        try await DoorHarness().run { client in
            let put = try await client.put("warehouse/a", "123456789", ["x-amz-checksum-\(name)": value])
            #expect(put.ok().header("x-amz-checksum-\(name)") == value)
        }
    }

    @Test func `a write under a condition happens once`() async throws {
        try await DoorHarness().run { client in
            let first = try await client.put("warehouse/a", "1", ["if-none-match": "*"]).ok()
            try await client.put("warehouse/a", "2", ["if-none-match": "*"]).fails(412, "PreconditionFailed")
            let tag = try #require(first.header("ETag"))
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        try await client.put("warehouse/a", "n\(number)", ["if-match": tag]).status.code
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.count { $0 == 200 } == 1 && statuses.count { $0 == 412 } == 7, "\(statuses)")
            try await client.put("warehouse/none", "1", ["if-match": tag]).fails(404, "NoSuchKey")
            let now = try #require(try await client.get("warehouse/a").header("ETag"))
            #expect(try await client.get("warehouse/a", ["if-none-match": now]).status == .notModified)
            try await client.get("warehouse/a", ["if-match": tag]).fails(412, "PreconditionFailed")
        }
    }

    @Test func `signed chunks with a trailing checksum are taken, and a wrong one leaves nothing`() async throws {
        try await DoorHarness().run { client in
            for isWrong in [false, true] {
                let path = "/lake/warehouse/chunks\(isWrong)"
                let (headers, seed) = try client.sign(
                    .put, path, ["x-amz-decoded-content-length": "9", "x-amz-trailer": "x-amz-checksum-crc32c"],
                    payload: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER")
                var before = seed
                var body: [UInt8] = []
                for chunk in ["12345", "6789", ""] {
                    let text =
                        "AWS4-HMAC-SHA256-PAYLOAD\n\(DoorHarness.time)\n\(DoorClient.scope.text)\n\(before)\n"
                        + "\(SignatureV4.emptyHash)\n\(SignatureV4.hash(chunk))"
                    before = SignatureV4.sign(text, with: client.key)
                    body += Array("\(chunk.utf8.count);chunk-signature=\(before)\r\n\(chunk)".utf8)
                    if !chunk.isEmpty { body += Array("\r\n".utf8) }
                }
                let checksum = isWrong ? "AAAAAA==" : "4waSgw=="
                let text =
                    "AWS4-HMAC-SHA256-TRAILER\n\(DoorHarness.time)\n\(DoorClient.scope.text)\n\(before)\n"
                    + SignatureV4.hash("x-amz-checksum-crc32c:\(checksum)\n")
                let signature = SignatureV4.sign(text, with: client.key)
                body += Array("x-amz-checksum-crc32c:\(checksum)\r\nx-amz-trailer-signature:\(signature)\r\n\r\n".utf8)
                let answer = try await client.raw(.put, path, headers, body)
                if isWrong {
                    answer.fails(400, "BadDigest")
                    try await client.send(.get, path).fails(404, "NoSuchKey")
                } else {
                    answer.ok()
                    #expect(try await client.send(.get, path).text == "123456789")
                }
            }
        }
    }

    @Test func `a list has pages, folders and escapes`() async throws {
        try await DoorHarness().run { client in
            for key in ["a", "b/1", "b/2", "b.c", "c/d/e", "z%20%26%3C"] {
                try await client.put("warehouse/t/\(key)", key)
            }
            func list(_ query: String) async throws -> XMLTree {
                try XMLTree(Array(buffer: try await client.send(.get, "/lake?\(query)").ok().body))
            }
            func keys(_ tree: XMLTree) -> [String] {
                tree.children("Contents").compactMap { $0.child("Key")?.text }
                    + tree.children("CommonPrefixes").compactMap { $0.child("Prefix")?.text }
            }
            let all = ["a", "b.c", "b/1", "b/2", "c/d/e", "z &<"].map { "warehouse/t/\($0)" }
            #expect(keys(try await list("list-type=2")) == all)
            #expect(keys(try await list("")) == all)
            let folders = try await list("list-type=2&delimiter=%2F&prefix=warehouse%2Ft%2F")
            #expect(keys(folders) == ["a", "b.c", "z &<", "b/", "c/"].map { "warehouse/t/\($0)" })
            #expect(keys(try await list("list-type=2&delimiter=%2F")) == ["warehouse/"])
            #expect(keys(try await list("list-type=2&prefix=nothing")) == [])
            let encoded = try await list("list-type=2&encoding-type=url&prefix=warehouse/t/z")
            #expect(keys(encoded) == ["warehouse/t/z%20%26%3C"])
            for (query, wanted) in [("", all), ("&delimiter=%2F&prefix=warehouse%2Ft%2F", keys(folders))] {
                var found: [String] = []
                var token = ""
                var pages = 0
                while true {
                    let page = try await list("list-type=2&max-keys=2\(query)\(token)")
                    found += keys(page)
                    pages += 1
                    guard let next = page.child("NextContinuationToken")?.text else { break }
                    #expect(page.child("IsTruncated")?.text == "true" && keys(page).count == 2)
                    token = "&continuation-token=\(next)"
                }
                #expect(found.sorted() == wanted.sorted() && pages == 3, "\(found)")
                found = []
                var marker = ""
                while true {
                    let page = try await list("max-keys=2\(query)\(marker)")
                    found += keys(page)
                    guard let next = page.child("NextMarker")?.text else { break }
                    marker = "&marker=" + (next.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")
                }
                #expect(found.sorted() == wanted.sorted(), "\(found)")
            }
            #expect(keys(try await list("list-type=2&start-after=warehouse/t/b/1")) == Array(all.suffix(3)))
            #expect(try await list("list-type=2&max-keys=0").child("IsTruncated")?.text == "false")
            try await client.send(.get, "/lake?list-type=2&max-keys=-1").fails(400, "InvalidArgument")
            try await client.send(.get, "/lake?list-type=2&continuation-token=zz").fails(400, "InvalidArgument")
        }
    }

    @Test func `copy and delete`() async throws {
        try await DoorHarness().run { client in
            try await client.put("warehouse/a", "text").ok()
            let copied = try await client.put("warehouse/b", "", ["x-amz-copy-source": "lake/warehouse/%61"]).ok()
            #expect(try copied.element("ETag") == "\"\(Self.md5("text"))\"")
            #expect(try await client.get("warehouse/b").text == "text")
            for _ in 0..<2 { #expect(try await client.send(.delete, "/lake/warehouse/a").status == .noContent) }
            try await client.get("warehouse/a").fails(404, "NoSuchKey")
            let quiet = "<Delete><Quiet>true</Quiet><Object><Key>warehouse/b</Key></Object></Delete>"
            #expect(!(try await client.send(.post, "/lake?delete", Array(quiet.utf8)).ok().text.contains("Deleted>")))
            try await client.get("warehouse/b").fails(404, "NoSuchKey")
            try await client.send(.post, "/lake?delete", Array("<Delete/>".utf8)).fails(400, "MalformedXML")
            try await client.put("warehouse/a", "").ok()
            try await client.put("warehouse/a/b", "").fails(400, "InvalidRequest")
            try await client.put("warehouse/folder/", "").ok()
        }
    }
}

struct DoorUploadTests {
    /// Parts without a smallest size, to keep tests small.
    private static func harness() throws -> DoorHarness {
        var limits = S3DoorLimits()
        limits.partBytesMin = 4
        return try DoorHarness(limits: limits)
    }

    private static func completion(_ parts: [(Int, String)]) -> [UInt8] {
        let lines = parts.map { "<Part><PartNumber>\($0.0)</PartNumber><ETag>\($0.1)</ETag></Part>" }
        return Array("<CompleteMultipartUpload>\(lines.joined())</CompleteMultipartUpload>".utf8)
    }

    @Test func `parts become an object, whole and at once`() async throws {
        let harness = try Self.harness()
        try await harness.run { client in
            let path = "/lake/warehouse/t/a"
            let id = try #require(try await client.send(.post, path + "?uploads").ok().element("UploadId"))
            var parts: [(Int, String)] = []
            // The second comes twice; its last form counts.
            for (number, text) in [(2, "wrong"), (7, "tail"), (1, "first "), (2, "second ")] {
                let answer = try await client.send(
                    .put, path + "?partNumber=\(number)&uploadId=\(id)", Array(text.utf8)
                ).ok()
                parts.removeAll { $0.0 == number }
                parts.append((number, try #require(answer.header("ETag"))))
            }
            parts.sort { $0.0 < $1.0 }
            try await client.get("warehouse/t/a").fails(404, "NoSuchKey")
            #expect(!(try await client.send(.get, "/lake?list-type=2").text.contains("<Key>")))
            let listed = try XMLTree(Array(buffer: try await client.send(.get, path + "?uploadId=\(id)").ok().body))
            #expect(listed.children("Part").compactMap { $0.child("Size")?.text } == ["6", "7", "4"])
            #expect(try await client.send(.get, "/lake?uploads").text.contains("<UploadId>\(id)</UploadId>"))

            let all = Self.completion(parts)
            for (body, code) in [
                (Self.completion(parts.reversed()), "InvalidPartOrder"),
                (Self.completion([(3, parts[0].1)]), "InvalidPart"), (Self.completion([(1, "\"00\"")]), "InvalidPart"),
                (Self.completion([]), "MalformedXML"), (Array("<a>".utf8), "MalformedXML"),
            ] {
                try await client.send(.post, path + "?uploadId=\(id)", body).fails(400, code)
            }
            let done = try await client.send(.post, path + "?uploadId=\(id)", all).ok()
            let tag = try #require(try done.element("ETag"))
            #expect(tag.hasSuffix("-3\""))
            let object = try await client.get("warehouse/t/a").ok()
            #expect(object.text == "first second tail" && object.header("ETag") == tag)
            // The answer was lost and the client asks again.
            #expect(try await client.send(.post, path + "?uploadId=\(id)", all).ok().element("ETag") == tag)
            try await client.send(.put, path + "?partNumber=1&uploadId=\(id)", []).fails(404, "NoSuchUpload")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: harness.parts.root).filter { $0 != ".tmp" } == [])
    }

    @Test func `an upload can be aborted, belongs to its key, and has limits`() async throws {
        let harness = try Self.harness()
        try await harness.run { client in
            let path = "/lake/warehouse/t/a"
            let id = try #require(try await client.send(.post, path + "?uploads").ok().element("UploadId"))
            let first = try await client.send(.put, path + "?partNumber=1&uploadId=\(id)", Array("abc".utf8)).ok()
            let second = try await client.send(.put, path + "?partNumber=2&uploadId=\(id)", Array("abc".utf8)).ok()
            let body = Self.completion([
                (1, try #require(first.header("ETag"))), (2, try #require(second.header("ETag"))),
            ])
            try await client.send(.post, path + "?uploadId=\(id)", body).fails(400, "EntityTooSmall")
            for number in ["0", "10001", "x", ""] {
                try await client.send(.put, path + "?partNumber=\(number)&uploadId=\(id)").fails(400, "InvalidArgument")
            }
            for other in ["../\(id)", "", String(repeating: "0", count: 32), "%2e%2e"] {
                try await client.send(.put, path + "?partNumber=1&uploadId=\(other)").fails(404, "NoSuchUpload")
                try await client.send(.delete, path + "?uploadId=\(other)").fails(404, "NoSuchUpload")
            }
            try await client.send(.put, "/lake/warehouse/t/b?partNumber=1&uploadId=\(id)").fails(404, "NoSuchUpload")
            #expect(try await client.send(.delete, path + "?uploadId=\(id)").status == .noContent)
            try await client.send(.post, path + "?uploadId=\(id)", body).fails(404, "NoSuchUpload")
            try await client.get("warehouse/t/a").fails(404, "NoSuchKey")
        }
    }

    @Test func `an upload goes on after a restart`() async throws {
        let harness = try Self.harness()
        let path = "/lake/warehouse/t/a"
        let state = UploadState()
        try await harness.run { client in
            let id = try #require(try await client.send(.post, path + "?uploads").ok().element("UploadId"))
            let part = try await client.send(.put, path + "?partNumber=1&uploadId=\(id)", Array("text".utf8)).ok()
            await state.set(id, try #require(part.header("ETag")))
        }
        try await harness.run { client in
            let (id, tag) = await state.value
            try await client.send(.post, path + "?uploadId=\(id)", Self.completion([(1, tag)])).ok()
            #expect(try await client.get("warehouse/t/a").text == "text")
        }
    }
}

private actor UploadState {
    var value = ("", "")

    func set(_ id: String, _ tag: String) { value = (id, tag) }
}
