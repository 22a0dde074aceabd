import LakeTesting
import ObjectStorageS3
import Testing

@Suite struct RetryMachineTests {
    private var policy: RetryPolicy {
        var policy = RetryPolicy()
        policy.attemptsMax = 4
        policy.delayMillisecondsFirst = 100
        policy.delayMillisecondsMax = 1_000
        policy.totalMillisecondsMax = 10_000
        return policy
    }

    @Test func `delays double, with a jitter from nothing to the whole`() {
        var budget = RetryBudget()
        for (random, delays) in [(0.0, [0, 0, 0]), (0.5, [50, 100, 200]), (1.0, [100, 200, 400])] {
            var machine = RetryMachine(policy, nowMilliseconds: 0)
            for delay in delays {
                let action = machine.failed(.transient, nowMilliseconds: 0, random: random, budget: &budget)
                #expect(action == .retry(afterMilliseconds: delay))
            }
            #expect(machine.failed(.transient, nowMilliseconds: 0, random: random, budget: &budget) == .giveUp)
            #expect(machine.attempts == 4)
        }
    }

    @Test func `what is permanent is not repeated and costs nothing`() {
        var budget = RetryBudget()
        var machine = RetryMachine(policy, nowMilliseconds: 0)
        #expect(machine.failed(.permanent, nowMilliseconds: 0, random: 0.5, budget: &budget) == .giveUp)
        #expect(budget == RetryBudget())
    }

    @Test func `a throttled request waits half of its time at least, and as long as it was told`() {
        var budget = RetryBudget()
        var machine = RetryMachine(policy, nowMilliseconds: 0)
        let first = machine.failed(.throttled, nowMilliseconds: 0, random: 0, budget: &budget)
        #expect(first == .retry(afterMilliseconds: 50))
        let told = machine.failed(
            .throttled, retryAfterMilliseconds: 700, nowMilliseconds: 0, random: 0, budget: &budget)
        #expect(told == .retry(afterMilliseconds: 700))
        let longer = machine.failed(
            .throttled, retryAfterMilliseconds: 60_000, nowMilliseconds: 0, random: 0, budget: &budget)
        #expect(longer == .retry(afterMilliseconds: 1_000))
    }

    @Test func `a request that has taken its time is given up`() {
        var budget = RetryBudget()
        var machine = RetryMachine(policy, nowMilliseconds: 5_000)
        let late = machine.failed(.timeout, nowMilliseconds: 14_950, random: 1, budget: &budget)
        #expect(late == .giveUp)
        #expect(budget == RetryBudget())
    }

    @Test func `an empty budget ends repeats, and successes fill it`() {
        var budget = RetryBudget(tokens: 5)
        var machine = RetryMachine(policy, nowMilliseconds: 0)
        #expect(machine.failed(.transient, nowMilliseconds: 0, random: 0, budget: &budget) != .giveUp)
        var other = RetryMachine(policy, nowMilliseconds: 0)
        #expect(other.failed(.transient, nowMilliseconds: 0, random: 0, budget: &budget) == .giveUp)
        machine.succeeded(budget: &budget)
        #expect(budget.tokens == 5)
        var third = RetryMachine(policy, nowMilliseconds: 0)
        third.succeeded(budget: &budget)
        #expect(budget.tokens == 6)
    }

    @Test func `whatever happens, attempts, delays and the budget keep their limits`() {
        var random = SeededRandom()
        var budget = RetryBudget()
        for _ in 0..<2_000 {
            var now: Int64 = 0
            var machine = RetryMachine(policy, nowMilliseconds: now)
            var attempts = 0
            loop: while true {
                attempts += 1
                now += Int64.random(in: 0...3_000, using: &random)
                let kinds: [AttemptFailure] = [.permanent, .throttled, .transient, .timeout]
                if Int.random(in: 0..<3, using: &random) == 0 {
                    machine.succeeded(budget: &budget)
                    break
                }
                switch machine.failed(
                    kinds.randomElement(using: &random) ?? .transient,
                    retryAfterMilliseconds: Bool.random(using: &random)
                        ? Int.random(in: 0...9_000, using: &random) : nil,
                    nowMilliseconds: now, random: Double.random(in: 0..<1, using: &random), budget: &budget)
                {
                case .giveUp: break loop
                case .retry(let delay):
                    #expect((0...1_000).contains(delay) && now + Int64(delay) <= 10_000, "seed \(random.seed)")
                    now += Int64(delay)
                }
            }
            #expect(attempts <= 4 && (0...RetryBudget.tokensMax).contains(budget.tokens), "seed \(random.seed)")
        }
    }
}
