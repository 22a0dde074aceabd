"""The hiring model once more, in a few lines of Python: what a load of CSV must make of each row."""

import collections
import csv
import datetime
import io

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
MICROSECOND = datetime.timedelta(microseconds=1)
INT32 = range(-(2**31), 2**31)
INT64 = range(-(2**63), 2**63)

TABLES = ("departments", "jobs", "hired_employees")
SILVER = {
    "departments": ["id", "department"],
    "jobs": ["id", "job"],
    "hired_employees": ["id", "name", "hire_datetime", "department_id", "job_id", "hire_year", "hire_quarter"],
}

# What each file has, by hand: the awkward rows that real files have, and what must become of them.
DEPARTMENTS = "1,Accounting\n2,Legal\n3,Support\n4,Training\n"
JOBS = '1,Clerk\n2,"Counsel, senior"\n3,Nurse\n'
HIRES = (
    "1,Ada Baker,2021-01-01T00:00:00Z,1,1\n"
    "2,Zoë O'Neill,2021-03-31T23:59:59Z,1,2\n"
    '3,"Costa, Ben",2021-04-01T00:00:00Z,2,2\n'
    '4,"Eva ""Evi"" Diaz",2021-07-15T12:30:00Z,3,\n'
    "5,Leo Ito,2021-10-01T08:00:00Z,,3\n"
    "6,,2021-05-05T05:05:05Z,1,1\n"
    "7,Mia Kim,,2,2\n"
    "8,Tom Khan,2021-12-31T23:30:00Z,3,3\n"
    "9,Uma Vega,2022-01-01T03:00:00Z,3,3\n"
    "1,Ada Baker-Jones,2021-02-01T00:00:00Z,1,3\n"
)
GOLDEN = {"departments": DEPARTMENTS, "jobs": JOBS, "hired_employees": HIRES}


def microseconds(text):
    return (datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) - EPOCH) // MICROSECOND


def integer(text, allowed):
    value = int(text)
    if value not in allowed:
        raise ValueError(text)
    return value


def typed(table, fields):
    """The silver row of a CSV row; ValueError when it is to be refused."""
    if table != "hired_employees":
        key, name = fields
        if not name:
            raise ValueError("name")
        return integer(key, INT32), name
    key, name, when, department, job = fields
    if not name:
        raise ValueError("name")
    moment = microseconds(when)
    date = EPOCH + moment * MICROSECOND
    return (
        integer(key, INT64), name, moment, integer(department, INT32) if department else None,
        integer(job, INT32) if job else None, date.year, (date.month + 2) // 3)


Expected = collections.namedtuple("Expected", "rows read accepted rejected blank")


def expect(table, *texts):
    """What stands in the table after the files were loaded one after another, the counts of them all together."""
    rows, read, accepted, rejected, blank = {}, 0, 0, 0, 0
    for text in texts:
        for fields in csv.reader(io.StringIO(text, newline="")):
            read += 1
            if not any(fields):
                blank += 1
                continue
            try:
                row = typed(table, fields)
            except ValueError:
                rejected += 1
                continue
            accepted += 1
            rows[row[0]] = row
    return Expected(collections.Counter(rows.values()), read, accepted, rejected, blank)


def quarterly_hires(expected, departments, jobs, year):
    """The published question: hires of a year by department, job and quarter."""
    department_names = {row[0]: row[1] for row in departments.rows}
    job_names = {row[0]: row[1] for row in jobs.rows}
    counts = collections.defaultdict(lambda: [0, 0, 0, 0])
    for row in expected.rows:
        _, _, _, department, job, hire_year, quarter = row
        if hire_year == year and department in department_names and job in job_names:
            counts[department_names[department], job_names[job]][quarter - 1] += 1
    return [
        {"department": department, "job": job, **{f"q{i + 1}": count for i, count in enumerate(quarters)}}
        for (department, job), quarters in sorted(counts.items())]


def departments_above_mean(expected, departments, year):
    names = {row[0]: row[1] for row in departments.rows}
    hired = collections.Counter(row[3] for row in expected.rows if row[5] == year and row[3] in names)
    mean = sum(hired.values()) / len(names)
    found = [{"id": key, "department": names[key], "hired": hired[key]} for key in names if hired[key] > mean]
    return sorted(found, key=lambda row: (-row["hired"], row["id"]))


def count_matches(receipt, expected):
    rows = receipt["rows"]
    assert (rows["read"], rows["accepted"], rows["rejected"], rows["blank"]) == (
        expected.read, expected.accepted, expected.rejected, expected.blank), receipt
