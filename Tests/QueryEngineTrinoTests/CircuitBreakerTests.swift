import QueryEngineTrino
import Testing

@Suite struct CircuitBreakerTests {
    private let start = ContinuousClock.now

    private func opened() -> CircuitBreaker {
        var breaker = CircuitBreaker()
        for _ in 0..<CircuitBreaker.failuresMax {
            _ = breaker.admits(at: start)
            breaker.failed(at: start)
        }
        return breaker
    }

    @Test func `a few failures change nothing, and a success forgets them`() {
        var breaker = CircuitBreaker()
        for _ in 0..<10 {
            for _ in 1..<CircuitBreaker.failuresMax { breaker.failed(at: start) }
            let isAdmitted = breaker.admits(at: start)
            #expect(isAdmitted)
            breaker.succeeded()
        }
    }

    @Test func `failures in a row refuse requests for a while`() {
        var breaker = opened()
        let justBefore = start + .seconds(CircuitBreaker.openSeconds) - .milliseconds(1)
        let admitted = [breaker.admits(at: start), breaker.admits(at: justBefore)]
        #expect(admitted == [false, false])
    }

    @Test func `then one request tries, and its outcome decides`() {
        let later = start + .seconds(CircuitBreaker.openSeconds)
        var breaker = opened()
        let tries = [breaker.admits(at: later), breaker.admits(at: later)]
        #expect(tries == [true, false])
        breaker.failed(at: later)
        let justBefore = later + .seconds(CircuitBreaker.openSeconds) - .milliseconds(1)
        let again = [breaker.admits(at: justBefore), breaker.admits(at: justBefore + .milliseconds(1))]
        #expect(again == [false, true])
        breaker.succeeded()
        let closed = [breaker.admits(at: later), breaker.admits(at: later)]
        #expect(closed == [true, true])
    }

    @Test func `a request that its sender gave up says nothing about the cluster`() {
        var breaker = CircuitBreaker()
        for _ in 0..<10 {
            _ = breaker.admits(at: start)
            breaker.abandoned(at: start)
        }
        #expect(breaker.level == .closed)
        let later = start + .seconds(CircuitBreaker.openSeconds)
        breaker = opened()
        #expect(breaker.level == .open)
        let isAdmitted = breaker.admits(at: later)
        #expect(isAdmitted && breaker.level == .halfOpen)
        breaker.abandoned(at: later)
        // The next one tries in its place.
        let next = [breaker.admits(at: later), breaker.admits(at: later)]
        #expect(next == [true, false])
    }

    @Test(arguments: [
        "", "trino:8080", "ftp://trino", "http://", "http://trino/path", "http://user@trino", "http://trino?x",
    ])
    func `an address that is none of a cluster is refused`(_ address: String) {
        let error = #expect(throws: TrinoClusterError.self) { try TrinoCluster(address: address) }
        #expect(error?.code == "cluster-invalid")
    }
}
