/// A part of a list: `?page=0&size=1000`.
package struct Page: Sendable, Hashable {
    package static let sizeDefault = 1_000
    package static let sizeMax = 10_000

    /// 0-based.
    package let index: Int
    /// Rows a page, at least 1.
    package let size: Int

    /// Reads the texts of a URL; absent ones take their defaults.
    /// - Throws: ``AnalyticsError`` `page-invalid`.
    package init(page: String? = nil, size: String? = nil) throws {
        index = try Self.number(page, named: "page", default: 0, range: 0...(Int.max / Self.sizeMax - 1))
        self.size = try Self.number(size, named: "size", default: Self.sizeDefault, range: 1...Self.sizeMax)
    }

    /// Where the page's rows stand in a list of `count`; empty behind its end.
    package func range(of count: Int) -> Range<Int> {
        let start = min(index * size, count)
        return start..<min(start + size, count)
    }

    /// The pages that a `Link` header names, for a list of `count`. An empty list has one page.
    package func links(count: Int) -> Links {
        let last = max(0, (count - 1) / size)
        return Links(
            first: 0, previous: index > 0 ? min(index - 1, last) : nil, next: index < last ? index + 1 : nil, last: last
        )
    }

    /// Page indexes.
    package struct Links: Sendable, Hashable {
        package let first: Int
        package let previous: Int?
        package let next: Int?
        package let last: Int
    }

    private static func number(
        _ text: String?, named name: String, default: Int, range: ClosedRange<Int>
    ) throws -> Int {
        guard let text else { return `default` }
        guard let value = Int(text), range.contains(value), !text.hasPrefix("+") else {
            throw AnalyticsError(
                code: "page-invalid", message: "\(name) is not a whole number from \(range.lowerBound) on",
                remedy: "give a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }
}
