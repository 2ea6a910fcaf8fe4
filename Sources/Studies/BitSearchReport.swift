internal import Foundation
public import Pipeline
public import Remedies

/// A plan of bits, with what led to it.
public struct BitSearchReport: Sendable {
  /// Linears that are stored alike.
  public struct Stage: Sendable {
    /// Their names.
    public let linears: [String]
    /// The number of their weights.
    public let weights: Int
    /// The bits that they take of the budget.
    public let bits: Int
    /// The index of the choice that was made for them.
    public let choice: Int
    /// For each choice, the predicted divergence from the dense model if only they are quantized: the
    /// mean of KL(dense ‖ quantized), in nats.
    public let predictions: [Double]

    /// A stage with given results.
    public init(linears: [String], weights: Int, bits: Int, choice: Int, predictions: [Double]) {
      self.linears = linears
      self.weights = weights
      self.bits = bits
      self.choice = choice
      self.predictions = predictions
    }
  }

  /// The mean bits that a weight may have: of its code, or of all that is in the file where the format counts that.
  public let budget: Double
  /// The numbers of bits, or types of the format, to choose from, in ascending order.
  public let choices: [BitPlan.Entry]
  /// The index of the choice with which divergences were measured; the others follow from the output error.
  public let reference: Int
  /// The number of tokens on which divergences were measured.
  public let tokens: Int
  /// The stages, in order of computation.
  public let stages: [Stage]
  /// The time of the search, in seconds.
  public let seconds: Double

  /// A report with given results.
  public init(
    budget: Double, choices: [BitPlan.Entry], reference: Int, tokens: Int, stages: [Stage],
    seconds: Double
  ) {
    self.budget = budget
    self.choices = choices
    self.reference = reference
    self.tokens = tokens
    self.stages = stages
    self.seconds = seconds
  }

  /// How each Linear is stored.
  public var plan: BitPlan {
    BitPlan(
      entries: Dictionary(
        uniqueKeysWithValues: stages.flatMap { stage in
          stage.linears.map { ($0, choices[stage.choice]) }
        }))
  }

  /// The mean bits of a weight: at most the budget.
  public var averageBits: Double {
    let count = stages.reduce(0) { $0 + $1.weights }
    return Double(stages.reduce(0) { $0 + $1.bits }) / Double(max(1, count))
  }

  /// The predicted divergence of the whole model from the dense one: the sum over the stages.
  public var predictedDivergence: Double {
    stages.reduce(0) { $0 + $1.predictions[$1.choice] }
  }
}

/// Why no plan of bits can be found.
public enum BitSearchError: RemediableError {
  /// Even the fewest bits are more than the budget; nil if there is no choice.
  case budgetTooSmall(Double, least: Double?)
  /// There is no calibration text.
  case calibrationNeeded

  /// What was found, and what was needed.
  public var description: String {
    switch self {
    case .budgetTooSmall(let budget, let least?):
      "a budget of \(budget) bits is below the smallest choice of \(String(format: "%.4g", least))"
    case .budgetTooSmall(let budget, nil):
      "no engine loads any choice of bits for a budget of \(budget)"
    case .calibrationNeeded: "a choice of bits needs a calibration text"
    }
  }

  /// What to try.
  public var remedies: [Remedy] {
    if case .calibrationNeeded = self { [.giveCalibrationText] } else { [] }
  }
}
