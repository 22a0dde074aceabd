import Testing

@testable import LakeModel

struct ModelFileTests {
    @Test func `the built-in hiring model declares three tables, three gold tables and four analytics`() throws {
        let model = try HiringModel.declaration()
        #expect(model.tables.map(\.name) == ["departments", "jobs", "hired_employees"])
        #expect(model.gold.map(\.name) == ["quarterly_hires", "department_metrics", "employee_analytics"])
        #expect(
            model.analytics.map(\.name) == [
                "quarterly-hires", "departments-above-mean", "department-metrics", "employee-analytics",
            ])
        #expect(model.analytics.allSatisfy { $0.gold != nil && $0.trino != nil })
        let employees = try #require(model.table(named: "hired_employees"))
        #expect(employees.silverName == "employees_cleaned")
        #expect(employees.silverSchema.fields.map(\.name).suffix(2) == ["hire_year", "hire_quarter"])
        #expect(employees.silverSchema.identifierFieldIDs == [1])
        #expect(employees.silverSchema.fields[0].required)
        #expect(!employees.silverSchema.fields[3].required)
    }

    @Test(arguments: [
        ("tables:\n  - name: t\n    colums: []", "model-key-unknown", 3),
        ("tables:\n  - name: t\n    columns:\n      - {name: a, type: text}", "model-type-unknown", 4),
        ("tables:\n  - name: t\n    columns:\n      - {name: a, type: int}\n    key: [b]", "model-column-unknown", 5),
        ("tables:\n  - name: 1t\n    columns: []", "model-name-invalid", 2),
        ("tables:\n  - name: t\n    columns:\n      - {name: a, type: int, min: 3, max: 2}", "model-range", 4),
        ("tables:\n  - name: t\n    columns:\n      - {name: a, type: double}\n    key: [a]", "model-key-type", 2),
        ("version: 9", "model-version", 1),
        ("gold:\n  - {name: g, sql: SELECT 1}", "model-gold-inputs", 2),
        ("analytics:\n  - {name: q, sql: SELECT 1, trino: SELECT 1}", "model-trino-reference", 2),
        (
            "analytics:\n  - {name: q, sql: SELECT 1 FROM silver.a, trino: SELECT 1 FROM silver.b}",
            "model-trino-reference", 2
        ),
        (
            "analytics:\n  - {name: q, sql: SELECT 1 FROM silver.a, trino: 'SELECT 1 FROM silver.a, gold.g'}",
            "model-trino-reference", 2
        ),
        ("gold:\n  - {name: g, sql: SELECT 1, columns: [{name: a, type: uuid}]}", "model-gold-type", 2),
        ("gold:\n  - {name: g, from: [h], sql: SELECT 1}", "model-gold-unknown", 2),
        ("gold:\n  - {name: g, from: g, sql: SELECT 1}", "model-gold-cycle", 2),
        (
            "gold:\n  - {name: a, from: [b], sql: SELECT 1}\n  - {name: b, from: [a], sql: SELECT 1}",
            "model-gold-cycle", 2
        ),
        (
            "gold:\n  - {name: a, from: [b], sql: SELECT * FROM Gold . \"B\"}\n  - {name: b, from: a, sql: S}",
            "model-gold-reference", 2
        ),
        ("analytics:\n  - name: q\n    from: [g]\n    sql: SELECT 1", "model-gold-unknown", 3),
        ("tables:\n  - name: t\n    columns:\n      - {name: a, type: int}\n    sort: [b]", "model-column-unknown", 5),
        (
            "tables:\n  - name: t\n    columns:\n      - {name: a, type: int}\n    undeclared: evolve",
            "model-not-built", 5
        ),
    ])
    func `a mistake is named with its line`(_ yaml: String, _ code: String, _ line: Int) throws {
        let error = try #require(throws: ModelError.self) { try ModelFile.parse(yaml, source: "model.yaml") }
        #expect(error.code == code)
        #expect(error.place?.line == line)
        #expect(error.remedy != nil)
    }

    @Test func `a reference needs a table with one key column`() throws {
        let yaml = """
            tables:
              - name: t
                columns: [{name: a, type: int}]
                references: [{column: a, table: nowhere}]
            """
        let error = try #require(throws: ModelError.self) { try ModelFile.parse(yaml, source: "model.yaml") }
        #expect(error.code == "model-reference-unknown")
    }

    @Test func `column names and aliases collide regardless of case`() throws {
        let yaml =
            "tables:\n  - name: t\n    columns:\n      - {name: a, type: int}\n      - {name: b, aliases: [A], type: int}"
        let error = try #require(throws: ModelError.self) { try ModelFile.parse(yaml, source: "model.yaml") }
        #expect(error.code == "model-name-repeated")
    }
}
