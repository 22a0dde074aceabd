import CSVFormat
import Iceberg
import LakeModel
internal import Synchronization

/// The chunks of a CSV file in order, parsed ahead on the crew's threads.
///
/// `@unchecked Sendable`: one load reads at a time.
final class FileChunks<Prepared: Sendable>: @unchecked Sendable {
    /// What is made of a parsed chunk, on the crew's threads.
    typealias Prepare = @Sendable (CSVChunkResult, CSVChunk) throws -> Prepared

    /// A parsed chunk and how many bytes of the object had been read when it was cut.
    struct Element: Sendable {
        let prepared: Prepared
        let objectOffset: Int
        /// Where the next chunk begins; `nil` behind a row that is too long, whose line end was not kept.
        let next: FilePlace?
    }

    let sniff: CSVSniff
    private let reader: BronzeReader
    private let crew: ThreadExecutor
    private let parsers: ParserPool
    private let prepare: Prepare
    private let stages: StageClock?
    private var chunker: CSVChunker
    private var isRead = false
    private var ahead: [(task: Task<Element, any Error>, chunk: ChunkSlot)] = []

    /// Chunks that are parsed or wait parsed: one a thread and one in hand.
    private let aheadMax: Int

    init(
        reader: BronzeReader, table: TableDeclaration, overrides: CSVOverrides, crew: ThreadExecutor,
        parallelism: Int, stages: StageClock? = nil, chunkBytes: Int = CSVLimits.chunkBytesTargetDefault,
        from place: FilePlace? = nil, prepare: @escaping Prepare
    ) throws {
        self.stages = stages
        self.reader = reader
        self.crew = crew
        self.prepare = prepare
        aheadMax = parallelism + 1
        var prefix: [UInt8] = []
        while prefix.count < CSVSniffer.prefixBytesMax, let block = try reader.next() { prefix += block }
        let following = try reader.next()
        let csvTable = CSVTable(table)
        sniff = unsafe try CSVSniffer.sniff(
            prefix.span.bytes, isWholeFile: following == nil, table: csvTable,
            overrides: overrides)
        parsers = ParserPool(sniff: sniff, table: csvTable, stages: stages)
        chunker = CSVChunker(
            dialect: sniff.dialect, dataOffset: place?.byteOffset ?? sniff.dataOffset,
            dataLine: place?.line ?? sniff.dataLine, limits: CSVLimits(chunkBytesTarget: chunkBytes))
        chunker.push(prefix)
        if let following { chunker.push(following) }
    }

    /// The next chunk; `nil` at the end of the file.
    func next() async throws -> Element? {
        while ahead.count < aheadMax, let chunk = try stages.measure(.read, cut) {
            let parsers = parsers
            let prepare = prepare
            let offset = reader.offset
            let next = chunk.isOversizedRow ? nil : FilePlace(behind: chunk)
            let slot = ChunkSlot(chunk)
            let task = Task(executorPreference: crew) {
                Element(
                    prepared: try slot.withChunk { try prepare(parsers.parse($0), $0) }, objectOffset: offset,
                    next: next)
            }
            ahead.append((task, slot))
        }
        if ahead.isEmpty { return nil }
        let (task, slot) = ahead.removeFirst()
        let element = try await task.value
        if let chunk = slot.take() { chunker.recycle(chunk) }
        return element
    }

    /// Reads until a chunk is complete.
    private func cut() throws -> CSVChunk? {
        while true {
            if let chunk = chunker.next() { return chunk }
            if isRead { return nil }
            if reader.isPlain {
                let count = try unsafe chunker.fill(atMost: reader.readBytes) { try unsafe reader.read(into: $0) }
                if count > 0 { continue }
                chunker.finish()
                isRead = true
            } else if let block = try reader.next() {
                chunker.push(block)
            } else {
                chunker.finish()
                isRead = true
            }
        }
    }

    /// Waits for what is under way, so that nothing of this file runs on.
    func cancel() async {
        for (task, _) in ahead { _ = await task.result }
        ahead = []
    }
}

/// A place between two rows of a file's (decompressed) bytes.
struct FilePlace: Sendable, Hashable, Codable {
    var byteOffset: Int
    /// Of the row that begins there, 1-based.
    var line: Int

    init(behind chunk: CSVChunk) {
        byteOffset = chunk.byteOffset + chunk.byteCount
        line = chunk.line + chunk.lineCount
    }
}

/// Holds a chunk while it is parsed, so that its memory can be used again: there is no other reference to it.
private final class ChunkSlot: Sendable {
    private let chunk: Mutex<CSVChunk?>

    init(_ chunk: consuming CSVChunk) { self.chunk = Mutex(chunk) }

    /// - Precondition: the chunk has not been taken.
    func withChunk<Result>(_ body: (CSVChunk) throws -> Result) rethrows -> Result {
        guard let held = chunk.withLock({ $0 }) else { preconditionFailure("a chunk is parsed before it is taken") }
        return try body(held)
    }

    func take() -> CSVChunk? {
        chunk.withLock { slot in
            defer { slot = nil }
            return slot
        }
    }
}

/// Parsers with their scratch memory, one in use a thread at most.
final class ParserPool: Sendable {
    private let sniff: CSVSniff
    private let table: CSVTable
    private let stages: StageClock?
    private let idle = Mutex<[Box]>([])

    /// `@unchecked Sendable`: taken from the pool by one task at a time.
    private final class Box: @unchecked Sendable {
        var parser: CSVChunkParser
        init(_ parser: consuming CSVChunkParser) { self.parser = parser }
    }

    init(sniff: CSVSniff, table: CSVTable, stages: StageClock? = nil) {
        self.stages = stages
        self.sniff = sniff
        self.table = table
    }

    func parse(_ chunk: CSVChunk) -> CSVChunkResult {
        let box =
            idle.withLock { $0.popLast() }
            ?? Box(CSVChunkParser(sniff: sniff, table: table, measuresTime: stages != nil))
        let start = stages == nil ? 0 : StageClock.threadNanoseconds()
        let result = box.parser.parse(chunk)
        stages?.add(
            StageClock.threadNanoseconds() - start, to: .convert, .scan, fraction: box.parser.scanFraction)
        idle.withLock { $0.append(box) }
        return result
    }
}
