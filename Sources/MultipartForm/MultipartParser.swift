import LakeModel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Takes a `multipart/form-data` body apart, chunk by chunk (RFC 7578, RFC 2046 section 5.1).
///
/// A pure state machine: ``push(_:)`` hands it bytes, ``next()`` returns what they mean until it returns `nil` for want of
/// more, and ``finish()`` says whether the body was whole. Beyond the current chunk it keeps only a possible beginning of
/// a boundary, or a part's header.
///
/// 1. Preamble: bytes up to the first `--boundary` are skipped. A line break is thought before the body, so that one
///    delimiter, `CR LF --boundary`, is looked for everywhere.
/// 2. After a delimiter: `--` ends the body, a line break starts a part's header, anything else is malformed (a boundary
///    must not be the beginning of another line's text).
/// 3. Header: lines up to the empty one.
/// 4. Content: everything up to the next delimiter is handed out in slices of the chunk.
/// 5. Epilogue: ignored.
package struct MultipartParser {
    package enum Event: Hashable {
        case partBegan(MultipartPart)
        case content(ArraySlice<UInt8>)
        case partEnded
    }

    private enum State: String {
        case preamble = "the preamble"
        case afterDelimiter = "a boundary line"
        case header = "a part's header"
        case contentStart = "the beginning of a part's content"
        case content = "a part's content"
        case epilogue = "the epilogue"
    }

    private let limits: MultipartLimits
    /// CR LF `--boundary`.
    private let delimiter: [UInt8]
    private var state = State.preamble
    private var buffer: [UInt8]
    private var position = 0
    /// Offset in the body of `buffer[0]`; starts at -2 for the line break thought before it.
    private var bufferOffset = -2
    private var partCount = 0

    /// - Throws: ``MultipartError`` `multipart-malformed` for a boundary that RFC 2046 doesn't allow.
    package init(boundary: String, limits: MultipartLimits = MultipartLimits()) throws {
        let bytes = Array(boundary.utf8)
        guard (1...MultipartLimits.boundaryBytesMax).contains(bytes.count), bytes.allSatisfy(Self.isBoundaryByte),
            bytes.last != UInt8(ascii: " ")
        else {
            throw MultipartError(
                .malformed, "the boundary of the Content-Type header is not allowed",
                remedy: "use 1 to 70 letters, digits and '()+_,-./:=? of RFC 2046")
        }
        delimiter = Array("\r\n--".utf8) + bytes
        buffer = Array("\r\n".utf8)
        self.limits = limits
    }

    /// Where the next byte to look at lies in the body.
    package var byteOffset: Int { max(bufferOffset + position, 0) }

    /// Takes the next bytes. Call it when ``next()`` has returned `nil`.
    package mutating func push(_ bytes: [UInt8]) {
        if position == buffer.count {
            bufferOffset += buffer.count
            buffer = bytes
        } else {
            bufferOffset += position
            buffer = buffer[position...] + bytes
        }
        position = 0
    }

    /// What comes next, or `nil` when more bytes are needed.
    /// - Throws: ``MultipartError`` `multipart-malformed`, `multipart-limit`.
    package mutating func next() throws -> Event? {
        while true {
            switch state {
            case .preamble:
                guard try skipPreamble() else { return nil }
            case .afterDelimiter:
                guard try passDelimiterLine() else { return nil }
            case .header:
                guard let part = try readHeader() else { return nil }
                state = .contentStart
                return .partBegan(part)
            case .contentStart:
                guard passContentStart() else { return nil }
            case .content:
                return readContent()
            case .epilogue:
                position = buffer.count
                return nil
            }
        }
    }

    /// Says whether the body was whole.
    /// - Throws: ``MultipartError`` `multipart-truncated` when the last boundary is missing.
    package func finish() throws {
        guard state != .epilogue else { return }
        throw MultipartError(
            .truncated, "the body ended inside \(state.rawValue)",
            remedy: "end the body with the line --BOUNDARY--, and check that Content-Type names the same boundary",
            place: Place(byteOffset: max(bufferOffset + buffer.count, 0)))
    }

    // MARK: States

    private mutating func skipPreamble() throws -> Bool {
        let end = findDelimiter()
        position = end.index
        guard byteOffset <= limits.preambleBytesMax else {
            throw limit("more than \(limits.preambleBytesMax) bytes stand before the first boundary")
        }
        guard end.isWhole else { return false }
        position += delimiter.count
        state = .afterDelimiter
        return true
    }

    private mutating func passDelimiterLine() throws -> Bool {
        guard let first = byte(at: position) else { return false }
        if first == UInt8(ascii: "-") {
            guard let second = byte(at: position + 1) else { return false }
            guard second == UInt8(ascii: "-") else { throw malformedDelimiter(at: position) }
            position += 2
            state = .epilogue
            return true
        }
        var index = position
        while let next = byte(at: index), next == UInt8(ascii: " ") || next == UInt8(ascii: "\t") { index += 1 }
        guard index - position <= limits.headerBytesMax else { throw limit("a boundary line is too long") }
        guard let carriageReturn = byte(at: index) else { return false }
        guard carriageReturn == 0x0D else { throw malformedDelimiter(at: index) }
        guard let lineFeed = byte(at: index + 1) else { return false }
        guard lineFeed == 0x0A else { throw malformedDelimiter(at: index) }
        partCount += 1
        guard partCount <= limits.partsMax else { throw limit("the form has more than \(limits.partsMax) parts") }
        position = index + 2
        state = .header
        return true
    }

    private mutating func readHeader() throws -> MultipartPart? {
        guard let end = headerEnd() else {
            guard buffer.count - position <= limits.headerBytesMax else { throw headerTooLong }
            return nil
        }
        guard end - position <= limits.headerBytesMax else { throw headerTooLong }
        let header = MultipartHeader(bytes: buffer[position..<end], headersMax: limits.headersMax)
        let part = try header.part(byteOffset: bufferOffset + end, headerOffset: bufferOffset + position)
        // The line break before the content stays: RFC 2046 lets the delimiter of an empty part begin with it.
        position = end - 2
        return part
    }

    /// Passes the line break that ended the header, unless a delimiter begins with it.
    private mutating func passContentStart() -> Bool {
        let available = buffer[position...].prefix(delimiter.count)
        if available.count < delimiter.count, delimiter.starts(with: available) { return false }
        if !available.elementsEqual(delimiter) { position += 2 }
        state = .content
        return true
    }

    private mutating func readContent() -> Event? {
        let end = findDelimiter()
        if end.index > position {
            let content = buffer[position..<end.index]
            position = end.index
            return .content(content)
        }
        guard end.isWhole else { return nil }
        position += delimiter.count
        state = .afterDelimiter
        return .partEnded
    }

    // MARK: Searching

    private func byte(at index: Int) -> UInt8? { index < buffer.count ? buffer[index] : nil }

    /// The first delimiter from `position` on, or the first place where one may begin that the buffer's end cuts off.
    /// - Complexity: O(buffer); every byte is looked at once, and carriage returns a few times.
    private func findDelimiter() -> (index: Int, isWhole: Bool) {
        var index = position
        while index < buffer.count {
            guard let found = carriageReturn(from: index) else { return (buffer.count, false) }
            let available = min(delimiter.count, buffer.count - found)
            var matched = 1
            while matched < available, buffer[found + matched] == delimiter[matched] { matched += 1 }
            if matched == available { return (found, matched == delimiter.count) }
            index = found + 1
        }
        return (buffer.count, false)
    }

    /// The C library's search is many times faster than a loop, and most bytes of a file pass here.
    private func carriageReturn(from start: Int) -> Int? {
        unsafe buffer.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, let found = unsafe memchr(base + start, 0x0D, bytes.count - start)
            else {
                return nil
            }
            return unsafe UnsafeRawPointer(found) - base
        }
    }

    /// The index behind the empty line that ends the header.
    private func headerEnd() -> Int? {
        if buffer.count - position >= 2, buffer[position] == 0x0D, buffer[position + 1] == 0x0A { return position + 2 }
        var index = position
        while index + 3 < buffer.count {
            if buffer[index] == 0x0D, buffer[index + 1] == 0x0A, buffer[index + 2] == 0x0D, buffer[index + 3] == 0x0A {
                return index + 4
            }
            index += 1
        }
        return nil
    }

    private static func isBoundaryByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: "'()+_,-./:=? ".utf8.contains(byte)
        }
    }

    // MARK: Errors

    private var headerTooLong: MultipartError { limit("a part's header is longer than \(limits.headerBytesMax) bytes") }

    private func limit(_ message: String) -> MultipartError {
        MultipartError(
            .limit, message,
            remedy: "send the file alone, as the part `file`",
            place: Place(byteOffset: byteOffset))
    }

    private func malformedDelimiter(at index: Int) -> MultipartError {
        MultipartError(
            .malformed, "a boundary is followed by other text",
            remedy: "check the request against RFC 7578",
            place: Place(byteOffset: bufferOffset + index))
    }
}
