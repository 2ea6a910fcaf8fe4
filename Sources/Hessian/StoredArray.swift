/// One array of the statistics as a file stores it, exactly.
package struct StoredArray: Sendable, Equatable {
  /// The elements, row by row.
  package enum Elements: Sendable, Equatable {
    case floats([Float])
    case doubles([Double])
    case counts([UInt32])
    case integers([Int64])
  }

  /// The name of the array.
  package let name: String
  /// The length of each axis, outermost first.
  package let shape: [Int]
  /// The elements.
  package let elements: Elements

  /// An array of as many elements as its shape says.
  package init(_ name: String, _ shape: [Int], _ elements: Elements) {
    self.name = name
    self.shape = shape
    self.elements = elements
  }
}

/// Why stored arrays are not the statistics of any input.
package enum StatisticsError: Error, Equatable, CustomStringConvertible {
  /// An array that is needed is not there.
  case missing(String)
  /// An array is none of those that statistics consist of.
  case unknown(String)
  /// An array has another shape than the rest calls for.
  case shape(String, found: [Int], needed: [Int])
  /// The elements of an array are of another type.
  case type(String, needed: String)
  /// An element cannot be right.
  case value(String, index: Int, reason: String)
  /// The second moment is that of no input.
  case secondMoment(SecondMomentError)

  /// The array at fault.
  package var array: String {
    switch self {
    case .missing(let name), .unknown(let name), .shape(let name, _, _), .type(let name, _),
      .value(let name, _, _):
      name
    case .secondMoment: "second_moment"
    }
  }

  /// What was found, and what is needed.
  package var description: String {
    switch self {
    case .missing: "is missing"
    case .unknown: "is not a part of input statistics"
    case .shape(_, let found, let needed): "has shape \(found); \(needed) is needed"
    case .type(_, let needed): "does not have the type \(needed)"
    case .value(_, let index, let reason): "element \(index) \(reason)"
    case .secondMoment(let error): "\(error)"
    }
  }
}
