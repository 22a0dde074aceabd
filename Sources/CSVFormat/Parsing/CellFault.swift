import ByteKernels
import LakeModel

/// Why a field makes its row a reject, without the text that says so: found for each of many rows.
enum CellFault {
    /// There is no value, and the column is required.
    case missing
    /// Text follows the closing quote.
    case misplacedQuote
    case unterminatedQuote
    /// The text is no value of the column's type.
    case value(ValueFailure)
    case outOfBounds
    case patternMismatch
    /// The content is not UTF-8 from a byte of it on.
    case brokenUTF8(offset: Int, byte: UInt8)

    var code: CSVReject.Code {
        switch self {
        case .missing: .valueMissing
        case .misplacedQuote: .quoteMisplaced
        case .unterminatedQuote: .quoteUnterminated
        case .value(let failure): failure.kind == .invalid ? .valueInvalid : .valueOutOfRange
        case .outOfBounds: .valueOutOfRange
        case .patternMismatch: .patternMismatch
        case .brokenUTF8: .utf8Invalid
        }
    }
}

/// The messages of one column's faults, their fixed parts made once.
struct FaultMessages {
    /// `column "name": `
    private let column: [UInt8]
    /// Between a text and why it is no value.
    private let isNoValue: [UInt8]
    private let expected: [UInt8]
    private let mismatch: [UInt8]
    private let outside: [UInt8]

    /// - Parameter bounds: how the declared bounds are told.
    init(name: String, type: PrimitiveType, pattern: String?, bounds: String) {
        column = Array("column \"\(name)\": ".utf8)
        isNoValue = Array(" is no \(type): ".utf8)
        expected = Array("; expected \(TextQuotation.expectation(of: type))".utf8)
        mismatch = Array(" does not match the pattern \(pattern ?? "")".utf8)
        outside = Array(" is outside the bounds; expected \(bounds)".utf8)
    }

    func writeColumn(to message: inout [UInt8]) { message.append(contentsOf: column) }

    /// - Parameters:
    ///   - field: as it stands in the file, quotes included.
    ///   - content: the same without quotes and, unless the column is one of strings, without spaces around it.
    ///   - start: where the field starts in the file.
    func write(
        _ fault: CellFault, field: Span<UInt8>, content: Span<UInt8>, start: Int, to message: inout [UInt8]
    ) {
        writeColumn(to: &message)
        switch fault {
        case .missing: message.append(text: "there is no value, and the column is required")
        case .misplacedQuote:
            message.append(text: "there is text behind the closing quote of ")
            message.append(quoted: field)
            message.append(text: "; a quote inside quotes is written twice")
        case .unterminatedQuote: message.append(text: "a quote opens here that nothing closes")
        case .value(let failure):
            message.append(quoted: content)
            message.append(contentsOf: isNoValue)
            message.append(text: failure.reason)
            message.append(contentsOf: expected)
        case .outOfBounds:
            message.append(quoted: content)
            message.append(contentsOf: outside)
        case .patternMismatch:
            message.append(quoted: content)
            message.append(contentsOf: mismatch)
        case .brokenUTF8(let offset, let byte):
            message.append(text: "the text is not UTF-8: byte ")
            message.append(decimal: offset)
            message.append(text: " of it is 0x")
            message.append(text: SHA256Stream.hex([byte]))
            // Quotes are ASCII: the field breaks where its content does.
            message.append(text: "; see byte ")
            message.append(decimal: start + (UTF8Scan.firstInvalid(field) ?? 0))
            message.append(text: " of the file")
        }
    }
}
