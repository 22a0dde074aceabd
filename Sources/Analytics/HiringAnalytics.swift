package import LakeModel

/// The named analytics of the built-in hiring model.
package enum HiringAnalytics {
    /// Years that a question may ask for: four digits.
    static let years: ClosedRange<Int64> = 1...9999

    package static let declarations: [AnalyticDeclaration] = [quarterlyHires, departmentsAboveMean]

    /// `quarterly-hires/{year}`: only hires whose department and job are both known count.
    package static let quarterlyHires = AnalyticDeclaration(
        name: "quarterly-hires",
        doc: "How many employees each department hired for each job in each quarter of a year.",
        parameters: [year],
        sql: """
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
            """)

    /// `departments-above-mean/{year}`: the mean is over all departments, those without a hire included.
    package static let departmentsAboveMean = AnalyticDeclaration(
        name: "departments-above-mean",
        doc: "The departments that hired more employees in a year than departments did on average.",
        parameters: [year],
        sql: """
            WITH counts AS (
                SELECT d.id, d.department, count(e.id) AS hired
                FROM silver.departments_cleaned d
                LEFT JOIN silver.employees_cleaned e ON e.department_id = d.id AND e.hire_year = $year
                GROUP BY d.id, d.department
            )
            SELECT id, department, hired
            FROM counts
            WHERE hired > (SELECT avg(hired) FROM counts)
            ORDER BY hired DESC, id
            """)

    private static let year = AnalyticDeclaration.Parameter(
        name: "year", type: .int, minimum: years.lowerBound, maximum: years.upperBound)
}
