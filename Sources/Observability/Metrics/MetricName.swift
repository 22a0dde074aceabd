/// A series' identity: a Prometheus name and its labels in sorted order.
///
/// Source: the Prometheus text format 0.0.4 (metric names `[a-zA-Z_:][a-zA-Z0-9_:]*`, label names the same without
/// colons).
struct MetricLabels: Hashable, Sendable {
    /// `{a="b",c="d"}`, or empty; what the exposition prints and the key that series are told apart by.
    let text: String

    init(_ dimensions: [(String, String)], limits: MetricLimits) {
        self.init(dimensions, limits: limits) { $0 }
    }

    /// The series that takes what passes the limit of a family.
    static func overflow(_ dimensions: [(String, String)], limits: MetricLimits) -> MetricLabels {
        MetricLabels(dimensions, limits: limits) { _ in "other" }
    }

    private init(_ dimensions: [(String, String)], limits: MetricLimits, value: (String) -> String) {
        var seen: Set<String> = []
        var parts: [(name: String, value: String)] = []
        for (name, raw) in dimensions.prefix(limits.labelsMax) {
            let name = MetricName.sanitised(name, colons: false)
            guard seen.insert(name).inserted else { continue }
            parts.append((name, MetricName.escaped(value(raw), bytesMax: limits.labelValueBytesMax)))
        }
        parts.sort { $0.name < $1.name }
        text = parts.isEmpty ? "" : "{" + parts.map { "\($0.name)=\"\($0.value)\"" }.joined(separator: ",") + "}"
    }

    /// The labels with one more, for histogram buckets.
    func adding(_ name: String, _ value: String) -> String {
        text.isEmpty ? "{\(name)=\"\(value)\"}" : text.dropLast() + ",\(name)=\"\(value)\"}"
    }
}

enum MetricName {
    /// `name` with every character that Prometheus refuses turned into `_`.
    static func sanitised(_ name: String, colons: Bool = true) -> String {
        var result = ""
        for scalar in name.unicodeScalars {
            let isLetter = ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
            let isDigit = ("0"..."9").contains(scalar)
            if isDigit, result.isEmpty { result.append("_") }
            if isLetter || isDigit || (colons && scalar == ":") {
                result.unicodeScalars.append(scalar)
            } else {
                result.append("_")
            }
        }
        return result.isEmpty ? "_" : result
    }

    /// A label value with backslash, quote and line feed escaped.
    static func escaped(_ value: String, bytesMax: Int) -> String {
        var result = ""
        var bytes = 0
        for scalar in value.unicodeScalars {
            bytes += UTF8.width(scalar)
            if bytes > bytesMax { break }
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
