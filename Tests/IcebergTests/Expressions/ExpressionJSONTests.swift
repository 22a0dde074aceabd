import AvroFormat
import LakeModel
import Testing

@testable import Iceberg

@Suite struct ExpressionJSONTests {
    private static let schema = Schema(
        id: 0,
        fields: [
            SchemaField(id: 1, name: "id", type: .long, required: true),
            SchemaField(id: 2, name: "Name", type: .string, required: false),
            SchemaField(id: 3, name: "small", type: .int, required: false),
            SchemaField(
                id: 4, name: "at", type: .structure([SchemaField(id: 5, name: "day", type: .date, required: false)]),
                required: false),
            SchemaField(
                id: 6, name: "tags", type: .list(elementID: 7, element: .primitive(.string), elementRequired: false),
                required: false),
        ])

    private static func read(_ text: String, sensitive: Bool = true) throws -> Iceberg.Expression {
        try Expression.parse(try JSONValue.parse(Array(text.utf8)), schema: schema, isCaseSensitive: sensitive)
    }

    @Test func `both forms of a filter mean the same`() throws {
        let pairs: [(String, String, Iceberg.Expression)] = [
            (
                #"{"type":"eq","term":"id","value":5}"#,
                #"{"type":"eq","left":{"type":"reference","name":"id"},"right":{"type":"literal","value":5}}"#,
                .equal("id", .long(5))
            ),
            (
                #"{"type":"in","term":"Name","values":["a","b"]}"#,
                #"{"type":"in","child":{"type":"reference","id":2},"values":{"type":"literals","values":["a","b"],"data-type":"string"}}"#,
                .isIn(column: "Name", [.string("a"), .string("b")])
            ),
            (
                #"{"type":"is-null","term":"at.day"}"#,
                #"{"type":"is-null","child":{"type":"reference","name":"at.day"}}"#, .isNull(column: "at.day")
            ),
        ]
        for (old, new, wanted) in pairs {
            #expect(try Self.read(old) == wanted)
            #expect(try Self.read(new) == wanted)
        }
        let both = try Self.read(
            #"{"type":"and","left":{"type":"gt","term":"id","value":1},"right":{"type":"lt-eq","term":"at.day","value":"1970-01-03"}}"#
        )
        #expect(
            both
                == .and(
                    .compare(column: "id", .greater, .long(1)), .compare(column: "at.day", .lessOrEqual, .int(2))))
        for (text, wanted) in [("true", Iceberg.Expression.alwaysTrue), (#"{"type":"false"}"#, .alwaysFalse)] {
            #expect(try Self.read(text) == wanted)
        }
    }

    /// A file of nulls may hold what "is not 5" asks for, in the eyes of some readers.
    @Test func `a negation is that of its parts and leaves nulls in`() throws {
        let unequal = Iceberg.Expression.or(.isNull(column: "id"), .compare(column: "id", .notEqual, .long(5)))
        #expect(try Self.read(#"{"type":"not-eq","term":"id","value":5}"#) == unequal)
        #expect(try Self.read(#"{"type":"not","child":{"type":"eq","term":"id","value":5}}"#) == unequal)
        #expect(
            try Self.read(
                #"{"type":"not","child":{"type":"or","left":{"type":"lt","term":"id","value":5},"right":{"type":"not-null","term":"Name"}}}"#
            )
                == .and(.compare(column: "id", .greaterOrEqual, .long(5)), .isNull(column: "Name")))
        #expect(
            try Self.read(#"{"type":"not","child":{"type":"starts-with","term":"Name","value":"a"}}"#)
                == .or(.isNull(column: "Name"), .not(.startsWith(column: "Name", "a"))))
    }

    @Test func `what files can't tell leaves none out, negated or not`() throws {
        let transformed = #"{"type":"eq","term":{"type":"transform","transform":"bucket[4]","term":"id"},"value":3}"#
        let texts = [
            transformed, #"{"type":"is-null","term":"tags.element"}"#, #"{"type":"is-null","term":"at"}"#,
            #"{"type":"eq","left":{"type":"apply","function":"f","arguments":[]},"right":1}"#,
            #"{"type":"eq","left":{"type":"reference","name":"id"},"right":{"type":"reference","name":"small"}}"#,
            #"{"type":"eq","term":"small","value":4294967296}"#,
        ]
        for text in texts {
            for wrapped in [text, #"{"type":"not","child":\#(text)}"#] {
                #expect(try Self.read(wrapped).bound(to: Self.schema) == .always, "\(wrapped)")
            }
        }
    }

    @Test func `names are told apart by case only when the client wants it`() throws {
        #expect(throws: IcebergError.self) { try Self.read(#"{"type":"is-null","term":"name"}"#) }
        #expect(try Self.read(#"{"type":"is-null","term":"NAME"}"#, sensitive: false) == .isNull(column: "Name"))
    }

    @Test(arguments: [
        "5", "{}", "null", #""id""#, #"{"type":"like","term":"id","value":1}"#, #"{"type":"eq","term":"id"}"#,
        #"{"type":"eq","value":1}"#, #"{"type":"eq","term":"none","value":1}"#,
        #"{"type":"eq","term":"id","value":"x"}"#,
        #"{"type":"in","term":"id"}"#, #"{"type":"and","left":true}"#, #"{"type":"starts-with","term":"id","value":1}"#,
        #"{"type":"is-null","child":{"type":"reference","id":99}}"#,
    ])
    func `a filter that means nothing is refused`(text: String) throws {
        let error = #expect(throws: IcebergError.self) { try Self.read(text) }
        #expect(error?.kind == .expressionInvalid)
    }

    @Test func `a filter nested without end is refused`() throws {
        let deep =
            String(repeating: #"{"type":"not","child":"#, count: 600) + "true" + String(repeating: "}", count: 600)
        #expect(throws: (any Error).self) { try Self.read(deep) }
    }
}
