import Analytics
import Foundation
import GatewayHTTP
import Ingestion
import LakeModel

/// The limits of a server, of which a configuration file may set some. Names tell what is limited and in which unit.
struct ServerLimits {
    var ingestion = IngestionLimits()
    var gateway = GatewayLimits()
    var queries = QueryResources()
    var gold = GoldLimits()
    var answers = AnswerLimits()

    init() {}

    /// - Parameter path: a file as `docs/operations.md` describes it.
    /// - Throws: what keeps the file from being read; `ModelError` with the line of what is wrong in it.
    init(file path: String) throws {
        try self.init(text: String(contentsOfFile: path, encoding: .utf8), source: path)
    }

    init(text: String, source: String) throws {
        let entries = try LimitsFile.parse(text, source: source, names: Self.names)
        for entry in entries {
            if let key = Self.ofIngestion[entry.name] { ingestion[keyPath: key] = entry.value }
            if let key = Self.ofGateway[entry.name] { gateway[keyPath: key] = entry.value }
            if let key = Self.ofQueries[entry.name] { queries[keyPath: key] = entry.value }
            if let key = Self.ofGold[entry.name] { gold[keyPath: key] = entry.value }
            if let key = Self.ofAnswers[entry.name] { answers[keyPath: key] = entry.value }
        }
    }

    static var names: [String] {
        Set(ofIngestion.keys).union(ofGateway.keys).union(ofQueries.keys).union(ofGold.keys).union(ofAnswers.keys)
            .sorted()
    }

    /// The value that holds for a name.
    subscript(_ name: String) -> Int? {
        Self.ofIngestion[name].map { ingestion[keyPath: $0] } ?? Self.ofGateway[name].map { gateway[keyPath: $0] }
            ?? Self.ofQueries[name].map { queries[keyPath: $0] } ?? Self.ofGold[name].map { gold[keyPath: $0] }
            ?? Self.ofAnswers[name].map { answers[keyPath: $0] }
    }

    /// A name in both tables stands for the same limit, which gateway and ingestion both hold to.
    private static var ofIngestion: [String: WritableKeyPath<IngestionLimits, Int>] {
        [
            "batchRowsMax": \.batchRowsMax, "batchBytesMax": \.batchBytesMax, "replayRowsMax": \.replayRowsMax,
            "jsonDepthMax": \.jsonDepthMax, "verdictsMax": \.verdictsMax, "rejectBytesKept": \.rejectBytesKept,
            "uploadBytesMax": \.uploadBytesMax, "decompressedBytesMax": \.decompressedBytesMax,
            "streamSliceBytes": \.streamSliceBytes, "streamBacklogJobsMax": \.streamBacklogJobsMax,
            "streamWaitSecondsMax": \.streamWaitSecondsMax, "atomicStreamBytesMax": \.atomicStreamBytesMax,
            "backlogJobsMax": \.backlogJobsMax, "bufferedBytesMax": \.bufferedBytesMax,
            "rowGroupBytes": \.rowGroupBytes, "dataFileBytes": \.dataFileBytes,
            "contestedBytesMax": \.contestedBytesMax, "sliceMilliseconds": \.sliceMilliseconds,
            "commitIntervalMilliseconds": \.commitIntervalMilliseconds, "recordsPerCommitMax": \.recordsPerCommitMax,
            "bytesPerCommitMax": \.bytesPerCommitMax,
            "operationalRowsPerTransaction": \.operationalRowsPerTransaction, "logKeepSeconds": \.logKeepSeconds,
            "logKeepBytes": \.logKeepBytes, "logSweepSeconds": \.logSweepSeconds,
        ]
    }

    private static var ofGateway: [String: WritableKeyPath<GatewayLimits, Int>] {
        [
            "batchBytesMax": \.batchBytesMax, "uploadBytesMax": \.uploadBytesMax, "uploadsMax": \.uploadsMax,
            "connectionsMax": \.connectionsMax, "idleSecondsMax": \.idleSecondsMax,
            "rowStreamsMax": \.rowStreamsMax, "rowStreamBytesMax": \.rowStreamBytesMax,
            "queryBodyBytesMax": \.queryBodyBytesMax, "pageSizeMax": \.pageSizeMax,
            "analyticsPageSizeMax": \.analyticsPageSizeMax, "queryPageSizeMax": \.queryPageSizeMax,
            "queryCacheEntryBytesMax": \.queryCacheEntryBytesMax,
            "retryAfterSeconds": \.retryAfterSeconds, "eventStreamsMax": \.eventStreamsMax,
            "readyBacklogMax": \.readyBacklogMax,
        ]
    }

    private static var ofQueries: [String: WritableKeyPath<QueryResources, Int>] {
        [
            "queryWorkers": \.queryWorkers, "queryQueueMax": \.queryQueueMax, "queryThreads": \.queryThreads,
            "queryMemoryBytesMax": \.queryMemoryBytesMax, "queryTemporaryBytesMax": \.queryTemporaryBytesMax,
            "queryMilliseconds": \.queryMilliseconds, "queryRowsMax": \.queryRowsMax,
            "queryResultBytesMax": \.queryResultBytesMax,
        ]
    }

    private static var ofGold: [String: WritableKeyPath<GoldLimits, Int>] {
        [
            "goldRowsMax": \.goldRowsMax, "goldBytesMax": \.goldBytesMax,
            "goldQueryMilliseconds": \.goldQueryMilliseconds, "goldQuietMilliseconds": \.goldQuietMilliseconds,
            "goldDelayMilliseconds": \.goldDelayMilliseconds, "goldRestFactor": \.goldRestFactor,
            "goldCheckSeconds": \.goldCheckSeconds, "goldPollMilliseconds": \.goldPollMilliseconds,
        ]
    }

    private static var ofAnswers: [String: WritableKeyPath<AnswerLimits, Int>] {
        ["answerCacheBytes": \.answerCacheBytes]
    }
}
