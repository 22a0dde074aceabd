import Access
import HTTPTypes
import Hummingbird
import LakeModel
import Logging

/// Hands statements on to a Trino cluster, and its answers back.
///
/// The cluster knows nothing of the rights of this server's tokens: only those who may read everything are handed on.
struct TrinoForwarder: Sendable {
    let cluster: any TrinoForwarding
    let queries: TrinoQueries

    /// - Returns: `nil` when the statement is to be answered here after all.
    func submit(_ request: GatewayRequest, _ session: TrinoSession, _ text: [UInt8]) async throws -> Response? {
        guard request.principal.mayEverywhere(.read) else { return nil }
        let answer: ForwardedAnswer
        do {
            answer = try await cluster.send(
                "POST", path: "/v1/statement", headers: headers(request, user: session.user), body: text)
        } catch let error as any LakeError where error.code == "cluster-unreachable" && cluster.fallsBack {
            request.logger.warning(
                "the Trino cluster cannot be reached; the embedded engine answers", metadata: ["cause": "\(error)"])
            cluster.fellBack()
            return nil
        }
        if let id = TopLevel.string("id", in: answer.body).flatMap({
            String(validating: answer.body[$0], as: UTF8.self)
        }) {
            queries.forward(id, owner: request.principal, user: session.user)
        }
        return response(answer, request)
    }

    /// A request for a query that the cluster has.
    func follow(_ request: GatewayRequest, user: String) async throws -> Response {
        let answer = try await cluster.send(
            request.request.method.rawValue, path: request.request.uri.string, headers: headers(request, user: user),
            body: [])
        return response(answer, request)
    }

    /// The protocol's own headers. Who the user is was found out here; no other of the client's secrets goes on.
    private func headers(_ request: GatewayRequest, user: String) -> [(name: String, value: String)] {
        var result: [(name: String, value: String)] = [("X-Trino-User", user), ("Accept-Encoding", "identity")]
        for field in request.headers {
            let name = field.name.rawName.lowercased()
            guard name.hasPrefix("x-trino-"), name != "x-trino-user", name != "x-trino-original-user" else { continue }
            result.append((field.name.rawName, field.value))
        }
        return result
    }

    /// The answer with the next address as one of this server.
    private func response(_ answer: ForwardedAnswer, _ request: GatewayRequest) -> Response {
        var body = answer.body
        let prefix = Array("\(cluster.address)/v1/statement/".utf8)
        if let range = TopLevel.string("nextUri", in: body), body[range].starts(with: prefix) {
            let base = Array(TrinoRoutes.base(request).utf8)
            body.replaceSubrange(range.lowerBound..<(range.lowerBound + cluster.address.utf8.count), with: base)
        }
        var headers: HTTPFields = [:]
        for header in answer.headers where header.name.lowercased().hasPrefix("x-trino-") {
            guard let name = HTTPField.Name(header.name) else { continue }
            headers.append(HTTPField(name: name, value: header.value))
        }
        let type = answer.headers.first { $0.name.lowercased() == "content-type" }?.value
        return Answers.bytes(
            body, contentType: type ?? Answers.json, status: HTTPResponse.Status(code: answer.status), headers: headers)
    }
}

/// Finds members of a JSON object without reading what they hold.
enum TopLevel {
    /// Where the text of the string `name` lies, without its quotes; `nil` when the object has no such string.
    static func string(_ name: String, in json: [UInt8]) -> Range<Int>? {
        let wanted = Array(name.utf8)
        var depth = 0
        var index = 0
        /// The last string at the object's own level, and whether a colon followed it.
        var key: Range<Int>?
        var isValue = false
        while index < json.count {
            switch json[index] {
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: ":") where depth == 1: isValue = true
            case UInt8(ascii: ",") where depth == 1: isValue = false
            case UInt8(ascii: "\""):
                let start = index + 1
                index = start
                while index < json.count, json[index] != UInt8(ascii: "\"") {
                    index += json[index] == UInt8(ascii: "\\") ? 2 : 1
                }
                guard depth == 1, index <= json.count else { break }
                if isValue, let key, json[key].elementsEqual(wanted) { return start..<min(index, json.count) }
                if !isValue { key = start..<min(index, json.count) }
            default: break
            }
            index += 1
        }
        return nil
    }
}
