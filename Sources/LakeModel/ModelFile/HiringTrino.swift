/// The hiring model's analytics in Trino's SQL, over silver alone.
///
/// The answers are those of the same analytics in `HiringModel`, value by value: whole numbers are cast before they are divided, for
/// Trino divides them as such.
enum HiringTrino {
    /// Lines of YAML: `trino: |` and a text below it, for an entry of `analytics`.
    static func entry(_ sql: String) -> String {
        let lines = sql.split(separator: "\n", omittingEmptySubsequences: false).map { "      \($0)" }
        return "    trino: |\n" + lines.joined(separator: "\n")
    }

    static let quarterlyHires = """
        WITH cells AS (
          SELECT department_id, job_id, hire_quarter, count(*) AS hires
          FROM silver.employees_cleaned
          WHERE hire_year = $year
          GROUP BY department_id, job_id, hire_quarter
        )
        SELECT d.department, j.job,
               sum(CASE c.hire_quarter WHEN 1 THEN c.hires ELSE 0 END) AS q1,
               sum(CASE c.hire_quarter WHEN 2 THEN c.hires ELSE 0 END) AS q2,
               sum(CASE c.hire_quarter WHEN 3 THEN c.hires ELSE 0 END) AS q3,
               sum(CASE c.hire_quarter WHEN 4 THEN c.hires ELSE 0 END) AS q4
        FROM cells c
        JOIN silver.departments_cleaned d ON d.id = c.department_id
        JOIN silver.jobs_cleaned j ON j.id = c.job_id
        GROUP BY d.department, j.job
        ORDER BY d.department, j.job
        """

    static let departmentsAboveMean = """
        WITH cells AS (
          SELECT department_id, count(*) AS hired
          FROM silver.employees_cleaned
          WHERE hire_year = $year
          GROUP BY department_id
        ), hires AS (
          SELECT d.id, d.department, coalesce(sum(c.hired), 0) AS hired
          FROM silver.departments_cleaned d
          LEFT JOIN cells c ON c.department_id = d.id
          GROUP BY d.id, d.department
        )
        SELECT id, department, hired FROM hires
        WHERE hired > (SELECT avg(hired) FROM hires)
        ORDER BY hired DESC, id
        """

    static let departmentMetrics = """
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
          SELECT date_diff('day', DATE '1970-01-01', CAST(max(last_hire) AS DATE)) AS newest_day FROM cells
        ), yearly AS (
          SELECT y.hire_year, d.id AS department_id, d.department, coalesce(sum(c.hires), 0) AS hires,
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
        ), metrics AS (
          SELECT c.hire_year, c.department_id, c.department, c.hires, c.q1, c.q2, c.q3, c.q4,
                 sum(c.hires) OVER (PARTITION BY c.department_id ORDER BY c.hire_year) AS running_total,
                 CAST(c.hires AS DOUBLE) / nullif(c.hires_of_all, 0) AS share,
                 rank() OVER (PARTITION BY c.hire_year ORDER BY c.hires DESC) AS place,
                 c.hires > c.mean_hires AS above_mean,
                 c.previous_year_hires,
                 CAST(c.hires - c.previous_year_hires AS DOUBLE) / nullif(c.previous_year_hires, 0)
                   AS growth_on_year,
                 c.jobs, r.job AS top_job, c.first_hire, c.last_hire,
                 CAST(n.newest_day * c.hires - c.days AS DOUBLE) / nullif(c.hires, 0) AS mean_tenure_days
          FROM compared c
          CROSS JOIN newest n
          LEFT JOIN ranked r
            ON r.hire_year = c.hire_year AND r.department_id = c.department_id AND r.place = 1
        )
        SELECT department_id, department, hires, q1, q2, q3, q4, running_total, share, place, above_mean,
               previous_year_hires, growth_on_year, jobs, top_job, first_hire, last_hire, mean_tenure_days
        FROM metrics WHERE hire_year = $year
        ORDER BY hires DESC, department_id
        """

    static let employeeAnalytics = """
        WITH cells AS (
          SELECT e.hire_year, e.hire_quarter, month(e.hire_datetime) AS hire_month, d.id AS department_id,
                 d.department, count(*) AS hires,
                 min(e.hire_datetime) AS first_hire, max(e.hire_datetime) AS last_hire,
                 sum(date_diff('day', DATE '1970-01-01', CAST(e.hire_datetime AS DATE))) AS days
          FROM silver.employees_cleaned e
          LEFT JOIN silver.departments_cleaned d ON d.id = e.department_id
          GROUP BY e.hire_year, e.hire_quarter, month(e.hire_datetime), d.id, d.department
        ), newest AS (
          SELECT date_diff('day', DATE '1970-01-01', CAST(max(last_hire) AS DATE)) AS newest_day FROM cells
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
        SELECT c.hire_quarter, c.hire_month, c.department_id, c.department, c.hires,
               c.running_year, c.running_total, CAST(c.hires AS DOUBLE) / c.month_hires AS share,
               c.quarter_hires, c.previous_quarter_hires,
               CAST(c.quarter_hires - c.previous_quarter_hires AS DOUBLE) / c.previous_quarter_hires
                 AS growth_on_quarter,
               c.previous_year_hires,
               CAST(c.hires - c.previous_year_hires AS DOUBLE) / c.previous_year_hires AS growth_on_year,
               c.first_hire, c.last_hire,
               CAST(n.newest_day * c.hires - c.days AS DOUBLE) / c.hires AS mean_tenure_days
        FROM compared c CROSS JOIN newest n
        WHERE c.hire_year = $year
        ORDER BY c.hire_month, c.department_id
        """
}
