import GatewayHTTP
import Synchronization
import TableMaintenance

/// Takes note of what is asked for.
final class FakeMaintaining: TableMaintaining {
    struct State: Sendable {
        var requests: [MaintenanceRequest] = []
        var outcome = MaintenanceOutcome.State.done
        var error: (any Error)?
    }

    let state = Mutex(State())

    private func outcome(_ action: MaintenanceOutcome.Action, _ state: MaintenanceOutcome.State) -> MaintenanceOutcome {
        var outcome = MaintenanceOutcome(
            action: action, table: "silver.departments_cleaned", state: state,
            reason: state == .failed ? "/secret/place" : nil, startedMilliseconds: 1_706_702_400_000)
        outcome.removedFiles = 9
        outcome.locations = ["file:///lake/warehouse/x"]
        return outcome
    }

    func maintain(_ table: String, _ request: MaintenanceRequest) async throws -> MaintenanceOutcome? {
        try state.withLock { state in
            if let error = state.error { throw error }
            guard table == "departments" else { return nil }
            state.requests.append(request)
            return outcome(request.action, request.isDryRun ? .dryRun : state.outcome)
        }
    }

    func history(of table: String) async throws -> [MaintenanceOutcome]? {
        table == "departments" ? [outcome(.compact, .done), outcome(.expire, .failed)] : nil
    }
}
