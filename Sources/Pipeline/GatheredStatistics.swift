internal import Hessian
internal import LinearAlgebra

/// Statistics that short windows enter together.
///
/// However few tokens are added, all of a second moment is read and written. So single tokens, and the few that an
/// expert reads of a window, wait for company.
struct GatheredStatistics {
  private var entered: InputStatistics
  private var inputs: [Matrix] = []
  private var references: [Matrix] = []
  private var rows = 0
  private let engine: ProductEngine

  /// The rows with which a window enters by itself.
  private static let longRows = 32

  /// Statistics that are still empty, and what computes their moments.
  init(_ empty: InputStatistics, _ engine: ProductEngine) {
    entered = empty
    self.engine = engine
  }

  /// Adds a window's input, and what the full-precision model has in its place, if that is collected.
  mutating func add(_ input: Matrix, reference: Matrix?) {
    // Windows enter in their order, which their sample depends on.
    if input.rows >= Self.longRows { enter() }
    inputs.append(input)
    if let reference, entered.parts.contains(.mismatch) { references.append(reference) }
    rows += input.rows
    if input.rows >= Self.longRows || rows >= ProductFactor.blockRows { enter() }
  }

  /// The statistics of all windows.
  mutating func sum() -> InputStatistics {
    enter()
    return entered
  }

  /// Adds the moments of other tokens, which are not counted, in place.
  mutating func finish(adding others: InputStatistics?, weight: Float) {
    enter()
    if let others, weight > 0 { entered.addMoments(of: others, weight: weight) }
  }

  private mutating func enter() {
    guard !inputs.isEmpty else { return }
    entered.add(
      inputs.joined, reference: references.isEmpty ? nil : references.joined, on: engine)
    (inputs, references, rows) = ([], [], 0)
  }
}

extension [Matrix] {
  /// The rows of all, without a copy if there is one.
  fileprivate var joined: Matrix { count == 1 ? self[0] : Matrix(stacking: self) }
}
