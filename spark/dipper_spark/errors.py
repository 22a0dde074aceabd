"""What goes wrong as a whole. What is wrong with single rows is a fault (`faults.py`)."""


class DipperSparkError(Exception):
    """A stable code, what happened, and what to do."""

    def __init__(self, code, message, remedy=None):
        super().__init__(code, message, remedy)
        self.code, self.message, self.remedy = code, message, remedy

    def __str__(self):
        return f"{self.code}: {self.message}" + (f" ({self.remedy})" if self.remedy else "")


class FileFault(Exception):
    """Why nothing of a file is applied: its receipt says so, and the work goes on behind it."""

    def __init__(self, code, message):
        super().__init__(code, message)
        self.code, self.message = code, message
