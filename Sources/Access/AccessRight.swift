/// What somebody may do with a namespace's tables. Who may write may read.
package enum AccessRight: String, Sendable, Hashable, CaseIterable {
    case read, write

    /// Whether having this right is enough where `other` is asked for.
    package func includes(_ other: AccessRight) -> Bool { self == .write || other == .read }
}

/// A right over everything, or over one namespace and the namespaces inside it.
package struct Grant: Sendable, Hashable {
    package enum Scope: Sendable, Hashable {
        case everything
        /// The levels of a namespace, the outermost first.
        case namespace([String])
    }

    package var right: AccessRight
    package var scope: Scope

    package init(_ right: AccessRight, _ scope: Scope) {
        self.right = right
        self.scope = scope
    }

    /// Whether this grant gives `right` over the namespace.
    package func covers(_ right: AccessRight, _ levels: [String]) -> Bool {
        guard self.right.includes(right) else { return false }
        switch scope {
        case .everything: return true
        case .namespace(let granted): return !granted.isEmpty && levels.starts(with: granted)
        }
    }
}

/// Grants as text: `read:*`, `write:silver`, `read:sales.daily`. Levels are parted by dots; what would be taken for
/// something else inside a level is percent-encoded.
extension Grant: CustomStringConvertible {
    /// Levels of a namespace at most, as in the catalog.
    private static let levelsMax = 16

    package var description: String { "\(right.rawValue):\(scopeText)" }

    package var scopeText: String {
        switch scope {
        case .everything: "*"
        case .namespace(let levels): levels.map(Self.encoded).joined(separator: ".")
        }
    }

    /// - Throws: ``AccessError`` `right-invalid`.
    package init(parsing text: String) throws {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let right = AccessRight(rawValue: String(parts[0])) else {
            throw Self.invalid(text)
        }
        try self.init(right, scope: String(parts[1]))
    }

    /// - Throws: ``AccessError`` `right-invalid`.
    package init(_ right: AccessRight, scope text: String) throws {
        if text == "*" {
            self.init(right, .everything)
            return
        }
        let levels = text.split(separator: ".", omittingEmptySubsequences: false).map { Self.decoded($0) }
        guard levels.count <= Self.levelsMax, levels.allSatisfy({ $0?.isEmpty == false }) else {
            throw Self.invalid("\(right.rawValue):\(text)")
        }
        self.init(right, .namespace(levels.compactMap { $0 }))
    }

    private static func invalid(_ text: String) -> AccessError {
        AccessError(
            code: "right-invalid", message: "`\(text.prefix(128))` is no right",
            remedy: "write read:NAMESPACE or write:NAMESPACE, with * for everything and dots between levels")
    }

    private static func encoded(_ level: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in level.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                bytes.append(byte)
            default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(Hex.value), let low = rest.popFirst().flatMap(Hex.value) else {
                    return nil
                }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "*"), 0...0x20, 0x7F: return nil
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
