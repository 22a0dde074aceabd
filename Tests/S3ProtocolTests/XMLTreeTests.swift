import LakeTesting
import S3Protocol
import Testing

struct XMLTreeTests {
    @Test func `a document is read with its escapes`() throws {
        let tree = try XMLTree(
            Array(
                """
                <?xml version="1.0"?><!-- a --><Delete xmlns="http://s3/" a='>'><Object><Key>a&amp;b&#x20;&#233;<![CDATA[<c>]]></Key>
                </Object><Quiet/></Delete>
                """.utf8))
        #expect(tree.name == "Delete" && tree.child("Object")?.child("Key")?.text == "a&b é<c>")
        #expect(tree.child("Quiet")?.text == "")
    }

    @Test(arguments: [
        "", "<a>", "<a></b>", "<a/><b/>", "text", "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "<a>&b;</a>",
        "<a>&#0;</a>", "<a b></a>", "<a b=\"></a>", "<a", "</a>", "<a>&amp</a>", "<a>\u{0}<", "<a><!-- </a>",
    ])
    func `what is malformed or declares anything is refused`(text: String) {
        #expect(throws: S3ProtocolError.self) { try XMLTree(Array(text.utf8)) }
    }

    @Test func `depth and number of elements have a limit`() {
        let deep = String(repeating: "<a>", count: 100_000)
        #expect(throws: S3ProtocolError.self) { try XMLTree(Array(deep.utf8)) }
        let wide = "<a>" + String(repeating: "<b/>", count: XMLTree.elementsMax) + "</a>"
        #expect(throws: S3ProtocolError.self) { try XMLTree(Array(wide.utf8)) }
    }

    @Test func `garbage is read or refused`() {
        var random = SeededRandom()
        let pieces = [
            "<", ">", "/", "a", "&", ";", "&amp;", "<a>", "</a>", "=", "\"", "<![CDATA[", "]]>", "<!--", "-->", "?",
        ]
        for _ in 0..<5_000 {
            var text = "<a>"
            for _ in 0..<Int.random(in: 0...15, using: &random) { text += pieces.randomElement(using: &random) ?? "" }
            _ = try? XMLTree(Array(text.utf8))
        }
    }
}
