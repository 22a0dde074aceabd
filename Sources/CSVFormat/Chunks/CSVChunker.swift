package import ByteKernels

/// Cuts a byte stream into chunks that end on row boundaries, with exact offsets and line numbers.
///
/// The reader calls ``fill(atMost:_:)`` (which lets it read straight into the chunk's memory) or ``push(_:)`` (which
/// copies once), and takes what ``next()`` has after each; at the end ``finish()`` and ``next()`` until `nil`. The rows
/// that come out do not depend on how the stream was cut into blocks, nor on the chunks' size.
///
/// A row longer than `CSVLimits.rowBytesMax` is not kept: its beginning makes a chunk of its own, and the rest is
/// counted and forgotten up to the row's end.
package struct CSVChunker: ~Copyable {
    private let limits: CSVLimits
    private let delimiter: UInt8
    private let quote: UInt8
    private let level: CSVScanLevel

    /// The chunk in the making; the first `filled` bytes are the stream's.
    private var buffer: [UInt8] = []
    private var filled = 0
    /// Where `buffer[0]` stands in the file.
    private var byteOffset: Int
    /// The line of `buffer[0]`, 1-based.
    private var line: Int
    /// Bytes of the stream before the data that are still to be left out.
    private var skip: Int
    private var scan: CSVRowScan
    private var ready: [CSVChunk] = []
    private var spare: [[UInt8]] = []
    private var isFinished = false
    /// Set while the bytes of a row that is too long go by.
    private var oversized: Oversized?

    private struct Oversized {
        var storage: [UInt8]
        var keptCount: Int
        /// Bytes of the row that were dropped from the buffer.
        var droppedCount: Int
        let byteOffset: Int
        let line: Int
    }

    /// - Parameters:
    ///   - dataOffset: where the first row starts in the file.
    ///   - dataLine: the 1-based line of that row.
    ///   - streamOffset: where the first pushed byte stands in the file; those before `dataOffset` are left out. For a
    ///     stream that starts at the first row it is `dataOffset`.
    package init(
        dialect: CSVDialect, dataOffset: Int, dataLine: Int, limits: CSVLimits = CSVLimits(), streamOffset: Int = 0,
        level: CSVScanLevel = .best
    ) {
        precondition(streamOffset <= dataOffset)
        self.limits = limits
        self.level = level
        delimiter = dialect.delimiter
        quote = dialect.quote
        byteOffset = dataOffset
        line = dataLine
        skip = dataOffset - streamOffset
        scan = CSVRowScan(delimiter: dialect.delimiter, quote: dialect.quote, level: level)
    }

    /// Takes the stream's next bytes.
    /// - Complexity: O(number of bytes); they are copied once.
    package mutating func push(_ block: RawSpan) {
        unsafe block.withUnsafeBytes { source in
            var at = 0
            while at < source.count {
                at += unsafe fill(atMost: source.count - at) { target in
                    let count = min(target.count, source.count - at)
                    unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[at..<at + count]))
                    return count
                }
            }
        }
    }

    /// Takes the stream's next bytes.
    package mutating func push(_ block: [UInt8]) { unsafe push(block.span.bytes) }

    /// Lets `read` write the stream's next bytes into the chunk's memory.
    /// - Parameters:
    ///   - count: bytes to ask for at most.
    ///   - read: gets between 1 and `count` bytes of room and returns how many it wrote, 0 at the end of the stream.
    /// - Returns: what `read` returned.
    package mutating func fill(
        atMost count: Int, _ read: (UnsafeMutableRawBufferPointer) throws -> Int
    ) rethrows -> Int {
        precondition(!isFinished && count > 0)
        makeRoom()
        let room = min(count, buffer.count - CSVChunk.paddingBytes - filled)
        let start = filled
        let taken = try unsafe buffer.withUnsafeMutableBytes { bytes in
            try unsafe read(UnsafeMutableRawBufferPointer(rebasing: bytes[start..<start + room]))
        }
        precondition((0...room).contains(taken))
        filled += taken
        dropSkipped()
        advance()
        return taken
    }

    /// Says that the stream has ended.
    package mutating func finish() {
        if isFinished { return }
        isFinished = true
        advance()
    }

    /// The next chunk that is complete, in file order.
    package mutating func next() -> CSVChunk? { ready.isEmpty ? nil : ready.removeFirst() }

    /// Takes back the memory of a parsed chunk for a later one.
    package mutating func recycle(_ chunk: consuming CSVChunk) {
        if spare.count < Self.spareCountMax { spare.append(chunk.takeStorage()) }
    }

    /// Buffers that ``recycle(_:)`` keeps.
    private static let spareCountMax = 4

    private mutating func dropSkipped() {
        guard skip > 0 else { return }
        let dropped = min(skip, filled)
        skip -= dropped
        for index in dropped..<filled { buffer[index - dropped] = buffer[index] }
        filled -= dropped
    }

    /// Room for at least one byte. A row that fills the buffer makes it grow, up to the longest row and what follows it.
    private mutating func makeRoom() {
        let usable = buffer.count - CSVChunk.paddingBytes
        if filled < usable { return }
        let wanted = max(limits.chunkBytesTarget, filled + max(1, min(filled, limits.rowBytesMax + 2)))
        if filled == 0, let reused = takeSpare(atLeast: wanted) {
            buffer = reused
        } else {
            buffer = Self.memory(wanted, copying: buffer, 0..<filled)
        }
    }

    private mutating func takeSpare(atLeast count: Int) -> [UInt8]? {
        while let candidate = spare.popLast() {
            if candidate.count == count + CSVChunk.paddingBytes { return candidate }
        }
        return nil
    }

    /// Memory for `count` bytes and the padding, beginning with a part of `source`.
    private static func memory(_ count: Int, copying source: [UInt8], _ range: Range<Int>) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: count + CSVChunk.paddingBytes) { buffer, initialized in
            unsafe source.withUnsafeBufferPointer { source in
                if !range.isEmpty, let from = source.baseAddress, let to = buffer.baseAddress {
                    unsafe to.update(from: from + range.lowerBound, count: range.count)
                }
            }
            // Bytes are trivial; `filled` says which of them are the stream's.
            initialized = count + CSVChunk.paddingBytes
        }
    }

    /// Looks at what is new and cuts what is complete.
    private mutating func advance() {
        if oversized != nil { passOversized() }
        guard oversized == nil else { return }
        while true {
            scanNew()
            let isFull = filled >= limits.chunkBytesTarget
            if let boundary = scan.boundary, isFull || isFinished || scan.position - boundary > limits.rowBytesMax {
                cut(at: boundary, lineCount: scan.boundaryLines)
            }
            // No row end in more bytes than a row may have.
            if scan.boundary == nil, scan.position > limits.rowBytesMax {
                beginOversized()
                passOversized()
                if oversized == nil { continue }
            }
            break
        }
        if isFinished, filled > 0 { cutLast() }
    }

    /// The last byte waits for the one behind it, because a quote and a CR are understood by their successor.
    private var scanLimit: Int { isFinished ? filled : max(0, filled - 1) }

    private mutating func scanNew(stopsAtFirst: Bool = false) {
        let limit = scanLimit
        if limit <= scan.position { return }
        let readable = filled
        unsafe buffer.withUnsafeBufferPointer { bytes in
            guard let bytes = bytes.baseAddress else { return }
            unsafe scan.scan(bytes, limit: limit, readable: readable, stopsAtFirst: stopsAtFirst)
        }
    }

    /// Hands out the first `boundary` bytes.
    private mutating func cut(at boundary: Int, lineCount: Int) {
        let tail = boundary..<filled
        let wanted = max(limits.chunkBytesTarget, tail.count + 1)
        let rest: [UInt8]
        if var reused = takeSpare(atLeast: wanted) {
            for index in tail { reused[index - boundary] = buffer[index] }
            rest = reused
        } else {
            rest = Self.memory(wanted, copying: buffer, tail)
        }
        ready.append(
            CSVChunk(
                storage: buffer, byteCount: boundary, byteOffset: byteOffset, line: line, lineCount: lineCount,
                oversized: nil))
        buffer = rest
        startRow(at: boundary, lineCount: lineCount)
    }

    /// What remains begins with the row at `boundary`.
    private mutating func startRow(at boundary: Int, lineCount: Int) {
        filled -= boundary
        byteOffset += boundary
        line += lineCount
        scan.restart(at: boundary)
    }

    /// The rest of the stream, which no line end completes.
    private mutating func cutLast() {
        let lineCount = scan.lineCount
        cut(at: filled, lineCount: lineCount)
    }

    // MARK: Rows that are too long

    private mutating func beginOversized() {
        let kept = limits.rawBytesKept
        oversized = Oversized(
            storage: Self.memory(kept, copying: buffer, 0..<kept), keptCount: kept, droppedCount: 0,
            byteOffset: byteOffset, line: line)
    }

    /// Looks for the end of the row that is too long and forgets what was looked at.
    private mutating func passOversized() {
        guard var row = oversized else { return }
        scanNew(stopsAtFirst: true)
        if let boundary = scan.boundary {
            let lineEndCount = lineEndLength(before: boundary)
            let lineCount = scan.boundaryLines
            close(
                row, rowBytes: row.droppedCount + boundary - lineEndCount, lineCount: lineCount, isUnterminated: false)
            shift(by: boundary)
            startRow(at: boundary, lineCount: lineCount)
            return
        }
        if isFinished {
            let lineCount = scan.lineCount
            close(
                row, rowBytes: row.droppedCount + filled, lineCount: lineCount, isUnterminated: scan.isInsideQuotes)
            startRow(at: filled, lineCount: lineCount)
            return
        }
        let dropped = scan.position
        shift(by: dropped)
        scan.dropScanned(dropped)
        filled -= dropped
        byteOffset += dropped
        row.droppedCount += dropped
        oversized = row
    }

    private mutating func shift(by count: Int) {
        for index in count..<max(count, filled) { buffer[index - count] = buffer[index] }
    }

    private func lineEndLength(before boundary: Int) -> Int {
        boundary >= 2 && buffer[boundary - 1] == 0x0A && buffer[boundary - 2] == 0x0D ? 2 : 1
    }

    private mutating func close(_ row: Oversized, rowBytes: Int, lineCount: Int, isUnterminated: Bool) {
        oversized = nil
        ready.append(
            CSVChunk(
                storage: row.storage, byteCount: row.keptCount, byteOffset: row.byteOffset, line: row.line,
                lineCount: lineCount, oversized: .init(byteCount: rowBytes, isUnterminated: isUnterminated)))
    }
}
