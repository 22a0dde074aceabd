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
    /// - Throws: `value-missing`, `value-invalid`, `value-out-of-range`, `pattern-mismatch`, `utf8-invalid`.
    package func value(of text: Span<UInt8>) throws(Refusal) -> Datum? {
        do throws(CellFailure) {
            return try rule.checkContent(text)
        } catch {
            throw Refusal(code: error.code.rawValue, message: error.message)
        }
    }
}
