/// What bytes that are no CSV look like.
enum BinarySignature {
    private struct Signature {
        let bytes: [UInt8]
        let name: String
        let remedy: String
    }

    private static let convert = "export the table as CSV and upload that"
    private static let unpack = "unpack it and upload the CSV files inside"

    private static let signatures: [Signature] = [
        Signature(bytes: [0x50, 0x4B, 0x03, 0x04], name: "a zip archive or an Excel workbook", remedy: unpack),
        Signature(bytes: [0x50, 0x4B, 0x05, 0x06], name: "an empty zip archive", remedy: unpack),
        Signature(bytes: Array("PAR1".utf8), name: "a Parquet file", remedy: convert),
        Signature(
            bytes: [0x1F, 0x8B], name: "gzip-compressed data", remedy: "say that it is compressed, or unpack it"),
        Signature(
            bytes: [0x28, 0xB5, 0x2F, 0xFD], name: "zstd-compressed data",
            remedy: "say that it is compressed, or unpack it"),
        Signature(bytes: Array("BZh".utf8), name: "bzip2-compressed data", remedy: unpack),
        Signature(bytes: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], name: "xz-compressed data", remedy: unpack),
        Signature(bytes: Array("%PDF".utf8), name: "a PDF document", remedy: convert),
        Signature(bytes: Array("Obj\u{1}".utf8), name: "an Avro file", remedy: convert),
        Signature(bytes: Array("SQLite format 3\0".utf8), name: "an SQLite database", remedy: convert),
        Signature(bytes: [0xD0, 0xCF, 0x11, 0xE0], name: "an old Excel workbook", remedy: convert),
        Signature(bytes: Array("{\"".utf8), name: "JSON", remedy: "send JSON rows to the batch endpoint"),
        Signature(bytes: Array("[{".utf8), name: "JSON", remedy: "send JSON rows to the batch endpoint"),
        Signature(bytes: Array("<?xml".utf8), name: "XML", remedy: convert),
        Signature(bytes: Array("<!DOCTYPE".utf8), name: "an HTML page", remedy: convert),
        Signature(bytes: Array("<html".utf8), name: "an HTML page", remedy: convert),
    ]

    private static let utf16Remedy = "save the file as UTF-8"

    /// Bytes at the start in which a byte 0 says that the file is no text. Later ones spoil only their row.
    private static let nulBytesChecked = 512

    /// Throws for bytes that are surely no CSV.
    static func check(_ bytes: [UInt8]) throws(CSVError) {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw notCSV("it begins with the byte order mark of UTF-16", utf16Remedy)
        }
        for signature in signatures where startsIgnoringCase(bytes, signature.bytes) {
            throw notCSV("it looks like \(signature.name)", signature.remedy)
        }
        let head = bytes.prefix(nulBytesChecked)
        guard let nul = head.firstIndex(of: 0) else { return }
        let nulCount = head.count { $0 == 0 }
        if nulCount * 3 >= head.count {
            throw notCSV("it has a byte 0 in every other place, as UTF-16 text has", utf16Remedy)
        }
        throw notCSV("byte \(nul) is 0, which text never has", convert)
    }

    /// Letters without regard to case, for the markup languages; the other signatures hold few letters.
    private static func startsIgnoringCase(_ bytes: [UInt8], _ signature: [UInt8]) -> Bool {
        guard bytes.count >= signature.count else { return false }
        let isMarkup = signature[0] == UInt8(ascii: "<")
        for (index, wanted) in signature.enumerated() where bytes[index] != wanted {
            let isLetter = (wanted | 0x20) >= UInt8(ascii: "a") && (wanted | 0x20) <= UInt8(ascii: "z")
            if !(isMarkup && isLetter && bytes[index] | 0x20 == wanted | 0x20) { return false }
        }
        return true
    }

    private static func notCSV(_ reason: String, _ remedy: String) -> CSVError {
        CSVError(.notCSV, "the file is not CSV: \(reason)", remedy: remedy)
    }
}
