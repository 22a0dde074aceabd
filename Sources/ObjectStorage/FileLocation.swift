/// Locations of files on this machine. Engines spell one and the same file `file:///a`, `file:/a` (Spark, whose paths
/// know no empty host), `file://localhost/a` or `/a`.
package enum FileLocation {
    private static let scheme = "file:"

    /// The absolute path that a location names, taken literally: nothing is percent-decoded. `nil` when it lies on
    /// another host, has another scheme or is relative.
    package static func path(_ location: String) -> String? {
        var path = Substring(location)
        if path.hasPrefix(scheme) {
            path = path.dropFirst(scheme.count)
            for host in ["///", "//localhost/"] where path.hasPrefix(host) {
                path = path.dropFirst(host.count - 1)
                break
            }
        }
        guard path.hasPrefix("/"), !path.hasPrefix("//") else { return nil }
        return String(path)
    }
}
