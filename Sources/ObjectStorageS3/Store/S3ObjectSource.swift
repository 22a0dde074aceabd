import Foundation
import LakeModel
import ObjectStorage
import Synchronization

/// An object opened for reads at any offset, by requests for ranges of it. Reads block their thread; many threads may read.
///
/// It keeps two stretches of the object in memory: its end, for a Parquet file's footer, and the one that was read last. A read
/// that goes on where the last stretch ended is taken for one from front to back: it asks for more than it needs, and the next
/// stretch is asked for while this one is worked on. Others ask for a little more than they need.
package final class S3ObjectSource: RandomAccessSource {
    private struct Stretch: Sendable {
        var offset: Int
        var bytes: [UInt8]

        var end: Int { offset + bytes.count }

        func holds(_ position: Int) -> Bool { position >= offset && position < end }
    }

    /// A stretch that has been asked for.
    private struct Ahead: Sendable {
        var range: Range<Int>
        var wait: @Sendable () -> TransportResponse?
    }

    private struct State {
        var last: Stretch
        var ahead: Ahead?
    }

    package let byteCount: Int
    private let client: S3Client
    private let fullKey: String
    private let key: String
    /// Of the object as it was opened: a read of another one that has taken its place is refused.
    private let tag: String?
    private let tail: Stretch
    private let state: Mutex<State>

    private init(
        _ client: S3Client, _ fullKey: String, shownAs key: String, byteCount: Int, tag: String?, known: Stretch
    ) {
        self.client = client
        self.fullKey = fullKey
        self.key = key
        self.byteCount = byteCount
        self.tag = tag
        tail = known.end == byteCount ? known : Stretch(offset: byteCount, bytes: [])
        state = Mutex(State(last: known.end == byteCount ? Stretch(offset: 0, bytes: []) : known))
    }

    /// Opens an object with one request, which brings its size and what is likely to be read first: the end of a Parquet file,
    /// the beginning of another.
    /// - Throws: `object-missing` and what a read throws.
    static func open(_ client: S3Client, _ fullKey: String, shownAs key: String) throws -> S3ObjectSource {
        let limits = client.configuration.limits
        let isFromEnd = fullKey.hasSuffix(".parquet")
        var request = StoreRequest("GET", fullKey)
        request.headers = [
            (
                name: "range",
                value: isFromEnd ? "bytes=-\(limits.tailBytes)" : "bytes=0-\(limits.readBytesMin - 1)"
            )
        ]
        do {
            let answer = try client.send(request)
            let range = answer.header("content-range").flatMap(parse)
            let offset = range?.offset ?? 0
            let byteCount = range?.byteCount ?? answer.body.count
            guard offset + answer.body.count <= byteCount else {
                throw StoreFailure(damaged: "the range that came does not fit the object's size")
            }
            return S3ObjectSource(
                client, fullKey, shownAs: key, byteCount: byteCount, tag: answer.header("etag"),
                known: Stretch(offset: offset, bytes: answer.body))
        } catch let failure as StoreFailure {
            // An empty object has no range at all.
            guard failure.status == 416 else { throw failure.error(key) }
            return S3ObjectSource(
                client, fullKey, shownAs: key, byteCount: 0, tag: nil, known: Stretch(offset: 0, bytes: []))
        }
    }

    /// `bytes 0-9/100`.
    static func parse(_ contentRange: String) -> (offset: Int, byteCount: Int)? {
        guard contentRange.hasPrefix("bytes "), let slash = contentRange.firstIndex(of: "/"),
            let hyphen = contentRange.firstIndex(of: "-"), hyphen < slash,
            let offset = Int(contentRange[contentRange.index(contentRange.startIndex, offsetBy: 6)..<hyphen]),
            let byteCount = Int(contentRange[contentRange.index(after: slash)...]), offset >= 0, offset <= byteCount
        else { return nil }
        return (offset, byteCount)
    }

    package func read(offset: Int, count: Int) throws -> [UInt8] {
        guard offset >= 0, count >= 0, offset <= byteCount - count else {
            throw ShortReadError(offset: offset, count: count, byteCount: byteCount)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            let position = offset + bytes.count
            let stretch = try stretch(at: position, wanted: count - bytes.count)
            let start = position - stretch.offset
            bytes += stretch.bytes[start..<min(start + count - bytes.count, stretch.bytes.count)]
        }
        return bytes
    }

    package func read(offset: Int, into target: UnsafeMutableRawBufferPointer) throws {
        let count = target.count
        guard offset >= 0, offset <= byteCount - count else {
            throw ShortReadError(offset: offset, count: count, byteCount: byteCount)
        }
        var done = 0
        while done < count {
            let stretch = try stretch(at: offset + done, wanted: count - done)
            let start = offset + done - stretch.offset
            let taken = min(count - done, stretch.bytes.count - start)
            unsafe stretch.bytes.withUnsafeBytes { source in
                // Both ranges lie inside their buffers: `taken` is the lesser of what is left of either.
                unsafe UnsafeMutableRawBufferPointer(rebasing: target[done..<done + taken])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[start..<start + taken]))
            }
            done += taken
        }
    }

    // MARK: Stretches

    /// A stretch of the object that holds `position`, which lies before the end.
    private func stretch(at position: Int, wanted: Int) throws -> Stretch {
        if tail.holds(position) { return tail }
        let limits = client.configuration.limits
        let (known, ahead, isOnward) = state.withLock { state -> (Stretch?, Ahead?, Bool) in
            if state.last.holds(position) { return (state.last, nil, false) }
            let isOnward = position == state.last.end
            guard let ahead = state.ahead, ahead.range.contains(position) else { return (nil, nil, isOnward) }
            // Whoever takes it waits for it; others ask for themselves.
            state.ahead = nil
            return (nil, ahead, true)
        }
        if let known { return known }
        if let ahead, let answer = ahead.wait(), answer.body.count == ahead.range.count {
            let stretch = Stretch(offset: ahead.range.lowerBound, bytes: answer.body)
            keep(stretch, isOnward: true)
            return stretch
        }
        let least = isOnward ? limits.readAheadBytes : limits.readBytesMin
        let count = min(max(min(wanted, Self.requestBytesMax), least), byteCount - position)
        let stretch = Stretch(offset: position, bytes: try fetch(position..<position + count))
        keep(stretch, isOnward: isOnward || wanted > count)
        return stretch
    }

    /// Bytes of one request at most: a longer read takes several, of which the next one is under way while one is copied.
    private static let requestBytesMax = 8 << 20

    /// Keeps a stretch, and asks for the one behind it when that is likely to be wanted.
    private func keep(_ stretch: Stretch, isOnward: Bool) {
        let end = min(stretch.end + client.configuration.limits.readAheadBytes, tail.offset)
        var ahead: Ahead?
        if isOnward, stretch.end < end {
            let range = stretch.end..<end
            // Without a key to sign with nothing is asked for ahead; the read itself will say so.
            if let wait = try? client.start(request(range)) { ahead = Ahead(range: range, wait: wait) }
        }
        state.withLock { state in
            state.last = stretch
            state.ahead = ahead
        }
    }

    private func request(_ range: Range<Int>) -> StoreRequest {
        var request = StoreRequest("GET", fullKey)
        request.headers = [(name: "range", value: "bytes=\(range.lowerBound)-\(range.upperBound - 1)")]
        if let tag { request.headers.append((name: "if-match", value: tag)) }
        request.answerBytesMax = max(range.count, TransportRequest.smallAnswerBytesMax)
        request.answerBytesExpected = range.count
        return request
    }

    private func fetch(_ range: Range<Int>) throws -> [UInt8] {
        do {
            return try client.send(request(range)) { answer throws(StoreFailure) in
                guard answer.body.count == range.count else {
                    throw StoreFailure(damaged: "\(answer.body.count) bytes came where \(range.count) were asked for")
                }
            }.body
        } catch let failure as StoreFailure {
            throw failure.error(key)
        }
    }
}
