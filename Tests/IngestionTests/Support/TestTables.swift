import LakeModel

@testable import Ingestion

/// Tables that the scenarios use.
enum TestTables {
    /// `id,name,day`, by id, partitioned by the year and quarter of the day.
    static func items(
        name: String = "items", conflict: ConflictAction = .replace, references: [Reference] = []
    ) -> TableDeclaration {
        TableDeclaration(
            name: name, silverName: "\(name)_cleaned",
            columns: [
                ColumnDeclaration(name: "id", type: .long),
                ColumnDeclaration(name: "name", type: .string, required: true),
                ColumnDeclaration(name: "day", type: .date),
            ], key: ["id"],
            derived: [
                DerivedColumn(name: "day_year", part: .year, source: "day"),
                DerivedColumn(name: "day_quarter", part: .quarter, source: "day"),
            ], partition: ["day_year", "day_quarter"], references: references, conflict: conflict)
    }

    /// `code,amount`, by a text.
    static let codes = TableDeclaration(
        name: "codes", silverName: "codes_cleaned",
        columns: [ColumnDeclaration(name: "code", type: .string), ColumnDeclaration(name: "amount", type: .int)],
        key: ["code"])

    /// `site,part,amount`, by two columns.
    static let stock = TableDeclaration(
        name: "stock", silverName: "stock_cleaned",
        columns: [
            ColumnDeclaration(name: "site", type: .string), ColumnDeclaration(name: "part", type: .int),
            ColumnDeclaration(name: "amount", type: .int),
        ], key: ["site", "part"])

    /// `at,what`, without a key.
    static let events = TableDeclaration(
        name: "events", silverName: "events_cleaned",
        columns: [
            ColumnDeclaration(name: "at", type: .int, required: true), ColumnDeclaration(name: "what", type: .string),
        ])

    /// `id,label`: what other tables refer to.
    static let groups = TableDeclaration(
        name: "groups", silverName: "groups_cleaned",
        columns: [ColumnDeclaration(name: "id", type: .int), ColumnDeclaration(name: "label", type: .string)],
        key: ["id"])

    /// `id,group_id`, where the group must or should exist.
    static func members(_ action: Reference.Action) -> TableDeclaration {
        TableDeclaration(
            name: "members", silverName: "members_cleaned",
            columns: [ColumnDeclaration(name: "id", type: .int), ColumnDeclaration(name: "group_id", type: .int)],
            key: ["id"], references: [Reference(column: "group_id", table: "groups", action: action)])
    }
}

extension JobReceipt.Rows {
    /// Counts in words, those that are not zero.
    var text: String {
        let all = [
            ("read", read), ("accepted", accepted), ("inserted", inserted), ("updated", updated),
            ("unchanged", unchanged), ("superseded", superseded), ("deleted", deleted), ("ignored", ignored),
            ("rejected", rejected), ("blank", blank),
        ]
        return all.filter { $0.1 != 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    }
}
