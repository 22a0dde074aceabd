import AvroFormat
import LakeModel

/// JSON texts and the Avro schemas in them: what is read is written to what reads the same.
package struct JSONTarget: FuzzTarget {
    package static let name = "json"

    private static let seeds: [[UInt8]] = [
        #"{"type":"record","name":"r","fields":[{"name":"a","type":["null",{"type":"map","values":"r"}],"default":null}]}"#,
        #"[1,-0,1.5e3,"a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00",true,false,null,{},[],{"a":{"b":[[]]}}]"#,
        #"{"type":"fixed","size":16,"name":"n.s.d","logicalType":"decimal","precision":38,"scale":2}"#,
        #"{"type":"enum","name":"e","symbols":["A","B"],"doc":"é"}"#, "  \"x\" ", "9223372036854775808",
    ].map { Array($0.utf8) }
    private static let mutator = Mutator(
        words: [
            "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud800", "null", "true", "-", "1e999", "0", ".",
            "\"type\":\"record\"", "\"items\":", "\"fields\":[", "99999999999999999999", "\u{0}", "[[[[[[[[",
        ].map { Array($0.utf8) })

    package init() {}

    package mutating func runOnce(_ random: inout FuzzRandom) throws {
        var bytes = random.pick(Self.seeds)
        if random.oneIn(50) { bytes = [UInt8](repeating: UInt8(ascii: "["), count: random.below(5000)) }
        Self.mutator.mutate(&bytes, stepsMax: 6, other: random.pick(Self.seeds), using: &random)
        do {
            let value = try JSONValue.parse(bytes)
            let again = try JSONValue.parse(value.serialized())
            try require(again == value, "it is written as \(value.serializedText) and reads back otherwise", bytes)
            let schema = try AvroSchema.parse(bytes)
            let written = schema.json.serialized()
            try require(try AvroSchema.parse(written) == schema, "the schema reads back otherwise", bytes)
        } catch let error as any LakeError {
            try require(error is AvroError, "an error of another target: \(error)", bytes)
        }
    }
}
