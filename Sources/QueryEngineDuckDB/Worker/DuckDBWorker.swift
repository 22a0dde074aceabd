import CDuckDBLoader
import Foundation
import Glibc
import Synchronization

/// The child process that holds the SQL engine: what `dipper query-worker` runs.
///
/// Requests come as frames on descriptor 0 and answers go out on descriptor 1; both are moved away before the engine is
/// loaded, so that nothing the engine prints can reach the pipe. The process ends when the pipe closes, and is killed
/// when its parent goes.
package enum DuckDBWorker {
    /// Address space beside the engine's own limit: code, stacks, allocator slack and results on their way, bytes.
    static let spareBytes = 1 << 30

    /// Exit codes of the worker.
    package enum Exit {
        package static let pipeClosed: Int32 = 0
        /// Not started by the server, or the pipe carries something else.
        package static let notAWorker: Int32 = 64
        /// The engine cannot be loaded or set up; the reason went over the pipe.
        package static let engineFailed: Int32 = 70
    }

    /// Serves requests until the pipe closes; the result is the exit code of the process.
    package static func run(arguments _: [String] = []) -> Int32 {
        var input: Int32 = -1
        var output: Int32 = -1
        guard unsafe dipper_take_over_pipe(&input, &output) == 0 else { return Exit.notAWorker }
        let pipe = WorkerPipe(input: input, output: output)
        do {
            guard let frame = try pipe.receive() else { return Exit.pipeClosed }
            guard frame.kind == .setup else { return Exit.notAWorker }
            let session: WorkerSession
            do {
                let setup = try frame.decode(WorkerSetup.self)
                session = try start(setup)
                try pipe.send(
                    Frame(
                        .ready, json: WorkerReady(engineVersion: session.engineVersion, isConfined: session.isConfined))
                )
            } catch let error as WireError {
                try pipe.send(Frame(.failure, json: error))
                return Exit.engineFailed
            }
            while let frame = try pipe.receive() {
                guard frame.kind == .request || frame.kind == .outline else { return Exit.notAWorker }
                try answer(frame, session: session, pipe: pipe)
            }
            return Exit.pipeClosed
        } catch {
            return Exit.notAWorker
        }
    }

    private static func start(_ setup: WorkerSetup) throws -> WorkerSession {
        let limit = UInt64(setup.memoryBytesMax + spareBytes)
        guard dipper_limit_process(limit) == 0 else {
            throw WireError(code: "engine-missing", message: "the limits of the worker process cannot be set")
        }
        return try WorkerSession(setup)
    }

    private static func answer(_ frame: Frame, session: WorkerSession, pipe: WorkerPipe) throws {
        do {
            if frame.kind == .outline {
                let outline = try session.outline(try frame.decode(WireOutlineRequest.self).sql)
                return try pipe.send(Frame(.outlined, json: outline))
            }
            let request = try frame.decode(WireRequest.self)
            let reports = request.reportsProgress ? ProgressReports(session: session, pipe: pipe) : nil
            defer { reports?.stop() }
            try session.answer(request) { frame in
                // Nothing may follow the end of an answer.
                if frame.kind == .end { reports?.stop() }
                try pipe.send(frame)
            }
        } catch let error as WireError {
            try pipe.send(Frame(.failure, json: error))
        }
    }
}

/// Tells the server now and then how far the running query is, from a thread of its own.
private final class ProgressReports: @unchecked Sendable {
    // Unchecked: the session is only asked for its progress, which may be done from any thread.
    private static let intervalSeconds = 0.25

    private let session: WorkerSession
    private let pipe: WorkerPipe
    private let condition = NSCondition()
    /// Both are touched with the condition's lock held.
    private var isStopped = false
    private var hasEnded = false

    init(session: WorkerSession, pipe: WorkerPipe) {
        self.session = session
        self.pipe = pipe
        Thread.detachNewThread { [self] in run() }
    }

    /// Returns when nothing more will be sent. May be called again.
    func stop() {
        condition.lock()
        defer { condition.unlock() }
        isStopped = true
        condition.broadcast()
        while !hasEnded { condition.wait() }
    }

    private func run() {
        condition.lock()
        while !isStopped {
            _ = condition.wait(until: Date(timeIntervalSinceNow: Self.intervalSeconds))
            if isStopped { break }
            // A pipe that is broken is found by the answer as well.
            guard let frame = try? Frame(.progress, json: session.progress), (try? pipe.send(frame)) != nil else {
                break
            }
        }
        hasEnded = true
        condition.broadcast()
        condition.unlock()
    }
}

/// Blocking frames over two descriptors. Received by one thread; sent by any, one frame at a time.
private final class WorkerPipe: Sendable {
    struct Broken: Error {}

    private let input: Int32
    private let output: Int32
    private let sending = Mutex(())

    init(input: Int32, output: Int32) {
        self.input = input
        self.output = output
    }

    /// The next frame, or `nil` when the other side closed the pipe between frames.
    func receive() throws -> Frame? {
        let header = try read(Frame.headerByteCount)
        if header.isEmpty { return nil }
        guard let (kind, count) = Frame.parse(header: header) else { throw Broken() }
        let payload = try read(count)
        guard payload.count == count else { throw Broken() }
        return Frame(kind: kind, payload: payload)
    }

    func send(_ frame: Frame) throws {
        try sending.withLock { _ in
            try write(Frame.header(kind: frame.kind, payloadByteCount: frame.payload.count))
            try write(frame.payload)
        }
    }

    /// `count` bytes, or fewer when the pipe ends.
    private func read(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let result = unsafe bytes.withUnsafeMutableBytes { buffer in
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
                return unsafe Glibc.read(input, rest.baseAddress, rest.count)
            }
            if result == 0 { return Array(bytes.prefix(done)) }
            if result < 0 {
                if errno == EINTR { continue }
                throw Broken()
            }
            done += result
        }
        return bytes
    }

    private func write(_ bytes: [UInt8]) throws {
        var done = 0
        while done < bytes.count {
            let result = unsafe bytes.withUnsafeBytes { buffer in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[done...])
                return unsafe Glibc.write(output, rest.baseAddress, rest.count)
            }
            if result < 0 {
                if errno == EINTR { continue }
                throw Broken()
            }
            done += result
        }
    }
}
