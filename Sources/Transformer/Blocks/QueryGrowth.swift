internal import Glibc
internal import LinearAlgebra

/// Queries that grow with their position p, as in Ministral 3 and Llama 4: `q · (1 + β ln(1 + ⌊p/n⌋))`.
public struct QueryGrowth: Sendable {
  /// β.
  public let rate: Float
  /// n.
  public let period: Double

  /// A growth with given numbers.
  public init(rate: Float, period: Double) {
    self.rate = rate
    self.period = period
  }

  func apply(to queries: inout Matrix) {
    queries.parallelRowBlocks(of: 64) { range, block in
      for position in range {
        let turns = (Double(position) / period).rounded(.down)
        let factor = 1 + rate * Float(log1p(turns))
        var row = block.mutableRow(position - range.lowerBound)
        for j in row.indices { row[j] *= factor }
      }
    }
  }
}
