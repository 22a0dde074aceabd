/// A path template: `/api/v2/jobs/{id}`; `{name*}` at the end takes one or more segments.
package struct RoutePath: Sendable, Hashable, ExpressibleByStringLiteral {
    enum Segment: Sendable, Hashable {
        case literal(String)
        case parameter(String)
        case rest(String)
    }

    /// As it was written; the metrics' label.
    package let template: String
    let segments: [Segment]

    package init(stringLiteral template: String) { self.init(template) }

    package init(_ template: String) {
        self.template = template
        segments = template.split(separator: "/").map { part in
            guard part.hasPrefix("{"), part.hasSuffix("}") else { return .literal(String(part)) }
            let name = part.dropFirst().dropLast()
            return name.hasSuffix("*") ? .rest(String(name.dropLast())) : .parameter(String(name))
        }
    }

    var parameterNames: [String] {
        segments.compactMap {
            switch $0 {
            case .literal: nil
            case .parameter(let name), .rest(let name): name
            }
        }
    }

    /// The first segment, when that is fixed.
    var firstLiteral: String? {
        if case .literal(let text)? = segments.first { text } else { nil }
    }

    /// The parameters when `path`'s segments (still percent-encoded) fit, `nil` otherwise.
    func match(_ path: [Substring]) -> PathParameters? {
        guard fits(path) else { return nil }
        var parameters = PathParameters()
        for (index, segment) in segments.enumerated() {
            guard index < path.count else { return nil }
            switch segment {
            case .literal(let text):
                guard path[index] == text else { return nil }
            case .parameter(let name):
                parameters.segments[name] = [path[index]]
            case .rest(let name):
                parameters.segments[name] = Array(path[index...])
                return parameters
            }
        }
        return path.count == segments.count ? parameters : nil
    }

    /// Whether the literals stand in their places. Most paths fail here, before anything is noted of them.
    private func fits(_ path: [Substring]) -> Bool {
        if path.count < segments.count { return false }
        for (index, segment) in segments.enumerated() {
            if case .literal(let text) = segment, path[index] != text { return false }
        }
        return true
    }

    /// Templates with more literals are tried first.
    var specificity: (Int, Int) {
        (
            segments.count { if case .literal = $0 { true } else { false } },
            segments.contains { if case .rest = $0 { true } else { false } } ? 0 : 1
        )
    }
}

/// What a path's parameters stood for, percent-encoded.
struct PathParameters: Sendable {
    var segments: [String: [Substring]] = [:]
}
