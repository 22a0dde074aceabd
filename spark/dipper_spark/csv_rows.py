"""Cuts CSV bytes into rows and fields, with exact offsets and line numbers.

The grammar is Dipper's: a field ends at the delimiter, a row at LF, CR or CR LF. A quote opens a quoted field only as the
first byte of a field; inside, a doubled quote is one quote and anything else is text. After the closing quote the field
goes on unquoted up to the next delimiter or row end.
"""

import re

ROW_BYTES_MAX = 16 << 20
RAW_BYTES_MAX = 1 << 20
BLOCK_BYTES = 4 << 20


class Row:
    """`fields` as they stand in the file, quotes included."""

    __slots__ = ("start", "raw", "fields", "next", "lines", "is_unterminated", "byte_count")

    def __init__(self, start, raw, fields, next_, lines, is_unterminated=False, byte_count=None):
        self.start, self.raw, self.fields, self.next, self.lines = start, raw, fields, next_, lines
        self.is_unterminated = is_unterminated
        self.byte_count = len(raw) if byte_count is None else byte_count


class RowGrammar:
    def __init__(self, delimiter, quote):
        self.delimiter, self.quote = delimiter, quote
        self.delimiter_bytes, self.quote_bytes = bytes((delimiter,)), bytes((quote,))
        self.stop = re.compile(b"[\r\n" + re.escape(self.delimiter_bytes) + b"]")
        #: Whether rows end with LF or CR LF, as far as was seen: to look for LF alone costs too much otherwise.
        self.has_feeds = True

    def plain(self, data, at):
        """The row at `at` when it has no quote and ends with LF or CR LF; else `None`."""
        end = data.find(b"\n", at)
        if end < 0:
            self.has_feeds = b"\r" not in data[at:]
            return None
        raw = data[at:end]
        if self.quote_bytes in raw:
            return None
        if b"\r" in raw:
            if raw.find(b"\r") != len(raw) - 1:
                self.has_feeds = False
                return None
            raw = raw[:-1]
        return Row(at, raw, raw.split(self.delimiter_bytes), end + 1, 1)

    def row(self, data, at, is_end):
        """The row at `at`; `None` when it may go on behind `data`."""
        return (self.plain(data, at) if self.has_feeds else None) or self.careful(data, at, is_end)

    def careful(self, data, at, is_end):
        count, fields, start = len(data), [], at
        while True:
            search = start
            if start < count and data[start] == self.quote:
                search = self.closing(data, start + 1)
                if search is None or (search == count and not is_end):
                    if not is_end:
                        return None
                    fields.append(data[start:])
                    return Row(at, data[at:], fields, count, lines_of(data[at:]), is_unterminated=search is None)
            match = self.stop.search(data, search)
            if match is None:
                if not is_end:
                    return None
                fields.append(data[start:])
                return Row(at, data[at:], fields, count, lines_of(data[at:]))
            end = match.start()
            fields.append(data[start:end])
            if data[end] == self.delimiter:
                start = end + 1
                continue
            if data[end] == 0x0D and end + 1 == count and not is_end:
                return None
            next_ = end + 2 if data[end:end + 2] == b"\r\n" else end + 1
            return Row(at, data[at:end], fields, next_, lines_of(data[at:next_]))

    def closing(self, data, at):
        """Behind the quote that closes a field; `None` when there is none."""
        while True:
            at = data.find(self.quote_bytes, at)
            if at < 0:
                return None
            if data[at + 1:at + 2] != self.quote_bytes:
                return at + 1
            at += 2


def lines_of(data):
    """Line ends: LF, CR and CR LF count as one each."""
    returns = data.count(b"\r")
    return data.count(b"\n") + (returns - data.count(b"\r\n") if returns else 0)


class RowReader:
    """The rows of a stream, in memory that does not grow with it: a row longer than `row_bytes_max` is not kept.

    Gives `(offset of the row in the file, its line, row)`."""

    def __init__(self, read, grammar, offset, line, head=b"", row_bytes_max=ROW_BYTES_MAX):
        self.read, self.grammar, self.offset, self.line = read, grammar, offset, line
        self.data, self.row_bytes_max = head, row_bytes_max

    def __iter__(self):
        grammar, at, is_end = self.grammar, 0, False
        while True:
            row = grammar.row(self.data, at, is_end) if at < len(self.data) else None
            if row is not None:
                place = self.offset + at
                yield place, self.line, row
                self.line += row.lines
                at = row.next
                continue
            if is_end:
                return
            self.data, self.offset, at = self.data[at:], self.offset + at, 0
            # What is incomplete may be a line end.
            if len(self.data) > self.row_bytes_max + 2:
                place, line, row = self.offset, self.line, self.too_long()
                yield place, line, row
                self.line += row.lines
                continue
            block = self.read(max(BLOCK_BYTES, len(self.data)))
            is_end = not block
            self.data += block

    def too_long(self):
        """Looks for the end of a row of which only the beginning is kept."""
        kept, scan, count = self.data[:min(RAW_BYTES_MAX, self.row_bytes_max)], RowEnd(self.grammar), 0
        while True:
            end = scan.find(self.data)
            if end is not None:
                row_bytes, lines = count + end - scan.end_bytes, scan.lines
                self.data, self.offset = self.data[end:], self.offset + end
                return Row(0, kept, None, 0, lines, byte_count=row_bytes)
            count += len(self.data)
            self.offset += len(self.data)
            self.data = self.read(BLOCK_BYTES)
            if not self.data:
                return Row(0, kept, None, 0, scan.lines, scan.is_quoted, byte_count=count - scan.is_ended)


class RowEnd:
    """Finds a row's end block by block, byte by byte: for the rare row that is longer than a row may be."""

    def __init__(self, grammar):
        self.grammar = grammar
        self.at_start, self.in_quotes, self.after_quote = True, False, False
        self.after_return, self.is_ended = False, False
        self.lines, self.end_bytes = 0, 1

    @property
    def is_quoted(self):
        return self.in_quotes and not self.after_quote

    def find(self, data):
        """Behind the row end in `data`, or `None` when the row goes on."""
        for index, byte in enumerate(data):
            if self.is_ended:
                # By CR; LF behind it belongs to it.
                self.end_bytes = 2 if byte == 0x0A else 1
                return index + 1 if byte == 0x0A else index
            self.lines += byte == 0x0D or (byte == 0x0A and not self.after_return)
            self.after_return = byte == 0x0D
            if self.goes_on(byte):
                continue
            self.at_start = byte == self.grammar.delimiter
            if byte == 0x0A:
                return index + 1
            self.is_ended = byte == 0x0D
        return None

    def goes_on(self, byte):
        """Takes a byte's part in quotes; whether it is one of a quoted field."""
        if self.in_quotes and not self.after_quote:
            self.after_quote = byte == self.grammar.quote
            return True
        is_quote = byte == self.grammar.quote
        if self.after_quote:
            self.after_quote, self.in_quotes = False, is_quote
            return is_quote
        if is_quote and self.at_start:
            self.in_quotes, self.at_start = True, False
            return True
        return False
