public import Hessian

/// A way to scale the input channels of a stage before quantization, undone exactly in front of it.
///
/// A new transform conforms to this protocol; a ``TransformMethod`` gives it a name.
public protocol Transform: Sendable {
  /// Chooses factors for the input channels.
  ///
  /// - Parameters:
  ///   - stage: the Linears, with statistics of their input.
  ///   - scaling: which channels share a factor, and which factors can be stored.
  ///   - trial: measures the cost of given factors.
  /// - Returns: a positive factor for each channel, or nil to leave the stage alone.
  /// - Throws: ``SolverError`` when statistics are missing or no grid fits.
  func factors(
    for stage: StageProblem, _ scaling: InputScaling, _ trial: ScaleTrial
  ) throws(SolverError) -> [Float]?

  /// Whether factors are used only if they lower the error of the complete solve.
  var mustImprove: Bool { get }

  /// What the transform needs to know about an input besides the second moment.
  var neededParts: InputStatistics.Parts { get }

  /// Whether candidates are judged by the attention's or the MLP's output, which must be computed.
  var judgesOutput: Bool { get }
}

extension Transform {
  /// False: statistics are enough.
  public var judgesOutput: Bool { false }

  /// Everything that calibration can collect, except histograms.
  public var neededParts: InputStatistics.Parts { [.ranges, .sample] }
}

/// A transform under the name that methods, tables and reports use.
public struct TransformMethod: Sendable {
  /// The name.
  public let name: String
  /// One line of help.
  public let summary: String
  /// Whether its factors are meant for rounded inputs, so that its name alone implies 8-bit weights
  /// and inputs.
  public let roundsInputs: Bool
  /// Makes the transform with the options that apply to it.
  public let make: @Sendable (MethodOptions) -> any Transform

  /// A transform with a name.
  public init(
    name: String, summary: String, roundsInputs: Bool = false,
    make: @escaping @Sendable (MethodOptions) -> any Transform
  ) {
    self.name = name
    self.summary = summary
    self.roundsInputs = roundsInputs
    self.make = make
  }

  /// AWQ.
  public static let awq = TransformMethod(
    name: "awq", summary: "scale input channels so that salient weights lose less (AWQ)"
  ) { _ in ActivationAwareScaling() }

  /// AWQ with the loss with which it was published.
  public static let awqOutput = TransformMethod(
    name: "awq-output", summary: "AWQ judged by the attention's or MLP's output, as published"
  ) { _ in ActivationAwareScaling(loss: .output) }

  /// SmoothQuant.
  public static let smoothQuant = TransformMethod(
    name: "smoothquant", summary: "move outliers from the inputs to the weights (SmoothQuant)",
    roundsInputs: true
  ) { SmoothQuant($0.migrationStrength) }
}
