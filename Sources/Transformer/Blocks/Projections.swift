internal import LinearAlgebra

/// The number of attention heads, and their width.
public struct HeadShape: Sendable, Hashable {
  /// The number of query heads.
  public let count: Int
  /// The number of key-value heads, each shared by equally many query heads.
  public let keyValueCount: Int
  /// The width of a head.
  public let dimension: Int

  /// A shape with given numbers.
  ///
  /// - Precondition: `count` is a multiple of `keyValueCount`.
  public init(count: Int, keyValueCount: Int, dimension: Int) {
    precondition(count % keyValueCount == 0, "\(count) heads over \(keyValueCount)")
    self.count = count
    self.keyValueCount = keyValueCount
    self.dimension = dimension
  }

  /// The key-value head that a query head reads.
  func shared(_ head: Int) -> Int { head / (count / keyValueCount) }
}

/// The Linears that make queries, keys and values, and which of their rows make each.
public struct Projections: Sendable {
  /// The Linears, in order of computation.
  let slots: [Slot]
  /// For q, k and v, the Linear that makes it and its rows; nil for all rows in their order.
  private let sources: [(slot: Int, rows: [Int]?)]

  /// A separate Linear for each.
  public static func separate(
    query: String, key: String, value: String, hidden: Int, heads: HeadShape, hasBias: Bool
  ) -> Projections {
    let slots = [(query, heads.count), (key, heads.keyValueCount), (value, heads.keyValueCount)]
      .map { Slot($0.0, rows: $0.1 * heads.dimension, columns: hidden, hasBias: hasBias) }
    return Projections(slots: slots, sources: [(0, nil), (1, nil), (2, nil)])
  }

  /// One Linear whose rows are those of q, then of k, then of v.
  public static func concatenated(
    _ name: String, hidden: Int, heads: HeadShape, hasBias: Bool, isTransposed: Bool = false
  ) -> Projections {
    let (query, key) = (heads.count * heads.dimension, heads.keyValueCount * heads.dimension)
    let slot = Slot(
      name, rows: query + 2 * key, columns: hidden, hasBias: hasBias, isTransposed: isTransposed)
    let parts = [0..<query, query..<query + key, query + key..<query + 2 * key]
    return Projections(slots: [slot], sources: parts.map { (0, Array($0)) })
  }

  /// One Linear whose rows are, for each key-value head in turn, those of its queries, of k and of v.
  public static func interleaved(
    _ name: String, hidden: Int, heads: HeadShape, hasBias: Bool
  ) -> Projections {
    let (d, groups) = (heads.dimension, heads.keyValueCount)
    let queries = heads.count / groups
    let slot = Slot(name, rows: (queries + 2) * groups * d, columns: hidden, hasBias: hasBias)
    func rows(_ parts: Range<Int>) -> [Int] {
      (0..<groups).flatMap { group in
        parts.flatMap { part in (0..<d).map { ((queries + 2) * group + part) * d + $0 } }
      }
    }
    let parts = [0..<queries, queries..<queries + 1, queries + 1..<queries + 2]
    return Projections(slots: [slot], sources: parts.map { (0, rows($0)) })
  }

  /// The rows that make each channel of the context, which is linear in the values.
  ///
  /// Query heads that share a key-value head read the same rows.
  func valueAbsorber(_ heads: HeadShape) -> Absorber {
    let (slot, rows) = sources[2]
    let channels = (0..<heads.count * heads.dimension).map { channel -> Int in
      let (head, offset) = channel.quotientAndRemainder(dividingBy: heads.dimension)
      let value = heads.shared(head) * heads.dimension + offset
      return rows?[value] ?? value
    }
    return .rows(of: slots[slot].name, channels)
  }

  /// Splits the outputs of the Linears into queries, keys and values.
  func split(_ outputs: [Matrix]) -> [Matrix] {
    sources.map { slot, rows in
      guard let rows else { return outputs[slot] }
      let source = outputs[slot]
      var result = Matrix(rows: source.rows, columns: rows.count)
      result.parallelRowBlocks(of: 64) { range, block in
        for row in range {
          let values = source.row(row)
          var target = block.mutableRow(row - range.lowerBound)
          for j in target.indices { target[j] = values[rows[j]] }
        }
      }
      return result
    }
  }
}
