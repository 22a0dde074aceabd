/// Formats of times: MySQL's, which `date_format` takes, and Joda's, which `format_datetime` takes, as the engine writes
/// them (those of `strftime`).
enum TimeFormats {
    private static let ofMySQL: [Character: String] = [
        "a": "%a", "b": "%b", "c": "%-m", "d": "%d", "e": "%-d", "f": "%f", "H": "%H", "h": "%I", "I": "%I", "i": "%M",
        "j": "%j", "k": "%-H", "l": "%-I", "M": "%B", "m": "%m", "p": "%p", "r": "%I:%M:%S %p", "S": "%S", "s": "%S",
        "T": "%H:%M:%S", "v": "%V", "W": "%A", "x": "%G", "Y": "%Y", "y": "%y", "%": "%%",
    ]

    /// - Throws: ``TrinoSQLError`` for a specifier that has no counterpart.
    static func mySQL(_ text: String, _ location: SourceLocation) throws -> String {
        var result = ""
        var rest = text[...]
        while let character = rest.popFirst() {
            guard character == "%" else {
                result.append(character)
                continue
            }
            guard let mark = rest.popFirst() else { break }
            if "DUuVwX".contains(mark) { throw TrinoSQLError.unsupported("%\(mark) in a format of dates", location) }
            // Any other character stands for itself.
            result += ofMySQL[mark] ?? String(mark)
        }
        return result
    }

    private static let ofJoda: [String: String] = [
        "yyyy": "%Y", "y": "%Y", "yy": "%y", "YYYY": "%Y", "xxxx": "%G", "M": "%-m", "MM": "%m", "MMM": "%b",
        "MMMM": "%B", "d": "%-d", "dd": "%d", "D": "%-j", "DDD": "%j", "H": "%-H", "HH": "%H", "h": "%-I", "hh": "%I",
        "m": "%-M", "mm": "%M", "s": "%-S", "ss": "%S", "SSS": "%g", "SSSSSS": "%f", "a": "%p", "E": "%a", "EE": "%a",
        "EEE": "%a", "EEEE": "%A", "e": "%u", "w": "%V", "ww": "%V", "Z": "%z", "ZZZ": "UTC", "z": "UTC",
    ]

    /// - Throws: ``TrinoSQLError`` for a letter that has no counterpart.
    static func joda(_ text: String, _ location: SourceLocation) throws -> String {
        var result = ""
        var rest = text[...]
        while let character = rest.first {
            if character == "'" {
                rest = rest.dropFirst()
                let quoted = rest.prefix { $0 != "'" }
                rest = rest.dropFirst(quoted.count + 1)
                result +=
                    quoted.isEmpty
                    ? "'" : quoted.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "%%")
            } else if character.isASCII, character.isLetter {
                let run = rest.prefix { $0 == character }
                rest = rest.dropFirst(run.count)
                guard let found = ofJoda[String(run)] else {
                    throw TrinoSQLError.unsupported("'\(run)' in a format of dates", location)
                }
                result += found
            } else {
                rest = rest.dropFirst()
                result += character == "%" ? "%%" : String(character)
            }
        }
        return result
    }
}
