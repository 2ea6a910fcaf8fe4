import ArgumentParser
import Formats
import Quantizer

// The words and numbers of options for what may be stored.

/// `--group-size`: a number of columns, or a word.
enum GroupSize: ExpressibleByArgument {
  case columns(Int)
  case channel
  case tensor

  init?(argument: String) {
    switch argument {
    // Python tools write −1.
    case "channel", "-1": self = .channel
    case "tensor": self = .tensor
    default:
      guard let columns = Int(argument), columns > 0 else { return nil }
      self = .columns(columns)
    }
  }

  var granularity: Scheme.Granularity {
    switch self {
    case .columns(let columns): .group(columns)
    case .channel: .channel
    case .tensor: .tensor
    }
  }

  var defaultValueDescription: String {
    if case .columns(let columns) = self { "\(columns)" } else { "\(self)" }
  }
}

/// `--bits`: how many codes there are.
enum CodeBits: ExpressibleByArgument, Equatable {
  case integers(Int)
  case ternary

  init?(argument: String) {
    if argument == "ternary" {
      self = .ternary
    } else {
      guard let bits = Int(argument) else { return nil }
      self = .integers(bits)
    }
  }

  /// The number of bits in which a code is stored.
  var count: Int { if case .integers(let bits) = self { bits } else { 2 } }

  var defaultValueDescription: String {
    if case .integers(let bits) = self { "\(bits)" } else { "ternary" }
  }
}

/// `--grids`: the points that codes can stand for.
enum GridChoice: String {
  case integer
  case offset
  case nf4

  /// The points of a scheme; symmetry matters only for integer grids.
  ///
  /// Where a format stores an offset for each group anyway, it costs nothing to choose that freely.
  func points(_ symmetry: Symmetry?, in format: any CheckpointFormat) -> Scheme.Points {
    let isSymmetric = (symmetry ?? (format.storesOffsets ? .asymmetric : .symmetric)) == .symmetric
    return switch self {
    case .integer: isSymmetric ? .symmetric : format.storesOffsets ? .offset : .zeroPoint
    case .offset: .offset
    case .nf4: .table(.nf4)
    }
  }
}

/// `--symmetric` or `--asymmetric`.
enum Symmetry: String, EnumerableFlag {
  case symmetric
  case asymmetric
}
