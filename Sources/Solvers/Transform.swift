public import Hessian

/// A way of scaling the input channels of a stage before it is quantized, exactly undone in front.
///
/// A new one conforms to this; a ``TransformMethod`` gives it a name.
public protocol Transform: Sendable {
  /// Chooses factors for the input channels.
  ///
  /// - Parameters:
  ///   - stage: the Linears, with statistics of their input.
  ///   - scaling: which channels share a factor, and which factors can be stored.
  ///   - trial: measures what factors would cost.
  /// - Returns: a positive factor for each channel, or nil to leave the stage alone.
  /// - Throws: ``SolverError`` when statistics are missing or no grid fits.
  func factors(
    for stage: StageProblem, _ scaling: InputScaling, _ trial: ScaleTrial
  ) throws(SolverError) -> [Float]?

  /// Whether a stage is left alone unless its error, solved to the end, becomes less.
  var mustImprove: Bool { get }

  /// What it needs to know of an input beside the second moment.
  var neededParts: InputStatistics.Parts { get }

  /// Whether it asks what becomes of the attention's or the MLP's output, which has to be computed.
  var judgesOutput: Bool { get }
}

extension Transform {
  /// The statistics are enough.
  public var judgesOutput: Bool { false }

  /// All that calibration can collect, but for histograms.
  public var neededParts: InputStatistics.Parts { [.ranges, .sample] }
}

/// A transform with the name that methods, tables and reports know it by.
public struct TransformMethod: Sendable {
  /// The name.
  public let name: String
  /// One line of help.
  public let summary: String
  /// Whether its factors are made for inputs that are rounded as well, so that its name alone
  /// stands for 8-bit weights and inputs.
  public let roundsInputs: Bool
  /// Makes the transform with the options that apply to it.
  public let make: @Sendable (MethodOptions) -> any Transform

  /// A transform of given parts.
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

  /// AWQ with the loss that it was published with.
  public static let awqOutput = TransformMethod(
    name: "awq-output", summary: "AWQ judged by the attention's or MLP's output, as published"
  ) { _ in ActivationAwareScaling(loss: .output) }

  /// SmoothQuant.
  public static let smoothQuant = TransformMethod(
    name: "smoothquant", summary: "move outliers from the inputs to the weights (SmoothQuant)",
    roundsInputs: true
  ) { SmoothQuant($0.migrationStrength) }
}
