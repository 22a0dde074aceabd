import Testing

@testable import GatewayHTTP

@Suite struct TrinoForwarderTests {
    @Test(arguments: [
        (#"{"id":"q1","nextUri":"http://c/v1"}"#, "http://c/v1"),
        (#"{"data":[[{"nextUri":"no"}]],"nextUri" : "yes"}"#, "yes"),
        (#"{"columns":[{"name":"nextUri"}],"data":[["\"nextUri\":\"no\""]]}"#, nil),
        (#"{"error":{"nextUri":"no"}}"#, nil), (#"{"nextUri":1,"x":"no"}"#, nil), (#"{"x":"nextUri","y":"no"}"#, nil),
        ("", nil), ("{\"nextUri\":\"", ""), ("{\"nextUri\":\"\\", nil), ("\"nextUri\":\"no\"", nil),
    ]) func `the next address is found where it stands, and nowhere else`(_ text: String, _ wanted: String?) {
        let json = Array(text.utf8)
        let found = TopLevel.string("nextUri", in: json).map { String(decoding: json[$0], as: UTF8.self) }
        #expect(found == wanted)
    }
}
