/// The model that is used when the data folder has none: departments, jobs and hired employees.
///
/// Hires are counted by their ids before names are joined to them: the counts of a hundred million rows are a few thousand.
package enum HiringModel {
    /// The model, as a file would hold it. `dipper model` prints it as a start for one's own.
    package static let yaml = tables + "\n" + HiringGold.yaml + "\n" + analytics

    private static let tables = """
        version: 1
        tables:
          - name: departments
            silver: departments_cleaned
            columns:
              - {name: id, type: int}
              - {name: department, type: string, required: true}
            key: [id]
          - name: jobs
            silver: jobs_cleaned
            columns:
              - {name: id, type: int}
              - {name: job, type: string, required: true}
            key: [id]
          - name: hired_employees
            silver: employees_cleaned
            columns:
              - {name: id, type: long}
              - {name: name, type: string, required: true}
              - {name: hire_datetime, aliases: [datetime, hire_date], type: timestamptz, required: true}
              - {name: department_id, type: int}
              - {name: job_id, type: int}
            key: [id]
            derived:
              - {name: hire_year, part: year, from: hire_datetime}
              - {name: hire_quarter, part: quarter, from: hire_datetime}
            partition: [hire_year, hire_quarter]
            references:
              - {column: department_id, table: departments, action: warn}
              - {column: job_id, table: jobs, action: warn}
        """

    private static let analytics = """
        analytics:
          - name: quarterly-hires
            doc: Hires by department, job and quarter of a year; only hires with both a department and a job.
            parameters:
              - {name: year, type: int, min: 1, max: 9999}
            sql: |
              WITH cells AS (
                SELECT department_id, job_id, hire_quarter, count(*) AS hires
                FROM silver.employees_cleaned
                WHERE hire_year = $year
                GROUP BY department_id, job_id, hire_quarter
              )
              SELECT d.department, j.job,
                     CAST(sum(CASE c.hire_quarter WHEN 1 THEN c.hires ELSE 0 END) AS BIGINT) AS q1,
                     CAST(sum(CASE c.hire_quarter WHEN 2 THEN c.hires ELSE 0 END) AS BIGINT) AS q2,
                     CAST(sum(CASE c.hire_quarter WHEN 3 THEN c.hires ELSE 0 END) AS BIGINT) AS q3,
                     CAST(sum(CASE c.hire_quarter WHEN 4 THEN c.hires ELSE 0 END) AS BIGINT) AS q4
              FROM cells c
              JOIN silver.departments_cleaned d ON d.id = c.department_id
              JOIN silver.jobs_cleaned j ON j.id = c.job_id
              GROUP BY d.department, j.job
              ORDER BY d.department, j.job
            gold:
              from: [quarterly_hires]
              sql: |
                SELECT department, job, q1, q2, q3, q4 FROM quarterly_hires
                WHERE hire_year = $year
                ORDER BY department, job
        \(HiringTrino.entry(HiringTrino.quarterlyHires))
          - name: departments-above-mean
            doc: Departments that hired more in a year than the mean over all departments, the most first.
            parameters:
              - {name: year, type: int, min: 1, max: 9999}
            sql: |
              WITH cells AS (
                SELECT department_id, count(*) AS hired
                FROM silver.employees_cleaned
                WHERE hire_year = $year
                GROUP BY department_id
              ), hires AS (
                SELECT d.id, d.department, CAST(coalesce(sum(c.hired), 0) AS BIGINT) AS hired
                FROM silver.departments_cleaned d
                LEFT JOIN cells c ON c.department_id = d.id
                GROUP BY d.id, d.department
              )
              SELECT id, department, hired FROM hires
              WHERE hired > (SELECT avg(hired) FROM hires)
              ORDER BY hired DESC, id
            gold:
              from: [department_metrics]
              sql: |
                SELECT department_id AS id, department, hires AS hired FROM department_metrics
                WHERE hire_year = $year AND above_mean
                ORDER BY hired DESC, id
        \(HiringTrino.entry(HiringTrino.departmentsAboveMean))
          - name: department-metrics
            doc: Each department in a year, the one with the most hires first.
            parameters:
              - {name: year, type: int, min: 1, max: 9999}
            from: department_metrics
            sql: |
              SELECT * EXCLUDE (hire_year) FROM department_metrics
              WHERE hire_year = $year
              ORDER BY hires DESC, department_id
        \(HiringTrino.entry(HiringTrino.departmentMetrics))
          - name: employee-analytics
            doc: Hires of a year by month and department; those without a known department stand in rows without one.
            parameters:
              - {name: year, type: int, min: 1, max: 9999}
            from: employee_analytics
            sql: |
              SELECT * EXCLUDE (hire_year) FROM employee_analytics
              WHERE hire_year = $year
              ORDER BY hire_month, department_id
        \(HiringTrino.entry(HiringTrino.employeeAnalytics))
        """

    /// The declarations of ``yaml``.
    /// - Throws: ``ModelError`` if the text above is broken; a test parses it.
    package static func declaration() throws -> LakeDeclaration {
        try ModelFile.parse(yaml, source: "the built-in hiring model")
    }
}
