/// XML as S3 writes it: elements without attributes but for the namespace.
package struct XMLWriter {
    package static let namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

    package private(set) var bytes: [UInt8]

    package init() { bytes = Array("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".utf8) }

    package mutating func element(_ name: StaticString, isRoot: Bool = false, _ body: (inout XMLWriter) -> Void) {
        bytes += Array("<\(name)\(isRoot ? " xmlns=\"\(Self.namespace)\"" : "")>".utf8)
        body(&self)
        bytes += Array("</\(name)>".utf8)
    }

    package mutating func text(_ name: StaticString, _ value: String?) {
        guard let value else { return }
        element(name) { $0.escaped(value) }
    }

    package mutating func number(_ name: StaticString, _ value: Int) { text(name, String(value)) }

    package mutating func flag(_ name: StaticString, _ value: Bool) { text(name, value ? "true" : "false") }

    private mutating func escaped(_ value: String) {
        for scalar in value.unicodeScalars {
            switch scalar {
            case "&": bytes += Array("&amp;".utf8)
            case "<": bytes += Array("&lt;".utf8)
            case ">": bytes += Array("&gt;".utf8)
            case "\"": bytes += Array("&quot;".utf8)
            case "\n", "\r", "\t": bytes += Array("&#\(scalar.value);".utf8)
            // What XML 1.0 cannot carry at all.
            case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": bytes += Array("\u{FFFD}".utf8)
            default: bytes += Array(String(scalar).utf8)
            }
        }
    }
}
