import EventLog

/// Finds partitions whose end is counted by the broker but never comes to a reader that begins.
///
/// A broker that moves a partition's end before it keeps the batch, and is killed in between, never answers for those
/// offsets: a reader that stands before them gets empty answers, and no word of an end, until another append. What is
/// counted and not kept was never confirmed to anyone, so the end is where the reader stands.
///
/// Silence alone is no evidence, for a broker may be slow. So it is asked for the end, over the connection that the fetches
/// take: such an answer comes after those to the fetches that went before it. Only when it answers several times with an
/// end behind the reader's place, and nothing came in between, is the place taken for the end.
struct EndlessPartitions {
    /// Answers that tell of more than comes, one after the other, before the reader's place is taken for the end.
    static let answersMax = 2
    /// Milliseconds of silence before each question: several times what a broker may hold back an answer to a fetch.
    static let silenceMilliseconds = 2_500
    /// Milliseconds that the answer may take; all other partitions wait for it.
    static let askMilliseconds = 1_000

    private struct Silence {
        /// The offset that the reader waits for; `nil` as long as it stands at the first that is kept.
        var position: Int64?
        var since: ContinuousClock.Instant
        var answers = 0
    }

    private var silences: [PartitionName: Silence] = [:]

    /// A reader of `place` begins at the first record that is kept.
    mutating func began(_ place: PartitionName, now: ContinuousClock.Instant) {
        silences[place] = Silence(position: nil, since: now)
    }

    /// The reader of `place` waits for `position` from now on. Does nothing once its end was seen.
    mutating func moved(_ place: PartitionName, to position: Int64, now: ContinuousClock.Instant) {
        guard silences[place] != nil else { return }
        silences[place] = Silence(position: position, since: now)
    }

    /// The end of `place` was seen, which tells of all that comes later; or it is not read any more.
    mutating func ended(_ place: PartitionName) { silences[place] = nil }

    /// Partitions of which nothing has come for long enough to ask for their end.
    func silent(now: ContinuousClock.Instant) -> [PartitionName] {
        let bound = now - .milliseconds(Self.silenceMilliseconds)
        return silences.filter { $0.value.since <= bound }.map(\.key)
    }

    /// Takes the broker's answer for a silent partition.
    /// - Parameter range: the first offset and the end; `nil` when there was no answer.
    /// - Returns: the offset that is the end for a reader; `nil` as long as there is no evidence of that.
    mutating func answered(_ place: PartitionName, _ range: Range<Int64>?, now: ContinuousClock.Instant) -> Int64? {
        guard var silence = silences[place] else { return nil }
        silence.since = now
        guard let range, max(silence.position ?? range.lowerBound, range.lowerBound) < range.upperBound else {
            silence.answers = 0
            silences[place] = silence
            return nil
        }
        silence.answers += 1
        silences[place] = silence
        guard silence.answers >= Self.answersMax else { return nil }
        silences[place] = nil
        return max(silence.position ?? range.lowerBound, range.lowerBound)
    }
}
