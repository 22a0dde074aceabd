package import LakeModel

/// Texts as files have them for a type: most are right, some nearly so.
package enum ValueTexts {
    private static let edges: [PhysicalKind: [String]] = [
        .whole: [
            "0", "-0", "+7", "007", "2147483647", "2147483648", "-2147483648", "-2147483649", "9223372036854775807",
            "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "12345678", "123456789",
            "1234567890123456", "12345678901234567", "00000000000000000000000001", "-", "+", "1-", "1 2", "1.0", "1e3",
            "99999999", "100000000", "18446744073709551616", "/", ":", "1:", "12/4", "-00000000000000000000",
        ],
        .fraction: [
            "0.1", "-.5", "5.", ".", "1e5", "1E-5", "1e", "1e+", "e5", "1.7976931348623157e308", "1.8e308", "4.9e-324",
            "2.4703282292062327e-324", "9007199254740993", "0.1e-400", "123456789012345678901234567890.12345678",
            "99999999999999999999999999999999999999", "100000000000000000000000000000000000000", "1e-10",
            "3.4028235e38",
            "3.4028236e38", "1.17549435e-38", "nan", "-NaN", "inf", "-Infinity", "+inf", "infinit", "16777217", "1_0",
            "0x1p3", "1.5e99999999999999999999", "0e99999999999", "-0.0", "7.038531e-26", "8.5e-5", "1.00",
            "12345678.90",
            "9.99", "9999999.99", "10000000.00", "0.000000000000000000000000000000000000000001e42",
        ],
        .time: [
            "2021-11-07", "2021-11-07T02:48:42Z", "2021-11-07 02:48:42", "2021-11-07t02:48", "2021-02-29", "2020-02-29",
            "1900-02-29", "2000-02-29", "0001-01-01", "0000-01-01", "9999-12-31T23:59:59.999999Z",
            "9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00", "2021-11-07T02:48:42.5+02:00",
            "2021-11-07T24:00:00", "2021-11-07T23:60:00", "2021-11-07T23:59:60", "2021-11-07T02:48:42.1234567",
            "2021-11-07T02:48:42.1234560", "2021-11-07T02:48:42 UTC", "2021-11-07T02:48:42+0530",
            "2021-11-07T02:48:42-08",
            "2021-11-07T02:48:42+19:00", "2021-1-07", "1969-12-31T23:59:59.999999", "02:48:42", "23:59", "02:48:42,5",
            "2021-11-07T02:48:42.", "2021-11-07T", "2021-13-01", "2021-00-01", "2021-01-00", "2021-04-31",
            "2021/11/07T02:48:42Z", "2021-11-07T02:48:42z", "2021-11-07T02:48:42+18:59", "2021-11-07T02:48:42Zx",
        ],
        .other: [
            "true", "FALSE", "t", "F", "yes", "No", "y", "N", "1", "0", "tru", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            "F81D4FAE7DEC11D0A76500A0C91E6BF6", "f81d4fae-7dec-11d0-a765-00a0c91e6bf", "0x0aff", "\\xC0FFEE", "abc",
            "c0ffee",
            "f81d4fae-7dec-11d0-a76500a0c91e6bf6-", "0x", "ann", "a text of more than thirty-two bytes, without end",
            "å",
            "日本語", "x,y", "say \"so\"", "two\nlines", "two\r\nlines", " x ", "5\" disk", "😀", "\u{FFFD}", "'", "",
        ],
    ]

    private enum PhysicalKind { case whole, fraction, time, other }

    private static let mutator = Mutator(
        words: ["-", "+", ".", "e", "0", "9", ":", "T", "Z", " ", "00", "99999999"].map { Array($0.utf8) })

    /// A text for `type`, or, seldom, for another one.
    package static func text(_ type: PrimitiveType, _ random: inout FuzzRandom) -> [UInt8] {
        let kind: PhysicalKind =
            switch type {
            case .int, .long: .whole
            case .float, .double, .decimal: random.oneIn(3) ? .whole : .fraction
            case .date, .time, .timestamp, .timestamptz: .time
            case .boolean, .string, .uuid, .fixed, .binary: .other
            }
        if type != .string, random.oneIn(2) { return made(type, &random) }
        var text = Array(random.pick(edges[kind] ?? [""]).utf8)
        if random.oneIn(6) { mutator.mutate(&text, stepsMax: 2, using: &random) }
        if random.oneIn(12) { text = random.pick([[0x20], [0x09], [0x20, 0x20]]) + text }
        if random.oneIn(12) { text += random.pick([[0x20], [0x09], [0x20, 0x20]]) }
        return text
    }

    /// A text with random digits in the type's form.
    private static func made(_ type: PrimitiveType, _ random: inout FuzzRandom) -> [UInt8] {
        func digits(_ count: Int, _ random: inout FuzzRandom) -> String {
            String((0..<count).map { _ in Character(String(random.below(10))) })
        }
        func two(_ end: Int, _ random: inout FuzzRandom) -> String {
            let value = random.below(end)
            return value < 10 ? "0\(value)" : "\(value)"
        }
        func date(_ random: inout FuzzRandom) -> String {
            "\(digits(4, &random))-\(two(13, &random))-\(two(32, &random))"
        }
        func time(_ random: inout FuzzRandom) -> String {
            let seconds = random.oneIn(4) ? "" : ":\(two(61, &random))"
            let fraction = random.oneIn(2) || seconds.isEmpty ? "" : ".\(digits(1 + random.below(8), &random))"
            return "\(two(25, &random)):\(two(60, &random))\(seconds)\(fraction)"
        }
        let sign = random.oneIn(3) ? random.pick(["-", "+"]) : ""
        let text: String
        switch type {
        case .boolean: text = random.pick(["true", "false", "1", "0", "Y", "n", "TRUE", "tRue"])
        case .int, .long: text = sign + digits(random.below(22), &random)
        case .float, .double, .decimal:
            let whole = digits(random.below(random.oneIn(8) ? 50 : 12), &random)
            let fraction = random.oneIn(3) ? "" : "." + digits(random.below(random.oneIn(8) ? 50 : 12), &random)
            let exponent =
                random.oneIn(3) ? "e\(random.pick(["-", "+", ""]))\(digits(1 + random.below(3), &random))" : ""
            text = sign + whole + fraction + exponent
        case .date: text = date(&random)
        case .time: text = time(&random)
        case .timestamp, .timestamptz:
            let zone = random.oneIn(2) ? "" : random.pick(["Z", "+00:00", "-11:30", "+14", "+0545", " UTC", " +01:00"])
            text = date(&random) + random.pick(["T", " "]) + time(&random) + zone
        case .uuid, .fixed, .binary:
            let count = type == .uuid ? 32 : random.below(10)
            text = String((0..<count).map { _ in Character(String(random.below(16), radix: 16)) })
        case .string: text = ""
        }
        return Array(text.utf8)
    }
}
