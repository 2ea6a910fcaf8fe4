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

  /// The statistics of all windows and, beside them, the moments of first positions, each with a weight.
  mutating func sum(adding first: FirstPositions, weight: Float) -> InputStatistics {
    enter()
    guard let inputs = first.inputs, weight > 0 else { return entered }
    entered.addMoments(of: inputs, reference: first.references, weight: weight, on: engine)
    return entered
  }

  private mutating func enter() {
    guard !inputs.isEmpty else { return }
    entered.add(
      inputs.joined, reference: references.isEmpty ? nil : references.joined, on: engine)
    (inputs, references, rows) = ([], [], 0)
  }
}

/// What the first positions of windows read: so few tokens that no sum over them is smaller than they are.
struct FirstPositions {
  private var rows: [Matrix] = []
  private var referenceRows: [Matrix] = []
  private let comparing: Bool

  /// No positions yet, with or without what the full-precision model has in their places.
  init(comparing: Bool) { self.comparing = comparing }

  /// Adds the input of a window.
  mutating func add(_ input: Matrix, reference: Matrix?) {
    rows.append(input)
    if let reference, comparing { referenceRows.append(reference) }
  }

  /// The inputs, one position to a row; nil if there are none.
  var inputs: Matrix? { rows.isEmpty ? nil : rows.joined }

  /// What the full-precision model has in their places; nil if nobody compares.
  var references: Matrix? { referenceRows.isEmpty ? nil : referenceRows.joined }
}

extension [Matrix] {
  /// The rows of all, without a copy if there is one.
  fileprivate var joined: Matrix { count == 1 ? self[0] : Matrix(stacking: self) }
}
