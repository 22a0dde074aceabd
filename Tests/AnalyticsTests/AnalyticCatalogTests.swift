import LakeModel
import QueryEngine
import Testing

@testable import Analytics

struct AnalyticCatalogTests {
    private func code(_ path: [String], _ query: [String: String] = [:]) -> String {
        do {
            _ = try AnalyticCatalog.parameters(of: HiringAnalytics.quarterlyHires, path: path, query: query)
            return "none"
        } catch { return (error as? AnalyticsError)?.code ?? "other" }
    }

    @Test func `a year in the path becomes a typed parameter`() throws {
        let values = try AnalyticCatalog.parameters(of: HiringAnalytics.quarterlyHires, path: ["2021"])
        #expect(values == .named(["year": .integer(2021)]))
    }

    @Test func `a year in the query does as well`() throws {
        let values = try AnalyticCatalog.parameters(
            of: HiringAnalytics.quarterlyHires, path: [], query: ["year": "2021"])
        #expect(values == .named(["year": .integer(2021)]))
    }

    @Test(arguments: ["", "20x1", "2021.0", "+2021", " 2021", "٢٠٢١", "2021;drop table x", "0x7e5", "-"])
    func `what is no whole number is refused`(text: String) { #expect(code([text]) == "parameter-invalid") }

    @Test(arguments: ["0", "10000", "-1", "99999999999999999999999"])
    func `numbers outside the range are refused`(text: String) { #expect(code([text]) == "parameter-out-of-range") }

    @Test func `missing, doubled and unknown parameters have codes of their own`() {
        #expect(code([]) == "parameter-missing")
        #expect(code(["2021", "1"]) == "parameter-unknown")
        #expect(code(["2021"], ["month": "1"]) == "parameter-unknown")
        #expect(code(["2021"], ["year": "2021"]) == "parameter-unknown")
    }

    @Test func `an unknown analytic names those that exist`() throws {
        let catalog = try AnalyticCatalog(HiringAnalytics.declarations)
        let error = #expect(throws: AnalyticsError.self) { try catalog.declaration(named: "nix") }
        #expect(error?.code == "analytic-unknown")
        #expect(error?.remedy?.contains("departments-above-mean") == true)
    }

    @Test func `a name declared twice is refused`() {
        let twice = [HiringAnalytics.quarterlyHires, HiringAnalytics.quarterlyHires]
        #expect(throws: AnalyticsError.self) { try AnalyticCatalog(twice) }
    }

    @Test(
        arguments: [
            (PrimitiveType.boolean, "true", true), (.boolean, "1", false), (.double, "1e3", true),
            (.double, "nan", false), (.double, "0x1p3", false), (.date, "2024-02-29", true),
            (.date, "2023-02-29", false), (.date, "2023-2-9", false), (.timestamptz, "2021-11-07T02:48:42Z", true),
            (.timestamptz, "2021-11-07T02:48:42", false), (.timestamp, "2021-11-07T02:48:42.123456", true),
            (.timestamp, "2021-11-07T24:00:00", false), (.decimal(precision: 5, scale: 2), "123.45", true),
            (.decimal(precision: 5, scale: 2), "1234.5", false), (.decimal(precision: 5, scale: 2), "1.234", false),
            (.uuid, "123e4567-e89b-12d3-a456-426614174000", true), (.uuid, "123e4567", false),
            (.string, "'; drop table x", true),
        ])
    func `each type takes its own form only`(type: PrimitiveType, text: String, isValid: Bool) {
        let declaration = AnalyticDeclaration(
            name: "a", doc: "", parameters: [.init(name: "p", type: type)], sql: "SELECT $p")
        let values = try? AnalyticCatalog.parameters(of: declaration, path: [text])
        #expect((values != nil) == isValid)
    }
}

struct PageTests {
    @Test func `pages cover a list without gap or overlap`() throws {
        for count in [0, 1, 999, 1000, 1001, 2500] {
            var covered: [Int] = []
            for index in 0...(try Page().links(count: count).last) {
                covered += Array(try Page(page: "\(index)", size: nil).range(of: count))
            }
            #expect(covered == Array(0..<count))
        }
    }

    @Test func `links stop at both ends`() throws {
        let first = try Page(page: "0", size: "10").links(count: 25)
        #expect((first.previous, first.next, first.last) == (nil, 1, 2))
        let last = try Page(page: "2", size: "10").links(count: 25)
        #expect((last.previous, last.next) == (1, nil))
        let beyond = try Page(page: "9", size: "10")
        #expect(beyond.range(of: 25).isEmpty)
        #expect((beyond.links(count: 25).previous, beyond.links(count: 25).next) == (2, nil))
    }

    @Test(arguments: ["-1", "x", "", "+1", "99999999999999999999"])
    func `pages that cannot be are refused`(page: String) {
        #expect(throws: AnalyticsError.self) { try Page(page: page, size: nil) }
    }

    @Test(arguments: ["0", "10001", "-5", "1e2"])
    func `sizes that cannot be are refused`(size: String) {
        #expect(throws: AnalyticsError.self) { try Page(page: nil, size: size) }
    }
}
