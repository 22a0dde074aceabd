/// The words that a sample is made of.
enum SampleVocabulary {
    static let departments = [
        "Product Management", "Sales", "Research and Development", "Business Development", "Engineering",
        "Human Resources", "Services", "Support", "Marketing", "Training", "Legal", "Accounting",
    ]

    /// How often a department hires, relative to the others; as long as ``departments``.
    static let departmentWeights = [55, 111, 178, 222, 245, 249, 240, 256, 166, 141, 68, 47]

    /// The crafts of ``jobs``, three grades each but the last.
    private static let crafts = [
        "Account Manager", "Actuary", "Administrative Officer", "Analog Designer", "Application Engineer",
        "Architect", "Auditor", "Automation Specialist", "Biostatistician", "Budget Analyst", "Business Analyst",
        "Chemical Engineer", "Civil Engineer", "Community Manager", "Compensation Analyst", "Controller",
        "Cost Accountant", "Customer Advocate", "Data Engineer", "Data Scientist", "Database Administrator",
        "Design Engineer", "Desktop Technician", "Developer", "Documentation Writer", "Editor",
        "Electrical Engineer", "Environmental Scientist", "Event Coordinator", "Facilities Planner",
        "Financial Advisor", "Geologist", "Graphic Designer", "Health Coach", "Help Desk Operator",
        "Information Officer", "Internal Consultant", "Laboratory Technician", "Legal Counsel", "Librarian",
        "Logistics Planner", "Marketing Manager", "Mechanical Engineer", "Media Planner", "Network Administrator",
        "Nurse Practitioner", "Operator", "Paralegal", "Payroll Clerk", "Pharmacist", "Product Owner",
        "Programmer", "Quality Engineer", "Recruiter", "Safety Technician", "Sales Representative",
        "Staff Scientist", "Statistician", "Systems Administrator", "Tax Accountant", "Web Designer",
    ]

    private static let grades = ["I", "II", "III"]

    /// 183 job titles: 61 crafts in three grades.
    static let jobs = grades.flatMap { grade in crafts.map { "\($0) \(grade)" } }

    /// Given names that the pool opens with; the rest is put together of syllables.
    static let commonFirstNames = [
        "Ada", "Agnes", "Ahmed", "Alma", "Amira", "Ana", "Anders", "Anh", "Bea", "Ben", "Björn", "Carla", "Carlos",
        "Chen", "Chloé", "Clara", "Dario", "Diego", "Elena", "Elif", "Emma", "Erik", "Eva", "Farid", "Fatima",
        "Finn", "Gita", "Grace", "Hana", "Hugo", "Ida", "Igor", "Ines", "Ivan", "Jack", "Jana", "João", "Jon",
        "José", "Julia", "Kai", "Karin", "Kenji", "Lara", "Lea", "Leo", "Lin", "Lucía", "Luis", "Maja", "Maria",
        "Mei", "Mia", "Mohamed", "Nadia", "Nils", "Noah", "Nora", "Olga", "Omar", "Oscar", "Paul", "Priya", "Rosa",
        "Sam", "Sara", "Sofia", "Sven", "Tom", "Uma", "Vera", "Wei", "Yuki", "Zoë",
    ]

    /// Family names that the pool opens with, among them such as break careless parsers.
    static let commonLastNames = [
        "Abbott", "Ahmadi", "Andersen", "Baker", "Bauer", "Brown", "Castillo", "Chen", "Cohen", "Costa", "D'Angelo",
        "Diaz", "Dubois", "Eriksen", "Fischer", "Garcia-Lopez", "Gomez", "González", "Haddad", "Hansen", "Ito",
        "Ivanova", "Jensen", "Johnson", "Jones", "Kaya", "Khan", "Kim", "Kowalski", "Kumar", "Lefèvre", "Lopez",
        "Martin", "Meyer", "Moreau", "Müller", "Nguyen", "Novak", "O'Brien", "O'Neill", "Okafor", "Pereira",
        "Petrov", "Rossi", "Saint-Clair", "Sato", "Schmidt", "Silva", "Singh", "Smith", "Svensson", "Tanaka",
        "Torres", "Van der Berg", "Vega", "Wang", "Weber", "Williams", "Yilmaz", "Zhang",
    ]

    static let onsets = [
        "B", "Br", "C", "D", "Dr", "F", "G", "H", "J", "K", "L", "M", "N", "P", "R", "S", "St", "T", "Tr", "V", "W",
    ]
    static let vowels = ["a", "e", "i", "o", "u", "ia", "ei"]
    static let middles = ["l", "n", "r", "s", "d", "m", "v", "nd", "rk", "ll"]
    static let firstEndings = ["a", "e", "o", "ine", "in", "as", "y"]
    static let lastEndings = ["er", "en", "sen", "ov", "man", "ez", "elli", "ton", "ski"]
}
