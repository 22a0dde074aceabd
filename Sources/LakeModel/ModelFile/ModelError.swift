/// What is wrong with a model file. `place.line` is the line of the offending node.
package struct ModelError: LakeError {
    package let code: String
    package let message: String
    package let remedy: String?
    package let place: Place?

    package init(code: String, message: String, remedy: String?, place: Place?) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.place = place
    }
}
