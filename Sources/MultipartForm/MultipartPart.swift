/// The head of one part.
package struct MultipartPart: Sendable, Hashable {
    /// The name of the form's field.
    package var name: String
    /// As the client gave it; nothing to build a path from.
    package var fileName: String?
    package var contentType: String?
    /// `Content-Transfer-Encoding` in lower case, which RFC 7578 advises against.
    package var transferEncoding: String?
    /// The part's first byte in the body.
    package var byteOffset: Int
}
