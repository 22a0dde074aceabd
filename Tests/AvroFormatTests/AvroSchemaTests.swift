import AvroFormat
import Testing

@Suite struct AvroSchemaTests {
    @Test(arguments: [
        #""long""#, #"["null","string"]"#, #"{"type":"long","logicalType":"timestamp-micros","adjust-to-utc":true}"#,
        #"{"type":"array","items":"long","element-id":133}"#,
        #"{"type":"map","values":"int","key-id":1,"value-id":2}"#,
        #"{"type":"enum","name":"e","symbols":["A","B"],"default":"A"}"#,
        #"{"type":"fixed","name":"f","size":7,"logicalType":"decimal","precision":9,"scale":2}"#,
        #"{"type":"record","name":"r","fields":[{"name":"a","type":["null","int"],"field-id":5,"default":null}]}"#,
    ])
    func `a schema keeps all its attributes`(_ text: String) throws {
        #expect(try AvroSchema.parse(text).json.serializedText == text)
    }

    @Test func `a record may name itself`() throws {
        let text = #"{"type":"record","name":"n","namespace":"a.b","fields":[{"name":"next","type":["null","n"]}]}"#
        let schema = try AvroSchema.parse(text)
        #expect(schema.namedTypes.keys.sorted() == ["a.b.n"])
        let list = AvroValue.record([
            .union(branch: 1, .record([.union(branch: 0, .null)]))
        ])
        let coding = AvroCodingSchema(schema)
        var encoder = AvroEncoder()
        try coding.encode(list, into: &encoder)
        #expect(encoder.bytes == [2, 0])
        var cursor = AvroCursor(encoder.bytes)
        #expect(try coding.decode(&cursor) == list)
    }

    @Test func `a wrapped type counts as its inner one`() throws {
        #expect(try AvroSchema.parse(#"{"type":{"type":"string"}}"#).kind == .string)
    }

    @Test(arguments: [
        "1", #""unknown""#, #"{"name":"x"}"#, #"{"type":"record","name":"r"}"#, #"{"type":"array"}"#,
        #"{"type":"fixed","name":"f","size":-1}"#, #"{"type":"enum","name":"e","symbols":[]}"#,
        #"{"type":"record","name":"r","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}"#,
        #"[{"type":"fixed","name":"f","size":1},{"type":"fixed","name":"f","size":2}]"#,
    ])
    func `an invalid schema is refused`(_ text: String) {
        let error = #expect(throws: AvroError.self) { try AvroSchema.parse(text) }
        #expect(error?.code == "avro-schema-invalid")
    }

    @Test func `a schema nested past the limit is refused`() {
        let depth = 100
        let text =
            String(repeating: #"{"type":"array","items":"#, count: depth) + #""int""#
            + String(repeating: "}", count: depth)
        #expect(throws: AvroError.self) { try AvroSchema.parse(text) }
    }
}
