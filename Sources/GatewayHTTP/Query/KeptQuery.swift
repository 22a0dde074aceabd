import HTTPTypes
import Hummingbird
import LakeModel
import NIOCore
import QueryEngine
import ResultCache

/// Which part of a result is sent, and how it is written.
struct QueryShape: Sendable {
    let paging: Paging
    let form: String
    let escapesFormulas: Bool

    private var suffix: String {
        switch form {
        case Answers.json: "json"
        case QueryRoutes.lines: "lines"
        case QueryRoutes.arrow: "arrow"
        default: escapesFormulas ? "csv" : "csvx"
        }
    }

    func etag(_ tag: String) -> String { "\"\(tag).\(paging.page).\(paging.size).\(suffix)\"" }

    func key(_ tag: String) -> CacheKey {
        CacheKey(["query", tag, String(paging.page), String(paging.size), suffix])
    }

    func pieces(_ answer: SQLAnswer) -> QueryPieces {
        QueryPieces(answer: answer, paging: paging, form: form, escapesFormulas: escapesFormulas)
    }

    func fields(_ answer: SQLAnswer) -> [CachedAnswer.Field] {
        [
            .snapshots(answer.snapshotIDs),
            .init(name: "X-Total-Count", value: String(answer.result.rows.count)),
            .init(name: "Dipper-Truncated", value: String(answer.result.isTruncated)),
        ]
    }

    /// Arrow is written whole, so that a value that it has no form for is an error and no broken stream.
    func arrow(_ answer: SQLAnswer) throws -> [UInt8] {
        try ArrowResult(columns: answer.result.columns).stream(pieces(answer).page)
    }

    /// The encoded page, unless it is longer than so many bytes.
    func bytes(_ answer: SQLAnswer, within bytesMax: Int) throws -> [UInt8]? {
        guard form == QueryRoutes.arrow else { return pieces(answer).bytes(within: bytesMax) }
        let bytes = try arrow(answer)
        return bytes.count <= bytesMax ? bytes : nil
    }
}

/// One statement of `POST /query`, answered from the cache where it has the answer.
///
/// 1. The statement's version is found out: the text, its parameters and the snapshots of its tables. It has none when the
///    time of day, chance, operational tables or metadata bear on its answer; then it is computed and not kept.
/// 2. A client that has this version gets 304.
/// 3. Else the encoded page is looked for, and computed once for all who ask for it at the same time. It is kept under the
///    version that it was really computed from, unless it is too long.
struct KeptQuery: Sendable {
    enum Reply: Sendable {
        case unchanged(AnswerVersion)
        case kept(CachedAnswer, isHit: Bool)
        case fresh(SQLAnswer)
    }

    /// Carries an answer that is too long to be kept to all who wait for it.
    private struct TooLong: Error {
        let answer: SQLAnswer
    }

    let service: any SQLAnswering
    let answers: AnswerCache?
    let question: SQLQuestion
    let shape: QueryShape
    /// What the client has: an `If-None-Match` header.
    let known: String?
    let bytesMax: Int

    func reply() async throws -> Reply {
        guard let answers, let version = try await service.version(of: question) else {
            var answer = try await service.answer(question)
            if answers == nil { answer.version = nil }
            return .fresh(answer)
        }
        if ETags.matches(known, shape.etag(version.tag)) { return .unchanged(version) }
        do {
            let found = try await answers.answer(shape.key(version.tag), of: .query) {
                let answer = try await service.answer(question)
                guard let bytes = try shape.bytes(answer, within: bytesMax) else { throw TooLong(answer: answer) }
                let kept = CachedAnswer(
                    tag: answer.version?.tag ?? "", total: answer.result.rows.count, fields: shape.fields(answer),
                    body: bytes)
                return (kept.bytes, answer.version.map { shape.key($0.tag) })
            }
            if let kept = CachedAnswer(found.bytes), !kept.tag.isEmpty { return .kept(kept, isHit: found.isHit) }
            return .fresh(try await service.answer(question))
        } catch let long as TooLong {
            return .fresh(long.answer)
        }
    }
}

extension KeptQuery.Reply {
    func response(_ shape: QueryShape) throws -> Response {
        let contentType = shape.form == CSVText.contentType ? CSVText.fullContentType : shape.form
        switch self {
        case .unchanged(let version):
            return Response(
                status: .notModified,
                headers: CachedAnswer.headers(
                    shape.etag(version.tag), [.snapshots(version.snapshotIDs)], isHit: nil))
        case .kept(let answer, let isHit):
            var headers = CachedAnswer.headers(shape.etag(answer.tag), answer.fields, isHit: isHit)
            headers[.contentType] = contentType
            return Response(
                status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
        case .fresh(let answer):
            var headers: HTTPFields
            if let version = answer.version {
                headers = CachedAnswer.headers(shape.etag(version.tag), shape.fields(answer), isHit: false)
            } else {
                headers = [.vary: "Accept", .cacheControl: "no-store"]
                for field in shape.fields(answer) {
                    if let name = HTTPField.Name(field.name) { headers[name] = field.value }
                }
            }
            headers[.contentType] = contentType
            guard shape.form == QueryRoutes.arrow else {
                return Response(status: .ok, headers: headers, body: shape.pieces(answer).body)
            }
            let bytes = try shape.arrow(answer)
            return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
        }
    }
}
