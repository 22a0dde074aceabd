import LakeModel

/// Where tables and views of a catalog may lie.
///
/// Locations come from clients, so they are compared in a canonical form and by whole path parts: what lies elsewhere,
/// climbs with `..`, or is the warehouse itself is refused.
package struct LocationPolicy: Sendable {
    /// The warehouse, then further folders that the operator allows; canonical, without a trailing `/`.
    private let roots: [String]

    /// - Parameter further: folders beside the warehouse that tables may lie in.
    package init(warehouse: String, further: [String] = []) {
        roots = ([warehouse] + further).map(Self.canonical)
    }

    package var warehouse: String { roots[0] }

    /// `file:/a`, `file://localhost/a` and `/a` become `file:///a`; `s3a` becomes `s3`; doubled slashes and
    /// trailing ones go.
    package static func canonical(_ location: String) -> String {
        var scheme = "file"
        var rest = location[...]
        if let colon = location.firstIndex(of: ":"),
            location[..<colon].allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) })
        {
            scheme = location[..<colon].lowercased()
            rest = location[location.index(after: colon)...]
        }
        // A relative path is no location, and stays as it is.
        guard rest.hasPrefix("/") else { return location }
        var authority = ""
        if rest.hasPrefix("//") {
            rest = rest.dropFirst(2)
            let end = rest.firstIndex(of: "/") ?? rest.endIndex
            authority = String(rest[..<end])
            rest = rest[end...]
        }
        // Hadoop's names for the same.
        if scheme == "s3a" || scheme == "s3n" { scheme = "s3" }
        if scheme == "file", authority.lowercased() == "localhost" { authority = "" }
        let path = rest.split(separator: "/").joined(separator: "/")
        return "\(scheme)://\(authority)/\(path)"
    }

    /// Refuses a location that is not strictly inside one of the folders.
    /// - Throws: ``CatalogError`` `location-refused`.
    package func check(_ location: String) throws {
        guard allows(location) else {
            throw CatalogError(
                code: "location-refused",
                message: "Invalid location: \(location.prefix(1024)) lies outside of the warehouse",
                remedy: "leave the location out, or choose one below \(warehouse)")
        }
    }

    package func allows(_ location: String) -> Bool {
        let canonical = Self.canonical(location)
        let parts = canonical.split(separator: "/")
        guard !parts.contains(where: { $0 == ".." || $0 == "." }),
            canonical.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }),
            !canonical.contains("?"), !canonical.contains("#"), !canonical.lowercased().contains("%2e")
        else { return false }
        return roots.contains { canonical.hasPrefix($0 + "/") }
    }

    /// Whether `location` lies below `folder`, whatever the spelling of both.
    package static func isInside(_ location: String, folder: String) -> Bool {
        let canonical = canonical(location)
        return canonical.hasPrefix(Self.canonical(folder) + "/")
            && !canonical.split(separator: "/").contains { $0 == ".." || $0 == "." }
    }
}
