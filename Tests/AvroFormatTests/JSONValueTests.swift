import AvroFormat
import LakeModel
import Testing

@Suite struct JSONValueTests {
    @Test(arguments: [
        "null", "true", "[]", "{}", "-0", "9223372036854775807", "-9223372036854775808", "1.50", "1E+400",
        "18446744073709551616", #""a\"\\\n\t\u0001é😀""#, #"{"b":[1,{"a":null}],"a":"x"}"#,
    ])
    func `a text comes back as it was`(_ text: String) throws {
        let expected = text == "-0" ? "0" : text
        #expect(try JSONValue.parse(text).serializedText == expected)
    }

    @Test func `escapes and surrogate pairs are read`() throws {
        #expect(try JSONValue.parse(#""\u00e9\ud83d\ude00\/\b\f""#).text == "é😀/\u{8}\u{c}")
    }

    @Test func `of a repeated key the last value counts`() throws {
        #expect(try JSONValue.parse(#"{"a":1,"a":2}"#)["a"]?.integer == 2)
    }

    @Test(arguments: [
        "", " ", "nul", "[1,]", "{\"a\" 1}", "{\"a\":1,}", "01", "1.", "1e", "--1", "+1", "\"", "\"\\x\"",
        "\"\\ud800\"",
        "\"\\ud800\\u0041\"", "\"\u{1}\"", "1 2", "{1:2}", "NaN", "[", "\"\\u12\"", "\"\\u-123\"",
    ])
    func `what is no JSON is refused with its place`(_ text: String) {
        let error = #expect(throws: AvroError.self) { try JSONValue.parse(text) }
        #expect(error?.code == "json-malformed")
        #expect(error?.place?.byteOffset != nil)
    }

    @Test func `bytes that are no UTF-8 are refused`() {
        #expect(throws: AvroError.self) { try JSONValue.parse([0x22, 0xFF, 0x22]) }
        #expect(throws: AvroError.self) { try JSONValue.parse([0x22, 0x5C, 0x6E, 0xC3, 0x22]) }
    }

    @Test func `deep nesting is refused before it takes the stack`() {
        let text = String(repeating: "[", count: 1_000_000)
        let error = #expect(throws: AvroError.self) { try JSONValue.parse(text) }
        #expect(error?.code == "avro-limit-exceeded")
    }
}
