import LakeTesting
import Logging
import ObjectStorage
import S3Protocol
import Testing

@testable import ObjectStorageS3

@Suite struct S3ObjectSourceTests {
    private let content = (0..<2_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }

    /// A store of one object that serves ranges.
    private func client(fails: @escaping @Sendable (Int) -> Bool = { _ in false }) throws -> (
        S3Client, ScriptedTransport
    ) {
        let content = content
        let transport = ScriptedTransport { request, index in
            if fails(index) { throw TransportFailure(.broken, "cut") }
            let range = request.headers.first { $0.name == "range" }?.value.dropFirst(6) ?? ""
            let parts = range.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            let start = parts[0] ?? max(0, content.count - (parts[1] ?? 0))
            let end = parts[0] == nil ? content.count : min(content.count, (parts[1] ?? 0) + 1)
            return TransportResponse(
                status: 206,
                headers: [
                    (name: "content-range", value: "bytes \(start)-\(end - 1)/\(content.count)"),
                    (name: "etag", value: "\"t\""),
                ], body: Array(content[start..<end]))
        }
        var configuration = try S3StoreConfiguration(
            location: "s3://lake", endpoint: "http://h", region: "r", scratchFolder: "/nowhere")
        configuration.limits.readAheadBytes = 200_000
        configuration.limits.readBytesMin = 10_000
        configuration.limits.tailBytes = 1_000
        let key = FixedCredentials(S3Credentials(accessKeyID: "a", secretAccessKey: "s"))
        let client = S3Client(
            configuration, credentials: CredentialCache([key], nowSeconds: { 0 }), transport: transport,
            clock: ManualClock().clock)
        return (client, transport)
    }

    @Test func `a Parquet file's end comes with its opening`() throws {
        let (client, transport) = try client()
        let source = try S3ObjectSource.open(client, "a.parquet", shownAs: "a.parquet")
        #expect(source.byteCount == content.count)
        #expect(try source.read(offset: content.count - 8, count: 8) == Array(content.suffix(8)))
        #expect(try source.read(offset: content.count - 900, count: 800) == Array(content.suffix(900).prefix(800)))
        #expect(transport.requests.count == 1)
    }

    @Test func `an object read from front to back takes few requests, each byte once`() throws {
        let (client, transport) = try client()
        let source = try S3ObjectSource.open(client, "a.csv", shownAs: "a.csv")
        var read: [UInt8] = []
        while read.count < content.count {
            read += try source.read(offset: read.count, count: min(7_777, content.count - read.count))
        }
        #expect(read == content)
        #expect(transport.requests.count <= 2 + content.count / 200_000)
        // A read of the object as it was opened, and of no other that takes its place.
        #expect(
            transport.requests.dropFirst().allSatisfy {
                $0.headers.contains { $0 == (name: "if-match", value: "\"t\"") }
            })
    }

    @Test func `scattered reads ask for little more than they need`() throws {
        let (client, transport) = try client()
        let source = try S3ObjectSource.open(client, "a.parquet", shownAs: "a.parquet")
        for offset in stride(from: 1_500_000, through: 100_000, by: -200_000) {
            #expect(try source.read(offset: offset, count: 50) == Array(content[offset..<offset + 50]))
        }
        let asked = transport.requests.dropFirst().compactMap { request -> Int? in
            let range = request.headers.first { $0.name == "range" }?.value.dropFirst(6).split(separator: "-")
            return range.flatMap { range in Int(range[1]).flatMap { end in Int(range[0]).map { end - $0 + 1 } } }
        }
        #expect(asked == Array(repeating: 10_000, count: 8))
    }

    @Test func `reads anywhere, by many threads, with cut connections, give the right bytes`() async throws {
        let (client, _) = try client(fails: { $0 % 5 == 3 })
        let source = try S3ObjectSource.open(client, "a.csv", shownAs: "a.csv")
        var random = SeededRandom()
        let reads = (0..<400).map { _ -> (Int, Int) in
            let offset = Int.random(in: 0..<content.count, using: &random)
            return (offset, Int.random(in: 0...min(300_000, content.count - offset), using: &random))
        }
        let whole = content
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<4 {
                group.addTask {
                    for (offset, count) in reads[(lane * 100)..<(lane * 100 + 100)] {
                        let found = try source.read(offset: offset, count: count)
                        #expect(found == Array(whole[offset..<offset + count]))
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test(arguments: ["", "bytes", "bytes */10", "bytes 5-3/x", "bytes -1-2/3", "bytes 9-9/5"])
    func `a range that makes no sense is none`(text: String) {
        #expect(S3ObjectSource.parse(text) == nil)
    }

    @Test func `the largest object that S3 takes has fewer parts than it takes`() {
        var (bytes, number) = (0, 0)
        while number < 10_000 {
            number += 1
            bytes += S3ObjectWriter.partBytes(number: number, first: S3StoreLimits().partBytes)
        }
        #expect(bytes >= 5 << 40)
        #expect(S3ObjectWriter.partBytes(number: 10_000, first: S3StoreLimits().partBytes) <= 5 << 30)
    }
}
