internal import LinearAlgebra

/// How many heads attention has, and how wide they are.
public struct HeadShape: Sendable, Hashable {
  /// The heads of the queries.
  public let count: Int
  /// The heads of keys and values, which query heads share in equal parts.
  public let keyValueCount: Int
  /// The width of a head.
  public let dimension: Int

  /// A shape.
  ///
  /// - Precondition: query heads can be shared out equally.
  public init(count: Int, keyValueCount: Int, dimension: Int) {
    precondition(count % keyValueCount == 0, "\(count) heads over \(keyValueCount)")
    self.count = count
    self.keyValueCount = keyValueCount
    self.dimension = dimension
  }

  /// The key-value head that a query head reads.
  func shared(_ head: Int) -> Int { head / (count / keyValueCount) }
}

/// The Linears that make queries, keys and values, and the rows of them that each comes from.
public struct Projections: Sendable {
  /// The Linears, in the order of the computation.
  let slots: [Slot]
  /// For q, k and v, the Linear that makes it and its rows; nil for all rows in their order.
  private let sources: [(slot: Int, rows: [Int]?)]

  /// A Linear for each.
  public static func separate(
    query: String, key: String, value: String, hidden: Int, heads: HeadShape, hasBias: Bool
  ) -> Projections {
    let slots = [(query, heads.count), (key, heads.keyValueCount), (value, heads.keyValueCount)]
      .map { Slot($0.0, rows: $0.1 * heads.dimension, columns: hidden, hasBias: hasBias) }
    return Projections(slots: slots, sources: [(0, nil), (1, nil), (2, nil)])
  }

  /// One Linear whose rows are, head by head, those of q, of k and of v.
  public static func interleaved(
    _ name: String, hidden: Int, heads: HeadShape, hasBias: Bool
  ) -> Projections {
    let d = heads.dimension
    let slot = Slot(name, rows: 3 * heads.count * d, columns: hidden, hasBias: hasBias)
    func rows(_ part: Int) -> [Int] {
      (0..<heads.count).flatMap { head in (0..<d).map { (3 * head + part) * d + $0 } }
    }
    return Projections(slots: [slot], sources: (0..<3).map { (0, rows($0)) })
  }

  /// The rows that make each channel of the context, which averages values whatever their size.
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

  /// Queries, keys and values, from the outputs of the Linears.
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
