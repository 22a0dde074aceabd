"""Which field of a file holds which column: header, or the declared order."""

from dipper_spark.errors import FileFault

ROWS_MAX = 20
SPACES = " \t\xa0"


def folded(name):
    return name.strip(SPACES).lower()


class HeaderMatch:
    """A row's cells matched to the columns by name and alias."""

    def __init__(self, table, cells, line):
        self.table, self.line = table, line
        self.names = [cell.strip(SPACES) for cell in cells]
        while len(self.names) > 1 and self.names[-1] == "":
            self.names.pop()
        self.columns = [column_named(table, name) for name in self.names]
        self.matched = len({column for column in self.columns if column is not None})
        self.named = sum(1 for name in self.names if name)

    @property
    def is_whole(self):
        """Whether the row names two columns or all, and nothing else."""
        enough = min(2, len(self.table.columns))
        return self.matched == self.named and self.matched >= enough and self.matched == len(self.names)

    def layout(self):
        """`(fields of a row, for each column its field or None)`. Raises `FileFault`."""
        listed = quoted_list(self.names)
        if self.matched == 0:
            raise FileFault(
                "header-mismatch", f"none of the header's names ({listed}) is a column of the table (line {self.line})")
        self.check_duplicates()
        if self.table.undeclared == "reject":
            for field, name in enumerate(self.names):
                if self.columns[field] is None:
                    which = f'"{name}"' if name else f"column {field + 1} without a name"
                    raise FileFault(
                        "header-column-unknown", f"the header names {which}, which the table does not declare")
        fields = [
            self.columns.index(column) if column in self.columns else None
            for column in range(len(self.table.columns))]
        missing = [
            column.name for column, field in zip(self.table.columns, fields)
            if field is None and self.table.is_required(column)]
        if missing:
            kind = "column" if len(missing) == 1 else "columns"
            raise FileFault(
                "header-mismatch", f"the header ({listed}) lacks the required {kind} {quoted_list(missing)}")
        return len(self.names), fields

    def check_duplicates(self):
        seen = {}
        for name, column in zip(self.names, self.columns):
            if not name:
                continue
            identity = ("name", folded(name)) if column is None else ("column", column)
            if identity in seen:
                raise FileFault("header-column-duplicate", f'the header names "{name}" and "{seen[identity]}", one column')
            seen[identity] = name


def column_named(table, cell):
    wanted = folded(cell)
    if not wanted:
        return None
    for index, column in enumerate(table.columns):
        if folded(column.name) == wanted:
            return index
    for index, column in enumerate(table.columns):
        if any(folded(alias) == wanted for alias in column.aliases):
            return index
    return None


def quoted_list(names):
    return ", ".join(f'"{name}"' for name in names)


def match(sample, row, table, line=1):
    return HeaderMatch(table, [sample.text(field) for field in row.fields], line)


def candidates(sample, table):
    """The rows that may be the header: the first may name some columns, one behind it names columns and nothing else."""
    found = []
    for row in sample.rows[:ROWS_MAX]:
        if row.is_blank:
            continue
        matched = match(sample, row, table)
        if not found or matched.is_whole:
            found.append(matched)
    return found


def preamble_rows(sample, rules, table):
    """Rows before the header that hold none of the file's data."""
    for index, row in enumerate(sample.rows[:ROWS_MAX]):
        if row.is_blank:
            continue
        matched = match(sample, row, table)
        if matched.is_whole:
            return 0 if all(before.is_blank for before in sample.rows[:index]) else index
        values = sum(1 for field in row.fields if field)
        if matched.matched > 0 or values * 2 > len(table.columns) or sample.is_typed(row, rules):
            return 0
    return 0


def decide(sample, first, rules, table, asked, line_count):
    """The header in row `first` of the sample, or `None` when the row is data. Raises `FileFault`."""
    row = sample.rows[first]
    line = 1 + line_count + row.line
    if asked is False:
        return None
    names = match(sample, row, table, line)
    if asked is True:
        return names
    is_typed = sample.is_typed(row, rules)
    is_surely_data = is_typed and any(
        field and rule.type.kind != "string" for field, rule in zip(row.fields, rules))
    if names.matched > 0 and (names.matched == names.named or not is_surely_data):
        return names
    if not is_typed and names.matched == 0:
        others = [other for other in sample.rows[first + 1:] if not other.is_blank]
        typed = sum(1 for other in others if sample.is_typed(other, rules))
        if typed * 2 > len(others):
            raise FileFault(
                "header-mismatch",
                f"line {line} is no data row, but {typed} of the {len(others)} rows behind it are: it seems to be a "
                "header, and none of its names is a column of the table")
    return None
