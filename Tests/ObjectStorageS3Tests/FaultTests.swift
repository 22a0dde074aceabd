import Foundation
import LakeModel
import LakeTesting
import Logging
import NIOHTTP1
import ObjectStorage
import ObjectStorageS3
import S3Protocol
import Synchronization
import Testing

/// The store against a server that fails in every way that networks and stores do.
@Suite struct FaultTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func store(
        _ port: Int, attempts: Int = 4, transport: any S3Transport = HTTPTransport(), limits: S3StoreLimits? = nil
    ) throws -> S3ObjectStore {
        var configuration = try S3StoreConfiguration(
            location: "s3://lake", endpoint: "http://127.0.0.1:\(port)", region: "r",
            scratchFolder: folder.file("parts"))
        if let limits { configuration.limits = limits }
        configuration.limits.retry.attemptsMax = attempts
        let key = FixedCredentials(S3Credentials(accessKeyID: "a", secretAccessKey: "s"))
        // Sleeps take no time: what is tested is what is done, not when.
        return try S3ObjectStore(
            configuration, credentials: CredentialCache([key], nowSeconds: { 0 }), transport: transport,
            clock: ManualClock().clock, logger: Logger(label: "test"))
    }

    private func errorBody(_ code: String) -> [UInt8] {
        Array("<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>m</Message></Error>".utf8)
    }

    @Test func `errors of the store, cut connections and cut answers are tried again`() async throws {
        let content: [UInt8] = [1, 2, 3]
        let server = try await FaultyServer { call in
            switch call.index {
            case 0: .status(500)
            case 1: .cut
            case 2: .short(promised: 3, body: [1])
            default: .status(200, body: content)
            }
        }
        #expect(try await store(server.port).get("k", bytesMax: 3) == content)
        #expect(server.calls.count == 4)
        try await server.close()
    }

    @Test(arguments: [
        (503, "SlowDown", "storage-busy", true, 4), (500, "InternalError", "storage-unavailable", true, 4),
        (403, "AccessDenied", "access-denied", false, 1), (404, "NoSuchBucket", "bucket-missing", false, 1),
        (404, "NoSuchKey", "object-missing", false, 1), (301, "PermanentRedirect", "region-wrong", false, 1),
        (507, "Full", "disk-full", true, 1), (400, "Strange", "storage-failed", false, 1),
    ])
    func `each refusal has its code`(
        status: Int, name: String, code: String, isRetryable: Bool, attempts: Int
    ) async throws {
        let body = errorBody(name)
        let server = try await FaultyServer { _ in .status(status, body: body) }
        let error = await #expect(throws: ObjectStoreError.self) {
            try await store(server.port).get("k", bytesMax: 3)
        }
        #expect(error?.code == code && error?.isRetryable == isRetryable)
        #expect(server.calls.count == attempts)
        try await server.close()
    }

    @Test func `a server that is not there is storage-unavailable`() async throws {
        let server = try await FaultyServer { _ in .cut }
        let port = server.port
        try await server.close()
        let error = await #expect(throws: ObjectStoreError.self) {
            try await store(port).put("k", bytes: [1], ifAbsent: true)
        }
        #expect(error?.code == "storage-unavailable" && error?.isRetryable == true)
    }

    @Test func `a server that never answers is given up in time`() async throws {
        let server = try await FaultyServer { _ in .never }
        let error = await #expect(throws: ObjectStoreError.self) { try await store(server.port).ping() }
        #expect(error?.code == "storage-unavailable")
        #expect(server.calls.count == 1)
        try await server.close()
    }

    @Test func `bytes with another checksum than the one that came along are asked for again`() async throws {
        let good: [UInt8] = [1, 2, 3]
        func checksum(_ algorithm: BodyChecksum.Algorithm) -> (String, String) {
            var checksum = BodyChecksum(algorithm)
            checksum.update(good[...])
            return (algorithm.header, checksum.value)
        }
        for (header, value) in BodyChecksum.Algorithm.allCases.map(checksum) + [
            ("x-amz-meta-dipper-sha256", SignatureV4.hash(good))
        ] {
            let server = try await FaultyServer { call in
                .status(200, headers: [(header, value)], body: call.index < 2 ? [1, 2, 4] : good)
            }
            let error = await #expect(throws: ObjectStoreError.self) {
                try await store(server.port, attempts: 1).get("k", bytesMax: 3)
            }
            #expect(error?.code == "object-damaged", "\(header)")
            #expect(try await store(server.port).get("k", bytesMax: 3) == good, "\(header)")
            try await server.close()
        }
    }

    @Test func `an object that is too large is not read`() async throws {
        let server = try await FaultyServer { call in
            .status(
                200, headers: [("content-length", "100000")],
                body: call.method == "HEAD" ? [] : [UInt8](repeating: 0, count: 100_000))
        }
        let error = await #expect(throws: ObjectStoreError.self) {
            try await store(server.port).get("k", bytesMax: 999)
        }
        #expect(error?.code == "object-too-large" && error?.message.contains("100000") == true)
        try await server.close()
    }

    @Test(arguments: [true, false])
    func `after a lost answer a writer knows its own object from another's`(isOurs: Bool) async throws {
        let mark = Mutex("")
        let body = errorBody("PreconditionFailed")
        let server = try await FaultyServer { call in
            if call.method == "HEAD" {
                return .status(
                    200,
                    headers: [
                        ("x-amz-meta-dipper-write", isOurs ? mark.withLock { $0 } : "another's"),
                        ("content-length", "1"),
                    ])
            }
            mark.withLock { $0 = call.headers.first(name: "x-amz-meta-dipper-write") ?? "" }
            return call.index == 0 ? .cut : .status(412, body: body)
        }
        let store = try store(server.port)
        if isOurs {
            try await store.put("k", bytes: [1], ifAbsent: true)
        } else {
            let error = await #expect(throws: ObjectStoreError.self) {
                try await store.put("k", bytes: [1], ifAbsent: true)
            }
            #expect(error?.code == "object-exists")
        }
        #expect(server.calls.map(\.method) == ["PUT", "PUT", "HEAD"])
        try await server.close()
    }

    @Test func `a first refusal of a conditional write is believed without another look`() async throws {
        let body = errorBody("PreconditionFailed")
        let server = try await FaultyServer { _ in .status(412, body: body) }
        let error = await #expect(throws: ObjectStoreError.self) {
            try await store(server.port).put("k", bytes: [1], ifAbsent: true)
        }
        #expect(error?.code == "object-exists" && server.calls.count == 1)
        try await server.close()
    }

    @Test func `an upload whose part fails for good is ended, and the object is not there`() async throws {
        let server = try await FaultyServer { call in
            if call.method == "POST", call.uri.hasSuffix("?uploads=") {
                return .status(200, body: Array("<R><UploadId>u</UploadId></R>".utf8))
            }
            if call.method == "DELETE" { return .status(204) }
            return call.uri.contains("partNumber=2") ? .status(400) : .status(200, headers: [("etag", "\"e\"")])
        }
        var limits = S3StoreLimits()
        limits.partBytes = 1 << 20
        let writer = try await store(server.port, limits: limits).makeWriter("k")
        let content = [UInt8](repeating: 7, count: 3 << 20)
        let error = await #expect(throws: ObjectStoreError.self) {
            unsafe try writer.write(content.span.bytes)
            try await writer.finish(as: nil, ifAbsent: false)
        }
        #expect(error?.code == "storage-failed")
        #expect(server.calls.last?.method == "DELETE" && server.calls.last?.uri.contains("uploadId=u") == true)
        #expect(!server.calls.contains { $0.method == "POST" && $0.uri.contains("uploadId") })
        try await server.close()
    }

    @Test func `an error inside an answer of success counts as one`() async throws {
        let failed = errorBody("InternalError")
        let server = try await FaultyServer { call in
            if call.method == "POST", call.uri.hasSuffix("?uploads=") {
                return .status(200, body: Array("<R><UploadId>u</UploadId></R>".utf8))
            }
            if call.method == "HEAD" { return .status(404) }
            guard call.method == "POST" else { return .status(200, headers: [("etag", "\"e\"")]) }
            return .status(200, body: call.index < 5 ? failed : Array("<CompleteMultipartUploadResult/>".utf8))
        }
        var limits = S3StoreLimits()
        limits.partBytes = 1 << 20
        let writer = try await store(server.port, limits: limits).makeWriter("k")
        let content = [UInt8](repeating: 7, count: (1 << 20) + 1)
        unsafe try writer.write(content.span.bytes)
        #expect(try await writer.finish(as: nil, ifAbsent: true))
        #expect(server.calls.filter { $0.method == "POST" && $0.uri.contains("uploadId") }.count == 2)
        try await server.close()
    }

    @Test func `a store that ignores conditions is refused`() async throws {
        let server = try await FaultyServer { _ in .status(200) }
        let error = await #expect(throws: ObjectStoreError.self) { try await store(server.port).verify() }
        #expect(error?.code == "conditional-writes-missing")
        try await server.close()
    }

    @Test func `a list in the order of folders is put in the order of keys`() async throws {
        let keys = ["a/1", "a/b", "a-", "a0", "b"]
        let server = try await FaultyServer { call in
            if call.method != "GET" { return .status(200) }
            // The probe's own folder comes back in another order than that of bytes.
            let prefix = URLComponents(string: call.uri)?.queryItems?.first { $0.name == "prefix" }?.value ?? ""
            let listed = prefix.isEmpty ? keys : ["a/b", "a-"].map { prefix + $0 }
            let entries = listed.map { "<Contents><Key>\($0)</Key><Size>1</Size></Contents>" }.joined()
            return .status(200, body: Array("<ListBucketResult>\(entries)</ListBucketResult>".utf8))
        }
        let store = try store(server.port)
        #expect(try await store.list(prefix: "", after: nil, limit: 9).map(\.key) == ["a-", "a/1", "a/b", "a0", "b"])
        #expect(try await store.list(prefix: "", after: "a-", limit: 2).map(\.key) == ["a/1", "a/b"])
        try await server.close()
    }

    @Test func `a list in the order of keys goes on where the page before ended`() async throws {
        let keys = ["a-", "a/1", "a/b", "a0", "b"]
        let server = try await FaultyServer { call in
            if call.method != "GET" { return .status(200) }
            let items = URLComponents(string: call.uri)?.queryItems ?? []
            func value(_ name: String) -> String? { items.first { $0.name == name }?.value }
            let prefix = value("prefix") ?? ""
            // Keys come in pages of two at most, the probe's in order.
            let all = prefix.isEmpty ? keys : ["a-", "a/b"].map { prefix + $0 }
            let behind = value("continuation-token") ?? value("start-after") ?? ""
            let left = all.filter { ObjectKey.precedes(behind, $0) }
            let page = left.prefix(2)
            let entries = page.map { "<Contents><Key>\($0)</Key><Size>1</Size></Contents>" }.joined()
            let next =
                left.count > 2
                ? "<IsTruncated>true</IsTruncated><NextContinuationToken>\(page.last ?? "")</NextContinuationToken>"
                : ""
            return .status(200, body: Array("<ListBucketResult>\(next)\(entries)</ListBucketResult>".utf8))
        }
        let store = try store(server.port)
        #expect(try await store.list(prefix: "", after: nil, limit: 9).map(\.key) == keys)
        #expect(try await store.list(prefix: "", after: "a/1", limit: 2).map(\.key) == ["a/b", "a0"])
        #expect(server.calls.last?.uri.contains("start-after=a%2F1") == true)
        try await server.close()
    }
}
