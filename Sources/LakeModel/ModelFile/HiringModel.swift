/// The model that is used when the data folder has none: departments, jobs and hired employees.
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
              SELECT d.department, j.job,
                     count(*) FILTER (WHERE e.hire_quarter = 1) AS q1,
                     count(*) FILTER (WHERE e.hire_quarter = 2) AS q2,
                     count(*) FILTER (WHERE e.hire_quarter = 3) AS q3,
                     count(*) FILTER (WHERE e.hire_quarter = 4) AS q4
              FROM silver.employees_cleaned e
              JOIN silver.departments_cleaned d ON d.id = e.department_id
              JOIN silver.jobs_cleaned j ON j.id = e.job_id
              WHERE e.hire_year = $year
              GROUP BY d.department, j.job
              ORDER BY d.department, j.job
            gold:
              from: [quarterly_hires]
              sql: |
                SELECT department, job, q1, q2, q3, q4 FROM quarterly_hires
                WHERE hire_year = $year
                ORDER BY department, job
          - name: departments-above-mean
            doc: Departments that hired more in a year than the mean over all departments, the most first.
            parameters:
              - {name: year, type: int, min: 1, max: 9999}
            sql: |
              WITH hires AS (
                SELECT d.id, d.department, count(e.id) AS hired
                FROM silver.departments_cleaned d
                LEFT JOIN silver.employees_cleaned e ON e.department_id = d.id AND e.hire_year = $year
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
          - name: department-metrics
            doc: Each department in a year, the one with the most hires first.
            parameters:
              - {name: year, type: int, min: 1, max: 9999}
            from: department_metrics
            sql: |
              SELECT * EXCLUDE (hire_year) FROM department_metrics
              WHERE hire_year = $year
              ORDER BY hires DESC, department_id
          - name: employee-analytics
            doc: Hires of a year by month and department; those without a known department stand in rows without one.
            parameters:
              - {name: year, type: int, min: 1, max: 9999}
            from: employee_analytics
            sql: |
              SELECT * EXCLUDE (hire_year) FROM employee_analytics
              WHERE hire_year = $year
              ORDER BY hire_month, department_id
        """

    /// The declarations of ``yaml``.
    /// - Throws: ``ModelError`` if the text above is broken; a test parses it.
    package static func declaration() throws -> LakeDeclaration {
        try ModelFile.parse(yaml, source: "the built-in hiring model")
    }
}
