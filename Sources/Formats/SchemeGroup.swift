public import Quantizer

/// Quantized Linears that share a scheme.
public struct SchemeGroup: Sendable, Equatable {
  /// What is stored for each of them.
  public let scheme: LinearScheme
  /// Their names: Hugging Face keys without `.weight`.
  public let linears: [String]

  /// A group of given Linears.
  public init(_ scheme: LinearScheme, linears: [String]) {
    self.scheme = scheme
    self.linears = linears
  }

  /// The groups of some Linears, those of the fewest bits first.
  ///
  /// - Parameter linears: names, whose order is kept inside each group, with their schemes.
  /// - Returns: a group for each scheme.
  public static func groups(
    of linears: some Sequence<(String, LinearScheme)>
  ) -> [SchemeGroup] {
    var members: [(scheme: LinearScheme, linears: [String])] = []
    var places: [LinearScheme: Int] = [:]
    for (name, scheme) in linears {
      if let place = places[scheme] {
        members[place].linears.append(name)
      } else {
        places[scheme] = members.count
        members.append((scheme, [name]))
      }
    }
    return members.sorted { $0.scheme.weights.bits < $1.scheme.weights.bits }
      .map { SchemeGroup($0.scheme, linears: $0.linears) }
  }
}
