/// What a user can do about an error.
///
/// A library does not know how its caller spells a choice, so an error names the choice and the
/// command turns it into a flag.
public enum Remedy: Sendable, Hashable {
  /// Write to another place, which does not exist yet.
  case chooseAnotherOutput
  /// Read a model of an unknown architecture as one of this family.
  case readAs(String)
  /// Quantize with one of these numbers of bits.
  case chooseBits([Int])
  /// Let no Linear have another number of bits than these.
  case restrictWidths([Int])
  /// Let all Linears have the same number of bits.
  case useOneWidth
  /// Let groups have one of these sizes, or a whole row share a scale.
  case chooseGroupSize([Int])
  /// Let groups have one of these sizes.
  case useGroups([Int])
  /// Let the weights of a row, or of the whole matrix, share a scale.
  case useWholeRows
  /// Quantize weights without zero points.
  case useSymmetricWeights
  /// Quantize weights on a grid of evenly spaced levels with integer zero points.
  case useIntegerGrid
  /// Store the result in this format.
  case chooseFormat(String)
  /// Store weights as this type of the format.
  case chooseType(String)
  /// Use this method, given in words.
  case chooseMethod(String)
  /// Calibrate on a text.
  case giveCalibrationText
  /// Give the inputs of the Linear themselves.
  case giveActivations
  /// Give the second moment of the Linear's inputs, or stored statistics.
  case giveSecondMoment
  /// Give a longer text.
  case giveLongerText
  /// Ask for fewer windows.
  case useFewerWindows
  /// Use shorter windows.
  case useShorterWindows
  /// Compare with the model that the other one was made from.
  case compareWithOriginal
  /// Measure the whole model: leave out what selects a part of it.
  case selectEverything
  /// Leave out the text to be predicted.
  case leaveOutText
  /// Compare methods without writing a model.
  case measureOnly
  /// Remove what an interrupted run left, and begin again.
  case discardInterrupted
}

/// An error that knows what can be done about it.
public protocol RemediableError: Error, CustomStringConvertible {
  /// What to try, the most promising first; empty when the message says all there is to say.
  var remedies: [Remedy] { get }
}
