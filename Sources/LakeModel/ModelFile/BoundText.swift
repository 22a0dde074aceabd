/// The bounds of a column's range as the model file writes them.
enum BoundText {
    static func datum(_ text: String, _ type: PrimitiveType) -> Datum? {
        switch type {
        case .int: Int32(text).map(Datum.int)
        case .long: Int64(text).map(Datum.long)
        case .float: Float(text).flatMap { $0.isNaN ? nil : .float($0) }
        case .double: Double(text).flatMap { $0.isNaN ? nil : .double($0) }
        case .decimal(_, let scale): decimal(text, scale: scale)
        case .date: days(text).map { .int(Int32($0)) }
        case .timestamp, .timestamptz: days(text).map { .long(Int64($0) * 86_400_000_000) }
        default: nil
        }
    }

    static func isLess(_ left: Datum, _ right: Datum) -> Bool {
        switch (left, right) {
        case (.int(let left), .int(let right)): left < right
        case (.long(let left), .long(let right)): left < right
        case (.float(let left), .float(let right)): left < right
        case (.double(let left), .double(let right)): left < right
        case (.decimal(let left), .decimal(let right)): left < right
        default: false
        }
    }

    private static func decimal(_ text: String, scale: Int) -> Datum? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = parts.first else { return nil }
        let fraction = parts.count == 2 ? parts[1] : ""
        guard fraction.utf8.count <= scale, fraction.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int128(whole + fraction + String(repeating: "0", count: scale - fraction.utf8.count)).map(Datum.decimal)
    }

    /// Days since 1970 of `yyyy-mm-dd`, an optional `T00:00:00Z` behind it.
    private static func days(_ text: String) -> Int? {
        let date = text.hasSuffix("T00:00:00Z") ? String(text.dropLast(10)) : text
        let parts = date.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 3, let year = parts[0], let month = parts[1], let day = parts[2],
            (1...9999).contains(year), (1...12).contains(month),
            (1...CivilDate.daysInMonth(year: year, month: month)).contains(day)
        else { return nil }
        return CivilDate.days(year: year, month: month, day: day)
    }
}
