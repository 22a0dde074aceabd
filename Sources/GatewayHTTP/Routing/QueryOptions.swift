import Hummingbird

/// The query string, every option of which must be known: a setting that is taken and ignored is worse than an error.
struct QueryOptions {
    private var values: [String: String] = [:]

    /// - Throws: ``GatewayError`` `option-unknown` that names all the unknown ones, `option-invalid` for an option that
    ///   stands twice or is badly encoded.
    init(_ request: Request, known: [String]) throws {
        var unknown: [String] = []
        for pair in (request.uri.query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentCoding.decode(parts[0], plusIsSpace: true),
                let value = PercentCoding.decode(parts.count > 1 ? parts[1] : "", plusIsSpace: true)
            else {
                throw GatewayError(
                    code: "option-invalid", message: "the query string is not valid percent-encoded UTF-8",
                    remedy: "encode the bytes of the UTF-8 text as %XX")
            }
            if !known.contains(name) {
                unknown.append(name)
            } else if values.updateValue(value, forKey: name) != nil {
                throw GatewayError(
                    code: "option-invalid", message: "the option \(name) stands twice in the query string",
                    remedy: "give it once")
            }
        }
        guard unknown.isEmpty else {
            throw GatewayError(
                code: "option-unknown",
                message: "unknown in the query string: \(unknown.map { "`\($0)`" }.joined(separator: ", "))",
                remedy: known.isEmpty
                    ? "this path takes no options"
                    : "this path takes \(known.map { "`\($0)`" }.joined(separator: ", "))")
        }
    }

    subscript(name: String) -> String? { values[name] }

    func integer(_ name: String, in range: ClosedRange<Int>, default fallback: Int) throws -> Int {
        guard let text = values[name] else { return fallback }
        guard let value = Int(text), range.contains(value) else {
            throw invalid(name, text, "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// Seconds, with a fraction if need be.
    func seconds(_ name: String, max: Double) throws -> Double? {
        guard let text = values[name] else { return nil }
        guard let value = Double(text), value.isFinite, (0...max).contains(value) else {
            throw invalid(name, text, "a number of seconds from 0 to \(Int(max))")
        }
        return value
    }

    func boolean(_ name: String) throws -> Bool? {
        switch values[name] {
        case nil: nil
        case "true": true
        case "false": false
        case .some(let text): throw invalid(name, text, "`true` or `false`")
        }
    }

    func choice<Choice: RawRepresentable & CaseIterable>(_ name: String, _: Choice.Type) throws -> Choice?
    where Choice.RawValue == String {
        guard let text = values[name] else { return nil }
        guard let choice = Choice(rawValue: text) else {
            throw invalid(name, text, "one of " + Choice.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", "))
        }
        return choice
    }

    func invalid(_ name: String, _ text: String, _ wanted: String) -> GatewayError {
        GatewayError(
            code: "option-invalid", message: "`\(text.prefix(64))` is no value for the option \(name)",
            remedy: "give \(wanted)")
    }
}
