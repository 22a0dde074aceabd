import CatalogService
import HTTPTypes
import Hummingbird
import Synchronization

/// Sees to it that requests with one idempotency key have one effect, and that all get the first one's answer.
///
/// Across processes and restarts the row in the transaction of the effect decides; in one process a request waits for
/// another with its key that is under way. Refusals (4xx) are answers, too, and kept; a 5xx never is final.
final class IdempotencyGate: Sendable {
    private let catalog: LakehouseCatalog
    private let limits: GatewayLimits
    private let underWay = Mutex<[String: [CheckedContinuation<Void, Never>]]>([:])

    init(catalog: LakehouseCatalog, limits: GatewayLimits) {
        self.catalog = catalog
        self.limits = limits
    }

    /// - Parameter replay: makes an answer of the metadata in a file.
    func run(
        _ ticket: IdempotencyTicket?, _ action: (IdempotencyTicket?) async throws -> Response,
        replay: (String) async throws -> Response
    ) async throws -> Response {
        guard let ticket else { return try await action(nil) }
        await enter(ticket.key)
        defer { leave(ticket.key) }
        if let answer = try await known(ticket, replay) { return answer }
        do {
            return try await action(ticket)
        } catch let error as CatalogError where error.code == "idempotency-key-used" {
            guard let answer = try await known(ticket, replay) else { throw error }
            return answer
        } catch {
            let failure = IcebergFailure(error)
            if failure.isFinal, try await !keep(failure, ticket), let answer = try await known(ticket, replay) {
                return answer
            }
            throw error
        }
    }

    private func known(
        _ ticket: IdempotencyTicket, _ replay: (String) async throws -> Response
    ) async throws -> Response? {
        guard let answer = try await catalog.store.idempotentAnswer(key: ticket.key) else { return nil }
        guard answer.digest == ticket.digest else {
            throw GatewayError(
                code: "idempotency-key-reused",
                message: "the idempotency key \(ticket.key) was used for another request", remedy: "use a new key")
        }
        if let location = answer.metadataLocation { return try await replay(location) }
        if answer.body.isEmpty { return Response(status: .init(code: answer.status)) }
        return Answers.bytes(answer.body, contentType: Answers.json, status: .init(code: answer.status))
    }

    /// - Returns: `false` when another process was faster: its answer stands, and what failed here may have failed for that alone.
    private func keep(_ failure: IcebergFailure, _ ticket: IdempotencyTicket) async throws -> Bool {
        do {
            try await catalog.keepRefusal(ticket, status: failure.status.code, body: failure.json.bytes)
            return true
        } catch let error as CatalogError where error.code == "idempotency-key-used" {
            return false
        }
    }

    private func enter(_ key: String) async {
        await withCheckedContinuation { continuation in
            let isFree = underWay.withLock { underWay in
                if underWay[key] == nil {
                    underWay[key] = []
                    return true
                }
                underWay[key]?.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    private func leave(_ key: String) {
        let next: CheckedContinuation<Void, Never>? = underWay.withLock { underWay in
            guard let waiting = underWay[key], !waiting.isEmpty else {
                underWay[key] = nil
                return nil
            }
            return underWay[key]?.removeFirst()
        }
        next?.resume()
    }
}
