"""The gold tables of the hiring model once more, in plain Python, from rows as `lake.hiring.typed` makes them."""

import collections
import datetime

DAY = 86_400_000_000


def day(microseconds):
    return microseconds // DAY


def month(microseconds):
    return (datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=microseconds)).month


def growth(now, before):
    return (now - before) / before if before else None


def quarterly_hires(employees, departments, jobs):
    names, titles = dict(departments), dict(jobs)
    counts = collections.defaultdict(lambda: [0, 0, 0, 0])
    for _, _, _, department, job, year, quarter in employees:
        if department in names and job in titles:
            counts[year, names[department], titles[job]][quarter - 1] += 1
    return {key: (*quarters, sum(quarters)) for key, quarters in counts.items()}


def department_metrics(employees, departments, jobs):
    names, titles = dict(departments), dict(jobs)
    newest = day(max(row[2] for row in employees))
    of = collections.defaultdict(list)
    for row in employees:
        if row[3] in names:
            of[row[5], row[3]].append(row)
    years = sorted({row[5] for row in employees})
    rows = {}
    for year in years:
        hires = {department: len(of[year, department]) for department in names}
        everyone = sum(hires.values())
        for department, name in names.items():
            own = of[year, department]
            before = len(of[year - 1, department]) if year - 1 in years else None
            by_job = collections.Counter(row[4] for row in own if row[4] in titles)
            top = min(by_job, key=lambda job: (-by_job[job], titles[job], job)) if by_job else None
            rows[year, department] = {
                "department": name, "hires": len(own),
                **{f"q{quarter}": sum(row[6] == quarter for row in own) for quarter in (1, 2, 3, 4)},
                "running_total": sum(len(of[past, department]) for past in years if past <= year),
                "share": len(own) / everyone if everyone else None,
                "place": 1 + sum(count > len(own) for count in hires.values()),
                "above_mean": len(own) > everyone / len(names),
                "previous_year_hires": before, "growth_on_year": growth(len(own), before),
                "jobs": len({row[4] for row in own if row[4] is not None}),
                "top_job": titles.get(top),
                "first_hire": min((row[2] for row in own), default=None),
                "last_hire": max((row[2] for row in own), default=None),
                "mean_tenure_days":
                    sum(newest - day(row[2]) for row in own) / len(own) if own else None,
            }
    return rows


def employee_analytics(employees, departments):
    names = dict(departments)
    newest = day(max(row[2] for row in employees))
    of = collections.defaultdict(list)
    for row in employees:
        department = row[3] if row[3] in names else None
        of[row[5], month(row[2]), department].append(row)

    def hires(test):
        return sum(len(found) for key, found in of.items() if test(*key))

    rows = {}
    for (year, number, department), own in of.items():
        quarter = (number + 2) // 3
        place = year * 4 + quarter

        def in_quarter(wanted):
            return hires(lambda y, m, d: d == department and y * 4 + (m + 2) // 3 == wanted) or None

        last_year = len(of.get((year - 1, number, department), ())) or None
        rows[year, number, department] = {
            "hire_quarter": quarter, "department": names.get(department), "hires": len(own),
            "running_year": hires(lambda y, m, d: d == department and y == year and m <= number),
            "running_total": hires(lambda y, m, d: d == department and (y, m) <= (year, number)),
            "share": len(own) / hires(lambda y, m, d: (y, m) == (year, number)),
            "quarter_hires": in_quarter(place), "previous_quarter_hires": in_quarter(place - 1),
            "growth_on_quarter": growth(in_quarter(place), in_quarter(place - 1)),
            "previous_year_hires": last_year, "growth_on_year": growth(len(own), last_year),
            "first_hire": min(row[2] for row in own), "last_hire": max(row[2] for row in own),
            "mean_tenure_days": sum(newest - day(row[2]) for row in own) / len(own),
        }
    return rows
