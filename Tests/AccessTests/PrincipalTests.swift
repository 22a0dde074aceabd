import Access
import Testing

struct PrincipalTests {
    private func principal(_ grants: String...) throws -> Principal {
        Principal(name: "p", grants: try grants.map { try Grant(parsing: $0) })
    }

    @Test func `who may write may read, and not the other way round`() throws {
        #expect(try principal("write:a").may(.read, ["a"]))
        #expect(try !principal("read:a").may(.write, ["a"]))
    }

    @Test func `a right holds inside a namespace and nowhere beside it`() throws {
        let one = try principal("read:a.b")
        #expect(one.may(.read, ["a", "b"]) && one.may(.read, ["a", "b", "c"]))
        for other in [["a"], ["b"], ["a", "bb"], ["a", "c"], [], ["A", "b"], ["a.b"]] {
            #expect(!one.may(.read, other), "\(other)")
        }
    }

    @Test func `what lies above a readable namespace is seen in lists, and not read`() throws {
        let one = try principal("read:a.b")
        #expect(one.maySee(["a"]) && !one.may(.read, ["a"]))
        #expect(!one.maySee(["c"]))
        #expect(try principal("write:*").maySee(["c"]))
    }

    @Test func `everything is everything`() throws {
        let all = try principal("read:*", "write:a")
        #expect(all.mayEverywhere(.read) && !all.mayEverywhere(.write) && all.maySomewhere(.write))
        #expect(all.namespaces(.read) == nil && all.namespaces(.write) == [["a"]])
        #expect(Principal(name: "none", grants: []).maySomewhere(.read) == false)
        #expect(Principal.anybody.mayEverywhere(.write))
    }
}
