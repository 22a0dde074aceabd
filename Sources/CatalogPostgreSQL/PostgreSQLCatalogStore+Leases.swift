import CatalogService
import PostgreSQLSupport

extension PostgreSQLCatalogStore: LeaseStore {
    private static let now = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"

    package func takeLease(role: String, holder: String, milliseconds: Int) async throws -> Bool {
        try await pool.transaction { session in
            let rows = try session.execute(
                """
                INSERT INTO leases (role, holder, expires) VALUES ($1, $2, \(Self.now) + $3)
                ON CONFLICT (role) DO UPDATE SET holder = excluded.holder, expires = excluded.expires
                    WHERE leases.holder = excluded.holder OR leases.expires <= \(Self.now)
                RETURNING holder
                """, [.text(role), .text(holder), .bigint(milliseconds)])
            return rows.rowCount == 1
        }
    }

    package func releaseLease(role: String, holder: String) async throws {
        try await pool.transaction { session in
            _ = try session.execute(
                "DELETE FROM leases WHERE role = $1 AND holder = $2", [.text(role), .text(holder)])
        }
    }

    package func countLeases(prefix: String) async throws -> Int {
        try await pool.transaction { session in
            _ = try session.execute(
                "DELETE FROM leases WHERE starts_with(role, $1) AND expires <= \(Self.now)", [.text(prefix)])
            let rows = try session.execute(
                "SELECT count(*) FROM leases WHERE starts_with(role, $1)", [.text(prefix)])
            return Int(rows.int64(0, 0))
        }
    }
}
