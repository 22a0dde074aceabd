/// How a body comes, as `x-amz-content-sha256` says.
enum PayloadKind: Sendable, Hashable {
    /// 64 hexadecimal digits: the body has this hash.
    case hashed(String)
    case unsigned
    case chunked(isSigned: Bool, hasTrailer: Bool)

    init(_ value: String) throws {
        switch value {
        case "UNSIGNED-PAYLOAD": self = .unsigned
        case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD": self = .chunked(isSigned: true, hasTrailer: false)
        case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER": self = .chunked(isSigned: true, hasTrailer: true)
        case "STREAMING-UNSIGNED-PAYLOAD-TRAILER": self = .chunked(isSigned: false, hasTrailer: true)
        default:
            let digits = value.lowercased()
            guard digits.utf8.count == 64,
                digits.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
            else {
                throw S3Error.invalidArgument(
                    "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING- value of signature version 4, or a hash."
                )
            }
            self = .hashed(digits)
        }
    }
}
