public import ArgumentParser
import Hessian
import Quantizer
public import Solvers

// The words and numbers of options for how weights and inputs are solved.

extension Observer: ExpressibleByArgument {
  /// Creates an observer from its word.
  ///
  /// Without a number, `percentile` is 99.99, as in NVIDIA's calibrators.
  public init?(argument: String) {
    switch argument {
    case "min-max": self = .minMax
    case "moving-average": self = .movingAverage
    case "percentile": self = .percentile(99.99)
    case "squared-error": self = .squaredError
    case "entropy": self = .entropy
    default:
      let prefix = "percentile:"
      guard argument.hasPrefix(prefix), let percentage = Double(argument.dropFirst(prefix.count)),
        percentage > 0, percentage <= 100
      else { return nil }
      self = .percentile(percentage)
    }
  }

  /// The default as the help shows it.
  public var defaultValueDescription: String { name }
}

extension OutlierRule: ExpressibleByArgument {
  /// Reads a threshold, or a number of channels as `top:K`.
  public init?(argument: String) {
    if argument.hasPrefix("top:") {
      guard let count = Int(argument.dropFirst(4)), count > 0 else { return nil }
      self = .largest(count)
    } else {
      guard let threshold = Float(argument), threshold > 0 else { return nil }
      self = .threshold(threshold)
    }
  }

  /// The default as the help shows it.
  public var defaultValueDescription: String {
    switch self {
    case .threshold(let threshold): "\(threshold)"
    case .largest(let count): "top:\(count)"
    }
  }
}

/// `--damping`: a share of the mean diagonal, or a choice by held-out tokens.
enum DampingChoice: ExpressibleByArgument, Equatable {
  case fixed(Damping)
  case auto

  init?(argument: String) {
    if argument == "auto" {
      self = .auto
    } else {
      guard let share = Double(argument), (0...Damping.largest).contains(share) else { return nil }
      self = .fixed(Damping(share: share))
    }
  }

  /// The damping to try first.
  var start: Damping { if case .fixed(let damping) = self { damping } else { Damping() } }

  var defaultValueDescription: String { "\(start.share)" }
}

/// `--alpha`: SmoothQuant's migration strength.
struct Alpha: ExpressibleByArgument {
  let strength: SmoothQuant.MigrationStrength

  init?(argument: String) {
    if argument == "search" {
      strength = .searched
    } else if let alpha = Float(argument), (0...1).contains(alpha) {
      strength = .fixed(alpha)
    } else {
      return nil
    }
  }
}

/// `--correction`: how targets are corrected.
struct CorrectionChoice: ExpressibleByArgument {
  let correction: TargetCorrection?

  init?(argument: String) {
    switch argument {
    case "off": correction = nil
    case "held-out": correction = TargetCorrection(.heldOut)
    case "gptaq": correction = TargetCorrection(.gptaq(0.25))
    default:
      guard let share = Float(argument), (0...1).contains(share) else { return nil }
      correction = TargetCorrection(.fixed(share))
    }
  }
}
