package import LakeModel

/// Why a body is no form, or one that passes a limit.
package struct MultipartError: LakeError {
    package enum Code: String, Sendable, Hashable, CaseIterable {
        /// The bytes are not what RFC 7578 and RFC 2046 describe.
        case malformed = "multipart-malformed"
        /// The last boundary is missing.
        case truncated = "multipart-truncated"
        /// More parts, headers or bytes than ``MultipartLimits`` allow.
        case limit = "multipart-limit"
    }

    package let kind: Code
    package let message: String
    package let remedy: String?
    package let place: Place?

    package init(_ kind: Code, _ message: String, remedy: String? = nil, place: Place? = nil) {
        self.kind = kind
        self.message = message
        self.remedy = remedy
        self.place = place
    }

    package var code: String { kind.rawValue }
    package var cause: (any Error)? { nil }
    package var isRetryable: Bool { false }
}
