/// When gold tables are refreshed, and how large they get. Times in the unit that the name says.
package struct GoldLimits: Sendable, Hashable {
    /// Rows of one gold table. They are aggregates: more are a mistake in the definition, or belong into a table of one's own.
    package var goldRowsMax = 250_000
    /// Bytes of one gold table's rows on their way from the engine: 128 MiB.
    package var goldBytesMax = 128 << 20
    /// How long the engine may take for one gold table.
    package var goldQueryMilliseconds = 600_000
    /// Commits of inputs that come closer together than this are answered by one refresh.
    package var goldQuietMilliseconds = 500
    /// A refresh follows after this time at the latest, however close commits come.
    package var goldDelayMilliseconds = 10_000
    /// After a refresh comes a rest of so many times as long as it took, so that it never takes much of the machine.
    package var goldRestFactor = 9
    /// How often tables are looked at although no commit was seen: other processes may have committed.
    package var goldCheckSeconds = 30
    /// How often the catalog is asked where the inputs stand, if other processes commit to them.
    package var goldPollMilliseconds = 1_000

    /// The first pause after a failure, doubled after each further one.
    static let pauseMilliseconds: Int64 = 1_000
    static let pauseMillisecondsMax: Int64 = 300_000
    static let restMillisecondsMax: Int64 = 600_000
    /// How often a commit that others came before is tried anew.
    static let attemptsMax = 5
    /// Rows that are turned into columns at a time.
    static let batchRows = 1 << 16
    /// Snapshots that are looked back over.
    static let lineMax = 1_000

    package init() {}
}
