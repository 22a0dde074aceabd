import LakeModel

extension JobReceipt.Rows {
    /// The two sums that a receipt promises: `read = accepted + rejected + blank` and
    /// `accepted = inserted + updated + unchanged + superseded + deleted + ignored`.
    var isBalanced: Bool {
        read == accepted + rejected + blank
            && accepted == inserted + updated + unchanged + superseded + deleted + ignored
    }
}
