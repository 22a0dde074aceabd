import Access
package import S3Protocol

extension SignatureV4 {
    /// - Parameters:
    ///   - signedHeaders: in lower case, sorted, as the client names them.
    ///   - omitting: a parameter of the query that is no part of what is signed: the signature itself.
    package static func canonicalRequest(
        _ request: S3Request, signedHeaders: [String], payload: String, omitting: String? = nil
    ) -> String {
        canonicalRequest(
            SignedHead(method: request.method, path: request.path, query: request.query, headers: request.headers),
            signedHeaders: signedHeaders, payload: payload, omitting: omitting)
    }

    /// Takes as long for texts that differ as for equal ones.
    package static func isEqual(_ left: String, _ right: String) -> Bool {
        AccessBook.isEqual(Array(left.utf8), Array(right.utf8))
    }
}
