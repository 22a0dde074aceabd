"""What goes wrong, and what to do about it."""


class ClusterError(Exception):
    """:param remedy: what to try, as the scripts of bin/ tell it."""

    def __init__(self, message, remedy):
        super().__init__(message)
        self.message, self.remedy = message, remedy
