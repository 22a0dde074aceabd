import CLibPQ
#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Waiting on the session's socket, never without an end.
extension PostgreSQLConnection {
    /// How long the server may stay silent: what it allows a statement, and a grace.
    private var silenceMilliseconds: Int { options.statementMilliseconds + options.graceMilliseconds }

    /// Sends what libpq holds, and takes in what comes meanwhile, so that neither side waits for the other.
    func flush() throws {
        while true {
            switch unsafe PQflush(handle) {
            case 0: return
            case 1:
                try wait(for: Int16(POLLIN | POLLOUT))
                if canRead, unsafe PQconsumeInput(handle) == 0 { throw broken() }
            default: throw broken()
            }
        }
    }

    /// The next result of the statement that was sent; `nil` behind the last one.
    func nextResult() throws -> PostgreSQLResult? {
        while unsafe PQisBusy(handle) == 1 {
            try wait(for: Int16(POLLIN))
            guard unsafe PQconsumeInput(handle) == 1 else { throw broken() }
        }
        return unsafe PQgetResult(handle).map { unsafe PostgreSQLResult(owning: $0) }
    }

    /// Whether there is something to read, or the other side has gone.
    var canRead: Bool {
        var descriptor = pollfd(fd: unsafe PQsocket(handle), events: Int16(POLLIN), revents: 0)
        return unsafe poll(&descriptor, 1, 0) != 0
    }

    private func wait(for events: Int16) throws {
        let limit = silenceMilliseconds
        let end = ContinuousClock.now + .milliseconds(limit)
        while true {
            let left = (end - .now) / .milliseconds(1)
            if left <= 0 {
                markBroken()
                throw PostgreSQLFailure.silent(milliseconds: limit, place: place)
            }
            var descriptor = pollfd(fd: unsafe PQsocket(handle), events: events, revents: 0)
            let count = unsafe poll(&descriptor, 1, Int32(min(left.rounded(.up), Double(Int32.max))))
            if count > 0 { return }
            if count < 0, errno != EINTR { throw broken() }
        }
    }
}
