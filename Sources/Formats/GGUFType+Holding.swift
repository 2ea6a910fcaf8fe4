package import Checkpoint
package import Quantizer

extension GGUFType {
  /// The scheme of the blocks that hold exactly the values of all these weights: of their own type where that does, or
  /// else of the fewest bytes; nil where none do.
  ///
  /// - Complexity: the size of the weights for each type that is tried.
  package static func scheme(holding weights: [QuantizedWeight]) -> Scheme? {
    let schemes = Set(weights.map(\.grid.scheme))
    let own = schemes.count == 1 ? schemes.first.flatMap(GGUFType.init) : nil
    let types = allCases.filter { $0.scheme != nil }.sorted { a, b in
      if (a == own) != (b == own) { return a == own }
      return a.blockByteCount * b.blockLength < b.blockByteCount * a.blockLength
    }
    return types.lazy.compactMap(\.scheme).first { scheme in
      weights.allSatisfy { $0.restated(as: scheme, by: GGUFEncoding()) != nil }
    }
  }
}

extension GGUFMixture {
  /// The mixture whose name says most of what a file holds: one of the type of most weights.
  package init(of weights: [(scheme: Scheme, count: Int)]) {
    var counts: [GGUFType: Int] = [:]
    for (scheme, count) in weights {
      if let type = GGUFType(scheme) { counts[type, default: 0] += count }
    }
    let most = counts.max { ($0.value, $1.key.rawValue) < ($1.value, $0.key.rawValue) }?.key
    self = Self.allCases.first { $0.base == most } ?? .q80
  }
}
