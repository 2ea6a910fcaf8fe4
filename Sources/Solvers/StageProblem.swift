internal import Hessian
public import LinearAlgebra

/// Linears whose inputs may be scaled together, and how those inputs may be scaled.
public struct StageProblem: Sendable {
  /// Linears that read one input.
  public struct Group: Sendable {
    /// What is known about the input.
    public let input: CalibratedInput
    /// The Linears.
    public let linears: [LinearProblem]
    /// The share of the target's correction that was taken; nil for uncorrected targets.
    let correction: Float?

    /// Linears with their common input.
    ///
    /// - Precondition: the statistics, if any, have a channel for each column of every Linear.
    public init(_ linears: [LinearProblem], input: CalibratedInput) {
      self.init(linears, input: input, correction: nil)
    }

    init(_ linears: [LinearProblem], input: CalibratedInput, correction: Float?) {
      if let channels = input.calibration?.channels {
        for linear in linears {
          precondition(
            linear.weights.columns == channels,
            "\(linear.name): statistics of \(channels) channels for \(linear.weights.columns) columns"
          )
        }
      }
      self.input = input
      self.linears = linears
      self.correction = correction
    }
  }

  /// The groups: usually one; in a mixture, one for each expert.
  public let groups: [Group]
  /// How the inputs of all groups may be scaled alike; nil where nothing can take up the factors.
  public let scaling: InputScaling?

  /// A stage with given groups.
  public init(_ groups: [Group], scaling: InputScaling? = nil) {
    self.groups = groups
    self.scaling = scaling
  }

  /// All Linears, in the order of the groups.
  public var linears: [LinearProblem] { groups.flatMap(\.linears) }

  /// Each group's share of all calibration tokens; 1 for a single group.
  var shares: [Double] {
    let counts = groups.map { Double($0.input.calibration?.tokenCount ?? 0) }
    let total = counts.reduce(0, +)
    return groups.count == 1 || total == 0 ? counts.map { _ in 1 } : counts.map { $0 / total }
  }

  /// The mean magnitude of each channel over the tokens of all groups.
  ///
  /// - Throws: ``SolverError`` if a group has no statistics of tokens.
  func meanAbsolutes(for method: String) throws(SolverError) -> [Float] {
    let shares = shares
    var result: [Float] = []
    for (i, group) in groups.enumerated() {
      let means = try group.input.calibration.ranges(for: method).meanMagnitudes
      guard groups.count > 1 else { return means }
      if result.isEmpty { result = means.map { _ in 0 } }
      for j in means.indices { result[j] += Float(shares[i]) * means[j] }
    }
    return result
  }

  /// The largest magnitude of each channel over the tokens of all groups.
  ///
  /// - Throws: ``SolverError`` if a group has no statistics of tokens.
  func maxAbsolutes(for method: String) throws(SolverError) -> [Float] {
    var result: [Float] = []
    for group in groups {
      let largest = try group.input.calibration.ranges(for: method).maxMagnitudes
      result = result.isEmpty ? largest : zip(result, largest).map(max)
    }
    return result
  }
}

/// The constraints on scaling the input channels of a stage.
///
/// Factors s divide the input (`x → x/s`, taken up by whatever makes x) and multiply the columns of
/// every weight (`W → W·diag s`), so the outputs stay the same.
public struct InputScaling: Sendable {
  /// For each channel, the first channel with the same factor; nil where each has its own.
  ///
  /// Under grouped-query attention, one row of v makes several channels of o's input.
  public let sharing: [Int]?
  /// Whether the rows of another quantized Linear take up the factors, each in its own scales.
  ///
  /// Where all its rows share one scale, they cannot.
  public let isTakenUpByRows: Bool
  /// The factors nearest to given ones that whatever makes the input can take up exactly, in its
  /// storage format.
  public let storable: @Sendable ([Float]) -> [Float]
  /// The mean squared error, on sampled tokens, of the attention's or the MLP's output when the
  /// stage's weights are replaced by given ones; nil where that output is the stage's own.
  public let outputLoss: (@Sendable ([Matrix]) -> Double)?

  /// Constraints for a stage; by default each channel has its own factor, of any value.
  public init(
    sharing: [Int]? = nil, isTakenUpByRows: Bool = false,
    storable: @escaping @Sendable ([Float]) -> [Float] = { $0 },
    outputLoss: (@Sendable ([Matrix]) -> Double)? = nil
  ) {
    self.sharing = sharing
    self.isTakenUpByRows = isTakenUpByRows
    self.storable = storable
    self.outputLoss = outputLoss
  }

  /// A value for each channel, combined over the channels that share a factor; shared factors are
  /// computed from these.
  public func pooled(_ values: [Float], _ combine: ([Float]) -> Float) -> [Float] {
    guard let sharing else { return values }
    let members = Dictionary(grouping: values.indices) { sharing[$0] }
    let combined = members.mapValues { combine($0.map { values[$0] }) }
    return sharing.map { combined[$0] ?? 0 }
  }
}
