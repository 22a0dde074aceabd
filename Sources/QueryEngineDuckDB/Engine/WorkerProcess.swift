import CDuckDBLoader
import Foundation
import Glibc
import QueryEngine
import Synchronization

/// A running worker and the socket to it. Frames are exchanged by one thread; ``kill()`` may come from any.
final class WorkerProcess: Sendable {
    enum Failure: Error {
        /// The time limit passed.
        case timeout
        /// The process ended, or speaks something else.
        case gone
    }

    private struct Identity {
        /// `nil` once the process was waited for: its number may belong to another one then.
        var pid: pid_t?
    }

    private let identity: Mutex<Identity>
    private let socket: Int32
    /// Removed with the process.
    private let temporaryFolder: String

    /// Starts the process. The calling thread must outlive it: the kernel kills the child with that thread.
    /// - Throws: ``QueryError`` `engine-crashed` when it cannot be started.
    init(command: [String], environment: [String], temporaryFolder: String) throws {
        var ours: Int32 = -1
        var theirs: Int32 = -1
        var status = unsafe dipper_socket_pair(&ours, &theirs)
        var pid: pid_t = 0
        if status == 0 {
            status = Self.spawn(command, environment: environment, socket: theirs, pid: &pid)
            close(theirs)
            if status != 0 { close(ours) }
        }
        guard status == 0 else {
            throw QueryError(
                code: "engine-crashed",
                message:
                    "the query worker \(command[0]) cannot be started: \(unsafe String(cString: strerror(status)))",
                isRetryable: true)
        }
        identity = Mutex(Identity(pid: pid))
        socket = ours
        self.temporaryFolder = temporaryFolder
    }

    deinit { end() }

    var pid: pid_t? { identity.withLock { $0.pid } }

    /// Whether the process is there and has nothing to say, as it must be between requests.
    var isWaiting: Bool {
        var byte: UInt8 = 0
        let result = unsafe recv(socket, &byte, 1, Int32(MSG_DONTWAIT) | Int32(MSG_PEEK))
        return result < 0 && errno == EAGAIN
    }

    private static func spawn(_ command: [String], environment: [String], socket: Int32, pid: inout pid_t) -> Int32 {
        let arguments = unsafe command.map { unsafe strdup($0) } + [nil]
        let variables = unsafe environment.map { unsafe strdup($0) } + [nil]
        defer { unsafe (arguments + variables).forEach { unsafe free($0) } }
        return unsafe dipper_spawn(arguments, variables, socket, &pid)
    }

    /// Ends the process at once. It is still to be waited for.
    func kill() {
        identity.withLock { identity in
            if let pid = identity.pid { _ = Glibc.kill(pid, SIGKILL) }
        }
    }

    /// Ends the process, waits for it, and removes what it left. Does nothing the second time.
    /// - Returns: how the process ended, for a message.
    @discardableResult
    func end() -> String? {
        let status = identity.withLock { identity -> Int32? in
            guard let pid = identity.pid else { return nil }
            identity.pid = nil
            // A process that went by itself is a zombie still, so the signal does not change how it ended.
            _ = Glibc.kill(pid, SIGKILL)
            var status: Int32 = 0
            while unsafe waitpid(pid, &status, 0) < 0 && errno == EINTR {}
            return status
        }
        guard let status else { return nil }
        close(socket)
        try? FileManager.default.removeItem(atPath: temporaryFolder)
        let signal = status & 0x7f
        return signal == 0 ? "exit code \(status >> 8 & 0xff)" : "signal \(signal)"
    }

    /// - Throws: ``Failure``.
    func send(_ frame: Frame, deadline: ContinuousClock.Instant) throws {
        try send(Frame.header(kind: frame.kind, payloadByteCount: frame.payload.count), deadline: deadline)
        try send(frame.payload, deadline: deadline)
    }

    /// - Throws: ``Failure``.
    func receive(deadline: ContinuousClock.Instant) throws -> Frame {
        let header = try receive(Frame.headerByteCount, deadline: deadline)
        guard let (kind, count) = Frame.parse(header: header) else { throw Failure.gone }
        return Frame(kind: kind, payload: try receive(count, deadline: deadline))
    }

    private func send(_ bytes: [UInt8], deadline: ContinuousClock.Instant) throws {
        var done = 0
        while done < bytes.count {
            let result = unsafe bytes.withUnsafeBytes { buffer in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[done...])
                return unsafe Glibc.send(
                    socket, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            if result >= 0 {
                done += result
            } else if errno == EAGAIN {
                try wait(for: Int16(POLLOUT), deadline: deadline)
            } else if errno != EINTR {
                throw Failure.gone
            }
        }
    }

    private func receive(_ count: Int, deadline: ContinuousClock.Instant) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let result = unsafe bytes.withUnsafeMutableBytes { buffer in
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
                return unsafe recv(socket, rest.baseAddress, rest.count, Int32(MSG_DONTWAIT))
            }
            if result > 0 {
                done += result
            } else if result == 0 {
                throw Failure.gone
            } else if errno == EAGAIN {
                try wait(for: Int16(POLLIN), deadline: deadline)
            } else if errno != EINTR {
                throw Failure.gone
            }
        }
        return bytes
    }

    private func wait(for events: Int16, deadline: ContinuousClock.Instant) throws {
        let left = (deadline - ContinuousClock.now).components
        let milliseconds = left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000
        guard left.seconds >= 0, left.attoseconds >= 0 else { throw Failure.timeout }
        var descriptor = pollfd(fd: socket, events: events, revents: 0)
        _ = unsafe poll(&descriptor, 1, Int32(clamping: milliseconds + 1))
    }
}
