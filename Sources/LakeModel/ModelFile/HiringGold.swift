/// The gold tables of the hiring model.
///
/// Large tables are read once, into cells of a few columns; what analysts look at is computed from those. Days are whole
/// numbers and sums exact, so that the same rows give the same result whatever the order they are read in.
enum HiringGold {
    static let yaml = """
        gold:
          - name: quarterly_hires
            doc: Hires by year, department and job; only hires with both.
            columns:
              - {name: hire_year, type: int}
              - {name: department, type: string}
              - {name: job, type: string}
              - {name: q1, type: long}
              - {name: q2, type: long}
              - {name: q3, type: long}
              - {name: q4, type: long}
              - {name: hires, type: long, doc: Of the whole year.}
            sql: |
              WITH cells AS (
                SELECT hire_year, department_id, job_id, hire_quarter, count(*) AS hires
                FROM silver.employees_cleaned
                GROUP BY hire_year, department_id, job_id, hire_quarter
              )
              SELECT c.hire_year, d.department, j.job,
                     CAST(sum(CASE c.hire_quarter WHEN 1 THEN c.hires ELSE 0 END) AS BIGINT) AS q1,
                     CAST(sum(CASE c.hire_quarter WHEN 2 THEN c.hires ELSE 0 END) AS BIGINT) AS q2,
                     CAST(sum(CASE c.hire_quarter WHEN 3 THEN c.hires ELSE 0 END) AS BIGINT) AS q3,
                     CAST(sum(CASE c.hire_quarter WHEN 4 THEN c.hires ELSE 0 END) AS BIGINT) AS q4,
                     CAST(sum(c.hires) AS BIGINT) AS hires
              FROM cells c
              JOIN silver.departments_cleaned d ON d.id = c.department_id
              JOIN silver.jobs_cleaned j ON j.id = c.job_id
              GROUP BY c.hire_year, d.department, j.job
          - name: department_metrics
            doc: Every department in every year that has hires, those without a hire included.
            columns:
              - {name: hire_year, type: int}
              - {name: department_id, type: int}
              - {name: department, type: string}
              - {name: hires, type: long}
              - {name: q1, type: long}
              - {name: q2, type: long}
              - {name: q3, type: long}
              - {name: q4, type: long}
              - {name: running_total, type: long, doc: Hires of the department up to the end of the year.}
              - {name: share, type: double, doc: Of the hires of all departments in the year.}
              - {name: place, type: long, doc: 1 for the department with the most hires of the year.}
              - {name: above_mean, type: boolean, doc: Whether it hired more than the mean over all departments.}
              - {name: previous_year_hires, type: long, doc: Null when the year before has no hires at all.}
              - {name: growth_on_year, type: double, doc: Against the year before; null when that has none.}
              - {name: jobs, type: long, doc: Different jobs that were hired for.}
              - {name: top_job, type: string, doc: The job with the most hires.}
              - {name: first_hire, type: timestamptz}
              - {name: last_hire, type: timestamptz}
              - {name: mean_tenure_days, type: double, doc: From the hire to the newest hire of the whole table.}
            sql: |
              WITH cells AS (
                SELECT e.hire_year, e.department_id, e.job_id, count(*) AS hires,
                       count(*) FILTER (WHERE e.hire_quarter = 1) AS q1,
                       count(*) FILTER (WHERE e.hire_quarter = 2) AS q2,
                       count(*) FILTER (WHERE e.hire_quarter = 3) AS q3,
                       count(*) FILTER (WHERE e.hire_quarter = 4) AS q4,
                       min(e.hire_datetime) AS first_hire, max(e.hire_datetime) AS last_hire,
                       sum(date_diff('day', DATE '1970-01-01', CAST(e.hire_datetime AS DATE))) AS days
                FROM silver.employees_cleaned e
                GROUP BY e.hire_year, e.department_id, e.job_id
              ), newest AS (
                SELECT date_diff('day', DATE '1970-01-01', CAST(max(last_hire) AS DATE)) AS day FROM cells
              ), yearly AS (
                SELECT y.hire_year, d.id AS department_id, d.department,
                       CAST(coalesce(sum(c.hires), 0) AS BIGINT) AS hires,
                       coalesce(sum(c.q1), 0) AS q1, coalesce(sum(c.q2), 0) AS q2,
                       coalesce(sum(c.q3), 0) AS q3, coalesce(sum(c.q4), 0) AS q4,
                       count(DISTINCT c.job_id) AS jobs,
                       min(c.first_hire) AS first_hire, max(c.last_hire) AS last_hire, sum(c.days) AS days
                FROM (SELECT DISTINCT hire_year FROM cells) y
                CROSS JOIN silver.departments_cleaned d
                LEFT JOIN cells c ON c.hire_year = y.hire_year AND c.department_id = d.id
                GROUP BY y.hire_year, d.id, d.department
              ), ranked AS (
                SELECT c.hire_year, c.department_id, j.job,
                       row_number() OVER (
                         PARTITION BY c.hire_year, c.department_id ORDER BY c.hires DESC, j.job, j.id) AS place
                FROM cells c JOIN silver.jobs_cleaned j ON j.id = c.job_id
              ), compared AS (
                SELECT y.*,
                       sum(hires) OVER (PARTITION BY hire_year) AS hires_of_all,
                       avg(hires) OVER (PARTITION BY hire_year) AS mean_hires,
                       max(hires) OVER (
                         PARTITION BY department_id ORDER BY hire_year RANGE BETWEEN 1 PRECEDING AND 1 PRECEDING
                       ) AS previous_year_hires
                FROM yearly y
              )
              SELECT c.hire_year, c.department_id, c.department, c.hires, c.q1, c.q2, c.q3, c.q4,
                     sum(c.hires) OVER (PARTITION BY c.department_id ORDER BY c.hire_year) AS running_total,
                     c.hires / nullif(c.hires_of_all, 0) AS share,
                     rank() OVER (PARTITION BY c.hire_year ORDER BY c.hires DESC) AS place,
                     c.hires > c.mean_hires AS above_mean,
                     c.previous_year_hires,
                     (c.hires - c.previous_year_hires) / nullif(c.previous_year_hires, 0) AS growth_on_year,
                     c.jobs, r.job AS top_job, c.first_hire, c.last_hire,
                     (n.day * c.hires - c.days) / nullif(c.hires, 0) AS mean_tenure_days
              FROM compared c
              CROSS JOIN newest n
              LEFT JOIN ranked r
                ON r.hire_year = c.hire_year AND r.department_id = c.department_id AND r.place = 1
          - name: employee_analytics
            doc: Hires by year, month and department; those without a known department stand in rows without one.
            columns:
              - {name: hire_year, type: int}
              - {name: hire_quarter, type: int}
              - {name: hire_month, type: int}
              - {name: department_id, type: int}
              - {name: department, type: string}
              - {name: hires, type: long}
              - {name: running_year, type: long, doc: Hires of the department from January to this month.}
              - {name: running_total, type: long, doc: Hires of the department up to this month.}
              - {name: share, type: double, doc: Of all hires of the month.}
              - {name: quarter_hires, type: long, doc: Of the department in the whole quarter.}
              - {name: previous_quarter_hires, type: long, doc: Null when the quarter before has none.}
              - {name: growth_on_quarter, type: double, doc: Of the quarter against the one before.}
              - {name: previous_year_hires, type: long, doc: In the same month of the year before; null for none.}
              - {name: growth_on_year, type: double, doc: Of the month against that of the year before.}
              - {name: first_hire, type: timestamptz}
              - {name: last_hire, type: timestamptz}
              - {name: mean_tenure_days, type: double, doc: From the hire to the newest hire of the whole table.}
            sql: |
              WITH cells AS (
                SELECT e.hire_year, e.hire_quarter, month(e.hire_datetime) AS hire_month, d.id AS department_id,
                       d.department, count(*) AS hires,
                       min(e.hire_datetime) AS first_hire, max(e.hire_datetime) AS last_hire,
                       sum(date_diff('day', DATE '1970-01-01', CAST(e.hire_datetime AS DATE))) AS days
                FROM silver.employees_cleaned e
                LEFT JOIN silver.departments_cleaned d ON d.id = e.department_id
                GROUP BY ALL
              ), newest AS (
                SELECT date_diff('day', DATE '1970-01-01', CAST(max(last_hire) AS DATE)) AS day FROM cells
              ), compared AS (
                SELECT c.*,
                       sum(hires) OVER (
                         PARTITION BY department_id, hire_year ORDER BY hire_month) AS running_year,
                       sum(hires) OVER (
                         PARTITION BY department_id ORDER BY hire_year, hire_month) AS running_total,
                       sum(hires) OVER (PARTITION BY hire_year, hire_month) AS month_hires,
                       sum(hires) OVER (PARTITION BY department_id, hire_year, hire_quarter) AS quarter_hires,
                       sum(hires) OVER (
                         PARTITION BY department_id ORDER BY hire_year * 4 + hire_quarter
                         RANGE BETWEEN 1 PRECEDING AND 1 PRECEDING) AS previous_quarter_hires,
                       sum(hires) OVER (
                         PARTITION BY department_id ORDER BY hire_year * 12 + hire_month
                         RANGE BETWEEN 12 PRECEDING AND 12 PRECEDING) AS previous_year_hires
                FROM cells c
              )
              SELECT c.hire_year, c.hire_quarter, c.hire_month, c.department_id, c.department, c.hires,
                     c.running_year, c.running_total, c.hires / c.month_hires AS share,
                     c.quarter_hires, c.previous_quarter_hires,
                     (c.quarter_hires - c.previous_quarter_hires) / c.previous_quarter_hires AS growth_on_quarter,
                     c.previous_year_hires,
                     (c.hires - c.previous_year_hires) / c.previous_year_hires AS growth_on_year,
                     c.first_hire, c.last_hire,
                     (n.day * c.hires - c.days) / c.hires AS mean_tenure_days
              FROM compared c CROSS JOIN newest n
        """
}
