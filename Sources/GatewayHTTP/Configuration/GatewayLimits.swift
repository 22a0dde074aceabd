/// Everything that a request may ask for at most. Sizes in bytes, times in seconds unless the name says otherwise.
package struct GatewayLimits: Sendable, Hashable {
    // MARK: Requests

    /// One header field, and all of them together. More is answered by 400 before any route is looked up.
    package var headerBytesMax = 32 << 10
    package var headersMax = 128
    /// The path and query of a request.
    package var targetBytesMax = 8 << 10
    /// A connection without traffic is closed after this time. Uploads and answers under way keep it open.
    package var idleSecondsMax = 120
    /// Connections at once; more wait in the kernel's queue.
    package var connectionsMax = 1_024
    /// What is still read of a refused request's body so that the client sees the answer; past it the connection ends.
    package var drainBytesMax = 64 << 20

    // MARK: Uploads

    /// Bytes of one upload as they travel (compressed, if they are).
    package var uploadBytesMax = 1 << 40
    /// Uploads at once; the next one gets 503 with `Retry-After`.
    package var uploadsMax = 8
    /// Bytes gathered before they are handed on to storage.
    package var uploadBlockBytes = 256 << 10
    /// Backups and restores at once; the next one gets 503 with `Retry-After`.
    package var backupsMax = 4
    /// The longest `wait` of an upload; a longer one is a 400.
    package var waitSecondsMax = 60.0
    /// Bytes of a file name as the client gives it.
    package var fileNameBytesMax = 255

    // MARK: Multipart

    package var multipartPartsMax = 16
    package var multipartHeaderBytesMax = 8 << 10
    package var multipartHeadersMax = 16
    /// Bytes before the first boundary, which mean nothing.
    package var multipartPreambleBytesMax = 64 << 10

    // MARK: Other bodies

    /// A batch of `POST /batch/{table}`.
    package var batchBytesMax = 16 << 20
    /// NDJSON bodies at once; the next one gets 503 with `Retry-After`.
    package var rowStreamsMax = 64
    /// Bytes of one NDJSON body as they travel.
    package var rowStreamBytesMax = 1 << 40
    /// The JSON body of `POST /query`.
    package var queryBodyBytesMax = 1 << 20
    package var queryParametersMax = 256
    /// Bytes of an `Idempotency-Key`.
    package var idempotencyKeyBytesMax = 255

    // MARK: Lists

    package var pageSizeDefault = 100
    package var pageSizeMax = 1_000
    /// The highest page number; with the largest size it reaches past any result that is kept.
    package var pageMax = 10_000_000
    package var analyticsPageSizeDefault = 1_000
    package var analyticsPageSizeMax = 10_000
    package var queryPageSizeDefault = 10_000
    package var queryPageSizeMax = 100_000
    /// Bytes of an encoded answer of `POST /query` that is kept for those who ask the same: 1 MiB. A longer one is computed
    /// each time.
    package var queryCacheEntryBytesMax = 1 << 20

    // MARK: Answers

    /// `Retry-After` of 429 and 503.
    package var retryAfterSeconds = 2
    /// How often a job is looked at while its events are sent.
    package var eventIntervalMilliseconds = 100
    /// A comment keeps the stream of events open through proxies.
    package var eventHeartbeatSeconds = 15
    /// The stream of events ends after this time; the client connects again.
    package var eventStreamSecondsMax = 3_600
    /// Streams of events at once.
    package var eventStreamsMax = 64
    /// Jobs that are acknowledged and not worked, from which on `/readyz` says no.
    package var readyBacklogMax = 1_000

    package init() {}
}
