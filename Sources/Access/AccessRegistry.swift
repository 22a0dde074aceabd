import Foundation
import Synchronization

/// The book of the tokens file as it is now: a file that was changed is read again within a second, so that a token that was
/// revoked opens nothing any more without a restart.
package final class AccessRegistry: Sendable {
    /// How often the file is looked at, at most.
    private static let lookMilliseconds: Int64 = 1_000

    private struct State {
        var book: AccessBook
        var stamp: Stamp?
        var nextLook: ContinuousClock.Instant
    }

    private struct Stamp: Equatable {
        var modified: Date?
        var byteCount: Int?
        var inode: Int?
    }

    private let file: AccessFile?
    private let state: Mutex<State>
    private let onFailure: @Sendable (any Error) -> Void

    /// A book that stays as it is.
    package init(_ book: AccessBook) {
        file = nil
        onFailure = { _ in }
        state = Mutex(State(book: book, stamp: nil, nextLook: .now))
    }

    /// - Parameter onFailure: told of a changed file that can't be read; the former book stays then.
    package init(_ file: AccessFile, onFailure: @escaping @Sendable (any Error) -> Void) throws {
        self.file = file
        self.onFailure = onFailure
        let stamp = Self.stamp(file)
        state = Mutex(
            State(book: try file.read(), stamp: stamp, nextLook: .now + .milliseconds(Self.lookMilliseconds)))
    }

    package var book: AccessBook {
        guard let file else { return state.withLock { $0.book } }
        return state.withLock { state in
            guard ContinuousClock.now >= state.nextLook else { return state.book }
            state.nextLook = .now + .milliseconds(Self.lookMilliseconds)
            let stamp = Self.stamp(file)
            guard stamp != state.stamp else { return state.book }
            do {
                state.book = try file.read()
            } catch {
                onFailure(error)
            }
            state.stamp = stamp
            return state.book
        }
    }

    private static func stamp(_ file: AccessFile) -> Stamp? {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: file.path) else { return nil }
        return Stamp(
            modified: attributes[.modificationDate] as? Date, byteCount: (attributes[.size] as? NSNumber)?.intValue,
            inode: (attributes[.systemFileNumber] as? NSNumber)?.intValue)
    }
}
