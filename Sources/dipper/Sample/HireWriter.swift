/// Writes the rows of `hired_employees.csv`.
///
/// A row takes three random numbers whatever becomes of it, so that options which change one field leave the others
/// as they were.
struct HireWriter {
    /// What one row lacks or gets wrong.
    private enum Flaw { case none, name, datetime, department, job }

    private let options: SampleOptions
    private let keys: SampleKeys
    private let names = SampleNames()
    private let calendar = SampleCalendar()
    /// 256 places, a department as often as its weight asks.
    private let departments: [UInt64]
    private let jobCount = SampleVocabulary.jobs.count
    private var random: SampleRandom
    private var missing = [0, 0, 0, 0]
    private var malformed = 0

    init(options: SampleOptions) {
        self.options = options
        keys = SampleKeys(count: options.rows, options: options)
        departments = Self.departmentTable()
        random = SampleRandom(seed: options.seed)
    }

    private static func departmentTable() -> [UInt64] {
        let weights = SampleVocabulary.departmentWeights
        let total = weights.reduce(0, +)
        var table: [UInt64] = []
        var sum = 0
        for (index, weight) in weights.enumerated() {
            sum += weight
            while table.count < sum * 256 / total { table.append(UInt64(index + 1)) }
        }
        return table
    }

    mutating func writeRow(at position: Int, to block: inout SampleBytes) {
        let choice = random.next()
        let name = random.next()
        let time = random.next()
        if let every = options.badEvery, (position + 1) % every == 0 {
            writeMalformed(keys.key(at: position), kind: (position + 1) / every, to: &block)
            return
        }
        let flaw = options.clean ? .none : drawFlaw(UInt32(truncatingIfNeeded: choice >> 32))
        appendKey(keys.key(at: position), to: &block)
        block.append(0x2C)
        if flaw != .name { appendName(name, to: &block) }
        block.append(0x2C)
        if flaw != .datetime { appendTime(time, to: &block) }
        block.append(0x2C)
        if flaw != .department { block.append(decimal: departments[Int(truncatingIfNeeded: choice & 0xFF)]) }
        block.append(0x2C)
        if flaw != .job { appendJob(UInt32(truncatingIfNeeded: choice >> 8) & 0xFF_FFFF, to: &block) }
        block.append(0x0A)
    }

    /// Adds what was written to `summary`.
    func count(into summary: inout SampleSummary) {
        summary.missingNames = missing[0]
        summary.missingDatetimes = missing[1]
        summary.missingDepartments = missing[2]
        summary.missingJobs = missing[3]
        summary.malformed = malformed
    }

    private mutating func drawFlaw(_ bits: UInt32) -> Flaw {
        let draw = SampleRandom.scale(bits, below: 1_000_000)
        var bound = SampleMissingRate.name
        if draw < bound {
            missing[0] += 1
            return .name
        }
        bound += SampleMissingRate.datetime
        if draw < bound {
            missing[1] += 1
            return .datetime
        }
        bound += SampleMissingRate.department
        if draw < bound {
            missing[2] += 1
            return .department
        }
        bound += SampleMissingRate.job
        if draw < bound {
            missing[3] += 1
            return .job
        }
        return .none
    }

    private func appendKey(_ key: UInt64, to block: inout SampleBytes) {
        if options.stringKeys {
            block.append(0x45)
            block.append(0x2D)
        }
        block.append(decimal: key)
    }

    private func appendName(_ bits: UInt64, to block: inout SampleBytes) {
        let first = SampleNames.draw(UInt32(truncatingIfNeeded: bits), from: names.first)
        let last = SampleNames.draw(UInt32(truncatingIfNeeded: bits >> 32), from: names.last)
        block.append(names.first.bytes, from: names.first.starts[first], to: names.first.starts[first + 1])
        block.append(0x20)
        block.append(names.last.bytes, from: names.last.starts[last], to: names.last.starts[last + 1])
    }

    private func appendTime(_ bits: UInt64, to block: inout SampleBytes) {
        let day = SampleRandom.scale(UInt32(truncatingIfNeeded: bits), below: calendar.days.count)
        let second = SampleRandom.scale(UInt32(truncatingIfNeeded: bits >> 32), below: SampleCalendar.secondsPerDay)
        block.append(calendar.days[day])
        block.append(twoDigits: second / 3600)
        block.append(0x3A)
        block.append(twoDigits: second / 60 % 60)
        block.append(0x3A)
        block.append(twoDigits: second % 60)
        block.append(0x5A)
    }

    /// Jobs follow 24 random bits, the first titles twice as common as the last ones.
    private func appendJob(_ bits: UInt32, to block: inout SampleBytes) {
        let uniform = SampleRandom.scale(bits << 8, below: jobCount)
        let job = bits & 3 == 0 ? uniform * uniform / jobCount : uniform
        block.append(decimal: UInt64(job + 1))
    }

    /// One row that the hiring model refuses, the kinds in turn.
    private mutating func writeMalformed(_ key: UInt64, kind: Int, to block: inout SampleBytes) {
        malformed += 1
        let id = (options.stringKeys ? "E-" : "") + String(key)
        let row: [UInt8] =
            switch kind % 6 {
            case 0: Array("\(id),Ada Baker,2021-02-30T08:00:00Z,1,1\n".utf8)  // no such day
            case 1: Array("\(id),Ben Costa,yesterday,2,2\n".utf8)
            case 2: Array("\(id),Eva Diaz,2021-03-01T08:00:00Z,99999999999,3\n".utf8)  // past 32 bits
            case 3: Array("\(id),Leo Ito,2021-03-02T08:00:00Z,3,4,extra\n".utf8)
            case 4: Array("\(id),Zo".utf8) + [0xEB] + Array(" Kim,2021-03-03T08:00:00Z,4,5\n".utf8)  // Latin-1
            default: Array("\(id),Uma Vega,2021-03-04T08:00:00Z,five,6\n".utf8)
            }
        block.append(row)
    }
}
