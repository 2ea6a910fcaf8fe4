public import LinearAlgebra

/// Linears that share one input, and what may be done to that input.
public struct StageProblem: Sendable {
  /// The Linears; each refers to the same input.
  public let linears: [LayerProblem]
  /// How the input may be scaled; nil where nothing in front of it can take up the factors.
  public let scaling: InputScaling?

  /// A stage.
  public init(_ linears: [LayerProblem], scaling: InputScaling? = nil) {
    self.linears = linears
    self.scaling = scaling
  }

  /// What is known of the shared input.
  public var input: LayerInput { linears.first?.input ?? LayerInput() }
}

/// What scaling the input channels of a stage must respect.
///
/// Factors s divide the input (`x → x/s`, taken up by whatever makes x) and multiply the columns of
/// every weight (`W → W·diag s`), so the outputs stay what they were.
public struct InputScaling: Sendable {
  /// For each channel the first channel that has the same factor; nil where each has its own.
  ///
  /// Under grouped-query attention several channels of o's input are made by one row of v.
  public let sharing: [Int]?
  /// The factors nearest to given ones that what makes the input can take up exactly, in the
  /// format that it is stored in.
  public let storable: @Sendable ([Float]) -> [Float]
  /// The mean squared error, on kept tokens, of what the stage is for (the attention's or the MLP's
  /// output) when its weights are replaced by given ones; nil where that is the stage's own output.
  public let outputLoss: (@Sendable ([Matrix]) -> Double)?

  /// Rules for a stage; by default each channel has its own factor, of any value.
  public init(
    sharing: [Int]? = nil, storable: @escaping @Sendable ([Float]) -> [Float] = { $0 },
    outputLoss: (@Sendable ([Matrix]) -> Double)? = nil
  ) {
    self.sharing = sharing
    self.storable = storable
    self.outputLoss = outputLoss
  }

  /// A value for each channel, combined over the channels that share a factor: what factors that must
  /// be shared can be made from.
  public func pooled(_ values: [Float], _ combine: ([Float]) -> Float) -> [Float] {
    guard let sharing else { return values }
    let members = Dictionary(grouping: values.indices) { sharing[$0] }
    let combined = members.mapValues { combine($0.map { values[$0] }) }
    return sharing.map { combined[$0] ?? 0 }
  }
}
