import LakeModel

/// What is no S3: a document that cannot be read. Code: `xml-malformed`.
package struct S3ProtocolError: LakeError {
    package var code: String
    package var message: String
    package var remedy: String?

    package static let malformedXML = S3ProtocolError(
        code: "xml-malformed", message: "the XML is not well-formed, too deep or too large",
        remedy: "check that the other side speaks S3")
}
