import CatalogService
import Testing

@Suite struct LocationPolicyTests {
    private let policy = LocationPolicy(warehouse: "file:///data/lake/warehouse", further: ["/tmp"])

    @Test func `spellings of one place are one place`() {
        for text in ["file:/a/b", "file:///a/b/", "file://localhost/a//b", "/a/b", "FILE:///a/b"] {
            #expect(LocationPolicy.canonical(text) == "file:///a/b", "\(text)")
        }
        #expect(LocationPolicy.canonical("s3://bucket/a/") == "s3://bucket/a")
    }

    @Test(arguments: [
        "file:///data/lake/warehouse/ns/t", "file:/data/lake/warehouse/t", "/tmp/t", "file:/tmp/ns/table",
    ])
    func `what lies inside is allowed`(location: String) { #expect(policy.allows(location)) }

    @Test(arguments: [
        "", "/", "file:///data/lake/warehouse", "file:///data/lake/warehouse/", "file:///data/lake/warehouse2/t",
        "file:///data/lake/csv-files/x", "file:///data/lake/warehouse/../csv-files", "file:///data/lake/warehouse/./t",
        "file:///data/lake/warehouse/%2E%2E/t", "file://other/data/lake/warehouse/t", "s3://data/lake/warehouse/t",
        "http://127.0.0.1/data/lake/warehouse/t", "file:///data/lake/warehouse/t?x", "file:///data/lake/warehouse/t#x",
        "file:///data/lake/warehouse/\u{0}t", "tmp/t", "file:///tmpx/t",
    ])
    func `what lies elsewhere is refused`(location: String) {
        #expect(!policy.allows(location))
        #expect(throws: CatalogError.self) { try policy.check(location) }
    }
}
