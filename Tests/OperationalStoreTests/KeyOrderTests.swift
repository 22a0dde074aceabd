import LakeModel
import Testing

@testable import OperationalStore

@Suite struct KeyOrderTests {
    @Test func `rows go by key, those of one key as they came`() {
        #expect(KeyOrder.order(.int64([5, -1, 5, .max, .min, -1])) == [4, 1, 5, 0, 2, 3])
        #expect(KeyOrder.order(.int32([3, 2, 1])) == [2, 1, 0])
    }

    @Test func `rows in order, few rows and other keys are left as they lie`() {
        #expect(KeyOrder.order(.int64([1, 1, 2])) == nil)
        #expect(KeyOrder.order(.int64([])) == nil)
        #expect(KeyOrder.order(.double([2, 1])) == nil)
    }
}
