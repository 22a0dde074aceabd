import ByteKernels
import LakeModel

/// The names that a table's columns go by in JSON, found without making a `String` of each.
///
/// 1. A row's fields mostly come as those of the row before: the name at the same place is compared first, eight bytes
///    at a time.
/// 2. Else the name's hash is looked up.
/// 3. A spelling that differs in case, or is escaped, is found the slow way once and remembered.
struct FieldNames: Sendable {
    private struct Name: Sendable {
        var column: Int
        var byteCount: Int
        /// The bytes in little-endian words, the last one padded with zeros.
        var words: [UInt64]
        var lastMask: UInt64
    }

    private var names: [Name] = []
    private var byHash: [UInt64: Int] = [:]
    /// Names and aliases in lower case.
    private let folded: [String: Int]
    /// The name at each place of the last row.
    private var order: [Int] = []

    /// Spellings that are remembered beside the declared ones.
    private static let learnedMax = 256
    private let learnedLimit: Int

    init(_ table: TableDeclaration) {
        var folded: [String: Int] = [:]
        for (column, declaration) in table.columns.enumerated() {
            for name in [declaration.name] + declaration.aliases {
                let key = name.lowercased()
                if folded[key] == nil { folded[key] = column }
            }
        }
        self.folded = folded
        learnedLimit = table.columns.reduce(Self.learnedMax) { $0 + 1 + $1.aliases.count }
        for (column, declaration) in table.columns.enumerated() { add(Array(declaration.name.utf8), column) }
        for (column, declaration) in table.columns.enumerated() {
            for alias in declaration.aliases { add(Array(alias.utf8), column) }
        }
    }

    private mutating func add(_ bytes: [UInt8], _ column: Int) {
        let hash = unsafe Hash64.hash(bytes.span.bytes)
        guard byHash[hash] == nil, !bytes.isEmpty, names.count < learnedLimit else { return }
        var words: [UInt64] = []
        for start in stride(from: 0, to: bytes.count, by: 8) {
            var word: UInt64 = 0
            for index in start..<min(start + 8, bytes.count) {
                word |= UInt64(bytes[index]) << UInt64((index - start) * 8)
            }
            words.append(word)
        }
        let rest = bytes.count % 8
        byHash[hash] = names.count
        names.append(
            Name(
                column: column, byteCount: bytes.count, words: words,
                lastMask: rest == 0 ? .max : (1 << UInt64(rest * 8)) - 1))
    }

    /// The column of the name whose opening quote stands at `at`, when it is the one that stood at `place` in the row before;
    /// `at` moves behind the closing quote then.
    @inline(__always)
    func guess(_ text: Span<UInt8>, _ at: inout Int, place: Int) -> Int? {
        guard place < order.count else { return nil }
        let index = order[place]
        guard matches(index, text, at &+ 1) else { return nil }
        at &+= names[index].byteCount &+ 2
        return names[index].column
    }

    /// Whether a name and a closing quote stand at `start`. Near the end of the text the answer may be no.
    @inline(__always)
    private func matches(_ index: Int, _ text: Span<UInt8>, _ start: Int) -> Bool {
        let end = start &+ names[index].byteCount
        guard start &+ names[index].words.count &* 8 < text.count, text[end] == UInt8(ascii: "\"") else { return false }
        let last = names[index].words.count - 1
        for word in 0..<last where Self.word(text, start &+ word &* 8) != names[index].words[word] { return false }
        return Self.word(text, start &+ last &* 8) & names[index].lastMask == names[index].words[last]
    }

    @inline(__always)
    private static func word(_ text: Span<UInt8>, _ at: Int) -> UInt64 {
        // The bounds are checked by the callee; any bits make a `UInt64`.
        unsafe UInt64(littleEndian: text.bytes.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self))
    }

    /// The column of a name by its bytes, which are valid UTF-8 and unescaped; `nil` when no column has it.
    mutating func find(_ name: Span<UInt8>, place: Int) -> Int? {
        let hash = unsafe Hash64.hash(name.bytes)
        if let index = byHash[hash], isEqual(names[index], name) {
            remember(index, place)
            return names[index].column
        }
        let text = unsafe name.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
        guard let column = folded[text.lowercased()] else { return nil }
        add(Array(text.utf8), column)
        return column
    }

    private mutating func remember(_ index: Int, _ place: Int) {
        if place < order.count { order[place] = index } else if place == order.count { order.append(index) }
    }

    private func isEqual(_ name: Name, _ bytes: Span<UInt8>) -> Bool {
        guard name.byteCount == bytes.count else { return false }
        for index in 0..<bytes.count {
            let byte = UInt8(truncatingIfNeeded: name.words[index >> 3] >> UInt64((index & 7) * 8))
            if byte != bytes[index] { return false }
        }
        return true
    }
}
