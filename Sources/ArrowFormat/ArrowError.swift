package import LakeModel

/// What keeps a result from being written as Arrow.
package struct ArrowError: LakeError {
    package var code: String
    package var message: String
    package var remedy: String?
    package var place: Place?

    /// Characters of a value that a message shows.
    private static let shownMax = 64

    static func unrepresentable(_ value: ArrowValue, _ type: ArrowType) -> ArrowError {
        ArrowError(
            code: "value-unrepresentable",
            message: "\("\(value)".prefix(shownMax)) cannot be written as Arrow's \("\(type)".prefix(shownMax))",
            remedy: "cast the column to another type, for example VARCHAR, or ask for JSON")
    }

    static let tooLong = ArrowError(
        code: "value-unrepresentable", message: "a batch holds more than 2 GiB of one column",
        remedy: "ask for fewer rows")
}
