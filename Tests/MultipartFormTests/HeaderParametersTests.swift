import Testing

@testable import MultipartForm

struct HeaderParametersTests {
    @Test func `tokens and quoted strings`() throws {
        let header = try #require(HeaderParameters("Multipart/Form-Data ; Boundary=\"a;b\" ; charset = utf-8;"))
        #expect(header.value == "multipart/form-data")
        #expect(header.parameters == ["boundary": "a;b", "charset": "utf-8"])
    }

    @Test(arguments: ["", ";a=b", "x; a", "x; a=\"b", "x; a=1; A=2", "x; a=\"b\"c"])
    func `other forms are refused`(text: String) { #expect(HeaderParameters(text) == nil) }
}
