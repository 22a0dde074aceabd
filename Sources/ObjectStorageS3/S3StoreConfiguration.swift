import Foundation
import LakeModel
import ObjectStorage
import S3Protocol

/// Which bucket a store keeps its objects in, and how it is reached.
package struct S3StoreConfiguration: Sendable, Hashable {
    package var bucket: String
    /// What every key begins with, without slashes at its ends; empty for none.
    package var prefix: String
    package var endpoint: S3Endpoint
    package var region: String
    /// Whether the bucket stands in the path of addresses, and not before the host.
    package var usesPathStyle: Bool
    /// Where parts wait on this machine until they are sent.
    package var scratchFolder: String
    package var limits = S3StoreLimits()

    /// - Parameters:
    ///   - location: `s3://BUCKET` or `s3://BUCKET/PREFIX`.
    ///   - endpoint: `nil`: Amazon's of the region.
    ///   - usesPathStyle: `nil`: with an endpoint of one's own, for many of those know no other.
    /// - Throws: `bucket-invalid`, `endpoint-invalid`.
    package init(
        location: String, endpoint: String?, region: String, usesPathStyle: Bool? = nil, scratchFolder: String
    ) throws {
        (bucket, prefix) = try Self.parse(location)
        self.endpoint = try S3Endpoint(endpoint ?? "https://s3.\(region).amazonaws.com")
        self.region = region
        self.usesPathStyle = usesPathStyle ?? (endpoint != nil)
        self.scratchFolder = scratchFolder
    }

    /// What locations of objects begin with, without a slash at its end.
    package var location: String { prefix.isEmpty ? "s3://\(bucket)" : "s3://\(bucket)/\(prefix)" }

    /// The key in the bucket.
    func fullKey(_ key: String) -> String { prefix.isEmpty ? key : "\(prefix)/\(key)" }

    /// The store's key of one in the bucket; `nil` for one that is not below the prefix.
    func key(ofFull key: String) -> String? {
        if prefix.isEmpty { return key }
        guard key.utf8.starts(with: prefix.utf8), key.utf8.dropFirst(prefix.utf8.count).first == UInt8(ascii: "/")
        else { return nil }
        return String(key.utf8.dropFirst(prefix.utf8.count + 1))
    }

    private static func parse(_ location: String) throws -> (bucket: String, prefix: String) {
        func invalid(_ reason: String) -> ObjectStoreError {
            ObjectStoreError(
                code: "bucket-invalid", message: "`\(location.prefix(128))` names no bucket: \(reason)",
                remedy: "write it as s3://BUCKET or s3://BUCKET/PREFIX")
        }
        guard location.hasPrefix("s3://") else { throw invalid("it does not begin with s3://") }
        let parts = location.dropFirst(5).split(separator: "/", omittingEmptySubsequences: false)
        let bucket = String(parts.first ?? "")
        let isPlain = bucket.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
                || byte == UInt8(ascii: ".")
        }
        guard isPlain, (3...63).contains(bucket.utf8.count), !"-.".contains(bucket.prefix(1)),
            !"-.".contains(bucket.suffix(1)), !bucket.contains("..")
        else { throw invalid("a bucket has 3 to 63 small letters, digits, hyphens and dots") }
        let prefix = parts.dropFirst().filter { !$0.isEmpty }.joined(separator: "/")
        // The same characters as in the path of a data folder: readers disagree on how others are encoded.
        guard prefix.utf8.count <= 512, prefix.unicodeScalars.allSatisfy({ isPlainInPrefix($0) }),
            !prefix.split(separator: "/").contains(where: { $0 == "." || $0 == ".." })
        else { throw invalid("its prefix has other characters than letters, digits and '/ - . _'") }
        return (bucket, prefix)
    }

    private static func isPlainInPrefix(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "/", "-", ".", "_": true
        default: false
        }
    }
}

/// Sizes and numbers of the S3 store.
package struct S3StoreLimits: Sendable, Hashable {
    /// Bytes of a part; 5 MiB is the least that S3 takes. Larger objects have larger parts, for there are 10,000 at most.
    package var partBytes = 8 << 20
    /// Parts of one object that wait on this machine for their turn before the writer is held up.
    package var waitingPartsMax = 3
    /// Parts of all objects that are sent at the same time, each of them in memory.
    package var sendingPartsMax = 4
    /// Requests at the same time, besides parts.
    package var requestsMax = 32
    /// Bytes that are read ahead when an object is read from front to back.
    package var readAheadBytes = 4 << 20
    /// Bytes that a single read asks for at least.
    package var readBytesMin = 128 << 10
    /// Bytes at the end of a Parquet file that come with its opening.
    package var tailBytes = 64 << 10
    /// Age of uploads that nobody finished, from which on they are taken for abandoned.
    package var staleUploadSeconds: Int64 = 86_400
    package var retry = RetryPolicy()

    package init() {}
}

/// `http://HOST:PORT` or `https://HOST`.
package struct S3Endpoint: Sendable, Hashable, CustomStringConvertible {
    package let isSecure: Bool
    /// With the port, where it is not the scheme's own.
    package let authority: String

    /// - Throws: `endpoint-invalid`.
    package init(_ text: String) throws {
        guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
            scheme == "http" || scheme == "https", let host = parts.host, !host.isEmpty, parts.user == nil,
            parts.query == nil, parts.fragment == nil, parts.path.isEmpty || parts.path == "/"
        else {
            throw ObjectStoreError(
                code: "endpoint-invalid", message: "`\(text.prefix(128))` is no address of an S3 store",
                remedy: "write it as http://HOST:PORT or https://HOST, without a path")
        }
        isSecure = scheme == "https"
        let own = isSecure ? 443 : 80
        authority = parts.port.map { $0 == own ? host : "\(host):\($0)" } ?? host
    }

    package var description: String { "\(isSecure ? "https" : "http")://\(authority)" }
}
