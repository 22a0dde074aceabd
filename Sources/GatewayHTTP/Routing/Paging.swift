import HTTPTypes
import Hummingbird

/// Page and size of a list, and the headers that go with it.
struct Paging: Sendable, Hashable {
    static let options = ["page", "size"]
    private static let totalField = HTTPField.Name("X-Total-Count")
    private static let linkField = HTTPField.Name("Link")

    /// 0-based.
    var page: Int
    var size: Int

    init(page: Int, size: Int) {
        self.page = page
        self.size = size
    }

    init(_ options: QueryOptions, sizeDefault: Int, sizeMax: Int, limits: GatewayLimits) throws {
        page = try options.integer("page", in: 0...limits.pageMax, default: 0)
        size = try options.integer("size", in: 1...sizeMax, default: sizeDefault)
    }

    /// `X-Total-Count`, and `Link` with `first`, `prev`, `next` and `last` (RFC 8288) that keep the other options.
    func headers(total: Int, request: Request) -> HTTPFields {
        var headers: HTTPFields = [:]
        if let name = Self.totalField { headers[name] = String(total) }
        let last = total > 0 ? (total - 1) / size : 0
        var links = [link(0, "first", request)]
        if page > 0 { links.append(link(min(page - 1, last), "prev", request)) }
        if page < last { links.append(link(page + 1, "next", request)) }
        links.append(link(last, "last", request))
        if let name = Self.linkField { headers[name] = links.joined(separator: ", ") }
        return headers
    }

    private func link(_ page: Int, _ relation: String, _ request: Request) -> String {
        let others = (request.uri.query ?? "").split(separator: "&").filter {
            !$0.hasPrefix("page=") && !$0.hasPrefix("size=") && $0 != "page" && $0 != "size"
        }
        let query = (others.map(String.init) + ["page=\(page)", "size=\(size)"]).joined(separator: "&")
        return "<\(request.uri.path)?\(query)>; rel=\"\(relation)\""
    }
}
