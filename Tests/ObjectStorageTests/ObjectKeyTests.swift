import ObjectStorage
import Testing

@Suite struct ObjectKeyTests {
    @Test func `keys at the limits pass, one byte more fails`() throws {
        let part = String(repeating: "x", count: ObjectKey.partBytesMax)
        try ObjectKey.validate(part)
        #expect(throws: ObjectStoreError.self) { try ObjectKey.validate(part + "x") }
        // 4 × 255 bytes and three slashes are 1023.
        let key = [String](repeating: part, count: 4).joined(separator: "/")
        try ObjectKey.validate(key)
        #expect(throws: ObjectStoreError.self) { try ObjectKey.validate(key + "/x") }
        // Two bytes of UTF-8 each.
        #expect(throws: ObjectStoreError.self) { try ObjectKey.validate(String(repeating: "é", count: 128)) }
    }

    @Test func `an error does not carry control characters on`() {
        let error = #expect(throws: ObjectStoreError.self) { try ObjectKey.validate("a\u{1B}[2J") }
        #expect(error?.message.unicodeScalars.contains("\u{1B}") == false)
    }
}
