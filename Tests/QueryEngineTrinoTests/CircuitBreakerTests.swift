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
            #expect(breaker.admits(at: start))
            breaker.succeeded()
        }
    }

    @Test func `failures in a row refuse requests for a while`() {
        var breaker = opened()
        #expect(!breaker.admits(at: start))
        #expect(!breaker.admits(at: start + .seconds(CircuitBreaker.openSeconds) - .milliseconds(1)))
    }

    @Test func `then one request tries, and its outcome decides`() {
        let later = start + .seconds(CircuitBreaker.openSeconds)
        var breaker = opened()
        #expect(breaker.admits(at: later))
        #expect(!breaker.admits(at: later))
        breaker.failed(at: later)
        #expect(!breaker.admits(at: later + .seconds(CircuitBreaker.openSeconds) - .milliseconds(1)))
        #expect(breaker.admits(at: later + .seconds(CircuitBreaker.openSeconds)))
        breaker.succeeded()
        #expect(breaker.admits(at: later))
        #expect(breaker.admits(at: later))
    }

    @Test(arguments: [
        "", "trino:8080", "ftp://trino", "http://", "http://trino/path", "http://user@trino", "http://trino?x",
    ])
    func `an address that is none of a cluster is refused`(_ address: String) {
        let error = #expect(throws: TrinoClusterError.self) { try TrinoCluster(address: address) }
        #expect(error?.code == "cluster-invalid")
    }
}
