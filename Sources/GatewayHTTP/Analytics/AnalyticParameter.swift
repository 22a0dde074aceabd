import LakeModel
import Observability
import QueryEngine

/// Turns the text of a path into a typed parameter.
enum AnalyticParameter {
    /// - Throws: ``GatewayError`` `parameter-invalid`.
    static func value(_ text: String, for parameter: AnalyticDeclaration.Parameter) throws -> QueryValue {
        switch parameter.type {
        case .int, .long:
            let lowest = max(parameter.minimum ?? .min, parameter.type == .int ? Int64(Int32.min) : .min)
            let highest = min(parameter.maximum ?? .max, parameter.type == .int ? Int64(Int32.max) : .max)
            guard isPlainInteger(text), let value = Int64(text), lowest <= value, value <= highest else {
                throw invalid(text, parameter, "a whole number from \(lowest) to \(highest)")
            }
            return .integer(value)
        case .float, .double:
            guard let value = Double(text), value.isFinite else { throw invalid(text, parameter, "a number") }
            return .double(value)
        case .boolean:
            guard text == "true" || text == "false" else { throw invalid(text, parameter, "`true` or `false`") }
            return .boolean(text == "true")
        case .date:
            guard text.utf8.count == 10, UTCText.microseconds(of: text) != nil else {
                throw invalid(text, parameter, "a date as YYYY-MM-DD")
            }
            return .text(text)
        case .timestamptz:
            guard UTCText.microseconds(of: text) != nil else { throw invalid(text, parameter, "a time in ISO 8601") }
            return .text(text)
        case .timestamp, .time, .decimal, .string, .uuid, .fixed, .binary:
            return .text(text)
        }
    }

    /// Digits with a sign at most: Swift's own parser takes a plus too, which in a path is more likely a mistake.
    private static func isPlainInteger(_ text: String) -> Bool {
        let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
        return !digits.isEmpty && digits.allSatisfy { (0x30...0x39).contains($0) }
    }

    private static func invalid(
        _ text: String, _ parameter: AnalyticDeclaration.Parameter, _ wanted: String
    ) -> GatewayError {
        GatewayError(
            code: "parameter-invalid", message: "`\(text.prefix(64))` is no value for \(parameter.name)",
            remedy: "give \(wanted)")
    }
}
