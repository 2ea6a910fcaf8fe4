import Hessian
import LinearAlgebra
import Quantizer
import Solvers
import TestSupport
import Testing

/// A Hessian and an order, to be used for many matrices.
struct Calibrated: Sendable, CustomTestStringConvertible {
  let columns: Int
  let tokens: Int
  let order: ColumnOrder
  let seed: UInt64

  var testDescription: String {
    "\(columns) columns, \(tokens) tokens, \(order.rawValue) order, seed \(seed)"
  }

  /// The inputs: their second moment is exact in float32, so both sides factor the same matrix.
  var activations: Matrix { .activations(tokens: tokens, channels: columns, seed: seed) }

  /// The inputs as a solver gets them.
  var input: CalibratedInput {
    CalibratedInput(calibration: InputStatistics(of: activations))
  }

  /// The order by its definition: largest mean square first, ties in the order of columns.
  func visits(_ hessian: DoubleMatrix) -> [Int] {
    guard order != .natural else { return Array(0..<columns) }
    return (0..<columns).sorted {
      hessian[$0, $0] == hessian[$1, $1] ? $0 < $1 : hessian[$0, $0] > hessian[$1, $1]
    }
  }

  static func every(columns: [Int], tokens: Int, seeds: [UInt64]) -> [Calibrated] {
    columns.flatMap { columns in
      ColumnOrder.allCases.flatMap { order in
        seeds.map { Calibrated(columns: columns, tokens: tokens, order: order, seed: $0) }
      }
    }
  }
}

/// How many rows were compared, and how many were left out because some value of the textbook stood
/// within 10⁻⁴ steps of a boundary: float32 resolves 255 steps no finer than that after some
/// additions.
struct Agreement {
  var compared = 0
  var skipped = 0

  mutating func compare(_ codes: [UInt8], _ textbook: TextbookGPTQ, columns: Int, _ what: String) {
    for (row, margin) in textbook.margins.enumerated() {
      if margin < 1e-4 {
        skipped += 1
        continue
      }
      compared += 1
      let range = row * columns..<(row + 1) * columns
      if codes[range] != textbook.codes[range] {
        let differences = range.count { codes[$0] != textbook.codes[$0] }
        Issue.record("\(what), row \(row): \(differences) codes differ, margin \(margin)")
      }
    }
  }
}

@Suite struct `Nearest plane gives the codes of the GPTQ paper` {
  @Test(arguments: Calibrated.every(columns: [16, 64, 65, 128, 192], tokens: 256, seeds: [1, 2]))
  func `over shapes and schemes`(calibrated: Calibrated) throws {
    let groupSize = calibrated.columns == 65 ? 13 : 16
    try expectAgreement(
      calibrated, rows: [1, 16, 17, 40],
      Scheme.every(bits: [2, 3, 4, 8], [.channel, .group(groupSize)]))
  }

  @Test(arguments: Calibrated.every(columns: [40, 80], tokens: 20, seeds: [3]))
  func `with fewer tokens than channels`(calibrated: Calibrated) throws {
    try expectAgreement(calibrated, rows: [33], Scheme.every(bits: [2, 4], [.tensor, .group(20)]))
  }

  @Test(arguments: Calibrated.every(columns: [64, 80], tokens: 256, seeds: [5]))
  func `on offsets and tables of levels`(calibrated: Calibrated) throws {
    try expectAgreement(
      calibrated, rows: [17, 40],
      Scheme.others(bits: [2, 3, 4], tables: [.nf4, .e2m1], [.channel, .group(16)]))
  }

  @Test func `in many panels of many blocks`() throws {
    let calibrated = Calibrated(columns: 272, tokens: 512, order: .activation, seed: 4)
    try expectAgreement(calibrated, rows: [530], Scheme.every(bits: [3], [.group(136)]))
  }

  private func expectAgreement(_ calibrated: Calibrated, rows: [Int], _ schemes: [Scheme]) throws {
    let hessian = DoubleMatrix.secondMoment(of: calibrated.activations)
    let visits = calibrated.visits(hessian)
    let upper = TextbookGPTQ.inverseFactor(of: hessian, damping: 0.01, order: visits)
    let prepared = try NearestPlaneRounding(order: calibrated.order).prepared(
      for: RoundingInput(calibrated.input), Scheme(bits: 4, symmetric: true, granularity: .channel))
    #expect(prepared.conditioning?.retries == 0)
    var agreement = Agreement()
    for rows in rows {
      let weights = Matrix.heavyTailed(
        rows, calibrated.columns, scale: 0.02, seed: calibrated.seed + UInt64(rows))
      for (i, scheme) in schemes.enumerated() {
        let range = GridRule.Range.allCases[i / 2 % 2]
        let grid = try GridRule(range: range, scaleFormat: .float16)
          .grid(for: weights, scheme: scheme)
        let solution = prepared.round(weights, on: grid)
        let textbook = TextbookGPTQ(weights, upper: upper, order: visits, grid: grid)
        #expect(solution.grid == grid)
        agreement.compare(
          solution.codes, textbook, columns: calibrated.columns, "\(rows) rows, \(scheme)")
      }
    }
    let share = Double(agreement.skipped) / Double(agreement.skipped + agreement.compared)
    #expect(share < 0.08, "\(agreement)")
  }
}
