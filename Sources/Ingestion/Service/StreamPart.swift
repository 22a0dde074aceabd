import CatalogService
import EventLog
internal import Synchronization

/// Which slice of an NDJSON body a log record is.
struct StreamPart: Sendable, Hashable {
    static let header = "dipper-slice"

    var number: Int
    var isLast: Bool

    init(number: Int, isLast: Bool) {
        self.number = number
        self.isLast = isLast
    }

    /// A record without the header is whole.
    init(_ record: LogRecord) {
        guard let text = record.headers[Self.header], let number = Int(text.prefix { $0 != "/" }) else {
            self.init(number: 0, isLast: true)
            return
        }
        self.init(number: number, isLast: text.hasSuffix("/last"))
    }

    var isWhole: Bool { number == 0 && isLast }
    var text: String { "\(number)/\(isLast ? "last" : "more")" }

    func id(of parent: String) -> String { "\(parent).\(number)" }

    /// The id of the whole, for the id of a slice.
    static func parent(of id: String) -> String? { id.lastIndex(of: ".").map { String(id[..<$0]) } }

    func mark(_ receipt: inout JobReceipt) {
        if isWhole { return }
        receipt.partOf = Self.parent(of: receipt.id)
        if isLast { receipt.parts = number + 1 }
    }

    /// Adds a slice's receipt to those before it.
    static func sum(_ total: JobReceipt?, _ slice: JobReceipt, id: String, verdictsMax: Int) -> JobReceipt {
        guard var total else {
            var first = slice
            first.id = id
            first.partOf = nil
            if slice.partOf != nil { first.sha256 = nil }
            first.rejectsLink = nil
            return first
        }
        total.rows += slice.rows
        total.bytes += slice.bytes
        total.parts = slice.parts
        total.verdicts += slice.verdicts.prefix(max(0, verdictsMax - total.verdicts.count))
        total.warnings += slice.warnings
        total.state = together(total.state, slice.state)
        total.error = total.error ?? slice.error
        total.snapshotId = slice.snapshotId ?? total.snapshotId
        total.finishedAt = slice.finishedAt
        return total
    }

    private static func together(_ left: JobReceipt.State, _ right: JobReceipt.State) -> JobReceipt.State {
        if left == .failed || right == .failed { return .failed }
        if left == right { return left }
        return .running
    }
}

/// The receipts of slices that are taken in, so that looking for them does not read them back; only the latest bodies are
/// kept, others are found in the log.
final class StreamBoard: Sendable {
    private struct State {
        var receipts: [String: [JobReceipt]] = [:]
        var order: [String] = []
    }

    private let state = Mutex(State())
    private static let streamsMax = 64

    func add(_ receipt: JobReceipt, to id: String) {
        state.withLock { state in
            if state.receipts[id] == nil {
                state.order.append(id)
                if state.order.count > Self.streamsMax { state.receipts[state.order.removeFirst()] = nil }
            }
            state.receipts[id, default: []].append(receipt)
        }
    }

    func receipt(_ number: Int, of id: String) -> JobReceipt? {
        state.withLock { state in
            guard let receipts = state.receipts[id], number < receipts.count else { return nil }
            return receipts[number]
        }
    }
}

extension DipperIngestion {
    /// The receipt of an NDJSON body of several slices; `nil` when there is none of this id.
    ///
    /// It has ended when its last slice has; of one that broke off the slices that came stand.
    func stream(_ id: String) async throws -> JobReceipt? {
        var total: JobReceipt?
        var number = 0
        while true {
            let sliceID = StreamPart(number: number, isLast: false).id(of: id)
            let slice: JobReceipt
            if let row = try await catalog.receipt(id: sliceID) {
                slice = try decoded(row.json)
            } else if let waiting = streams.receipt(number, of: id) {
                slice = waiting
            } else if let stored = try await log.record(id: sliceID) {
                slice = try await pending(stored)
            } else {
                break
            }
            total = StreamPart.sum(total, slice, id: id, verdictsMax: limits.verdictsMax)
            number += 1
            if slice.parts != nil { break }
        }
        guard var receipt = total else { return nil }
        if receipt.parts == nil {
            receipt.warnings.append("the body has not ended; \(number) slices of it are taken")
            if receipt.state == .committed { receipt.state = .running }
        }
        if receipt.state == .accepted || receipt.state == .running { receipt.finishedAt = nil }
        return receipt
    }
}
