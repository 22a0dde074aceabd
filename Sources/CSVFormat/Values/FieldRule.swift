package import LakeModel

/// What a declared column asks of one text, for inputs that are no CSV: the rules for a field's content, so that a value
/// means the same whichever way it came.
package struct FieldRule {
    /// Why a text is refused.
    package struct Refusal: Error {
        package let code: String
        package let message: String
    }

    private let rule: ColumnRule

    /// - Throws: ``CSVError`` `pattern-invalid`.
    package init(_ column: ColumnDeclaration, isRequired: Bool) throws {
        rule = try ColumnRule(column, isRequired: isRequired)
    }

    /// - Returns: the value, or `nil` for null: an empty text of any type but `string`.
    /// - Throws: ``Refusal``, whose message names the column: `value-missing`, `value-invalid`, `value-out-of-range`, `pattern-mismatch`, `utf8-invalid`.
    package func value(of text: Span<UInt8>) throws(Refusal) -> Datum? {
        let content = rule.type == .string ? text : text.extracting(text.trimmedRange())
        if let fault = rule.fault(ofContent: text) {
            var message: [UInt8] = []
            rule.messages.write(fault, field: text, content: content, start: 0, to: &message)
            throw Refusal(code: fault.code.rawValue, message: String(decoding: message, as: UTF8.self))
        }
        if content.isEmpty { return rule.type == .string ? .string("") : nil }
        do throws(ValueParseError) {
            return try ValueParser.parse(content, as: rule.type)
        } catch {
            throw Refusal(code: error.code, message: error.message)
        }
    }
}
