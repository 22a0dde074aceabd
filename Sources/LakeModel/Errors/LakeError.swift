/// What every error of Dipper tells: what happened, where, and what to do about it.
///
/// Each target has one type that conforms to it, with an extensible `code` in kebab case that stays stable between
/// releases because clients match on it.
package protocol LakeError: Error, CustomStringConvertible, Sendable {
    /// A stable name in kebab case, for example `header-mismatch`.
    var code: String { get }
    /// What happened, one sentence with the values that matter.
    var message: String { get }
    /// What the reader can do about it.
    var remedy: String? { get }
    /// Where it happened, for errors that have a place in some input.
    var place: Place? { get }
    /// The error that led to this one.
    var cause: (any Error)? { get }
    /// Whether the same call may succeed later without a change.
    var isRetryable: Bool { get }
}

extension LakeError {
    package var remedy: String? { nil }
    package var place: Place? { nil }
    package var cause: (any Error)? { nil }
    package var isRetryable: Bool { false }

    /// Message, place, remedy and causes, a line each, the causes indented below.
    package var description: String {
        var text = "\(code): \(message)"
        if let place { text += "\n  at \(place)" }
        if let remedy { text += "\n  try: \(remedy)" }
        if let cause { text += "\n  because: \(cause)" }
        return text
    }
}

/// A place in an input: any part may be unknown.
package struct Place: Sendable, Hashable, CustomStringConvertible {
    /// A file name, object key, endpoint or table.
    package var source: String?
    /// 1-based.
    package var line: Int?
    /// A column's name.
    package var column: String?
    /// Bytes from the start, 0-based.
    package var byteOffset: Int?

    package init(source: String? = nil, line: Int? = nil, column: String? = nil, byteOffset: Int? = nil) {
        self.source = source
        self.line = line
        self.column = column
        self.byteOffset = byteOffset
    }

    package var description: String {
        var parts: [String] = []
        if let source { parts.append(source) }
        if let line { parts.append("line \(line)") }
        if let column { parts.append("column \(column)") }
        if let byteOffset { parts.append("byte \(byteOffset)") }
        return parts.joined(separator: ", ")
    }
}
