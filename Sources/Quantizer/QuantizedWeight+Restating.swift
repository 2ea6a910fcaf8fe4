internal import LinearAlgebra

// The same values on another grid, exactly. Evenly spaced values are integers times a scale, and a group may move
// to other codes, and turn around, wherever all of its codes have a place:
//
//   s·(q − z) = ±s·(q′ − z′),   q′ − z′ = ±(q − z)
//   s·(q − z) = s·q + o,        o = −s·z

extension QuantizedWeight {
  /// The same values under another scheme.
  ///
  /// - Parameters:
  ///   - other: the scheme, whose groups lie in those of the weight.
  ///   - encoding: what can be stored of it.
  ///   - turns: whether scales below 0 must become scales above.
  /// - Returns: the weight, of which every value is what it was; nil where the scheme, or what can be stored of it,
  ///   does not have them all.
  package func restated(
    as other: Scheme, by encoding: any GridEncoding, turningNegative turns: Bool = false
  ) -> QuantizedWeight? {
    guard let found = restated(as: other, turningNegative: turns),
      encoding.nearest(to: found.grid) == found.grid
    else { return nil }
    return found
  }

  /// The same values without super-blocks, as most formats have them.
  ///
  /// - Parameter turns: whether scales below 0 must become scales above.
  /// - Returns: the weight in the simplest points that have them; the weight itself where none do.
  package func plain(turningNegative turns: Bool) -> QuantizedWeight {
    for points in [Scheme.Points.symmetric, .zeroPoint, .offset] {
      let scheme = try? Scheme(
        bits: grid.scheme.bits, points: points, granularity: grid.scheme.granularity)
      if let found = scheme.flatMap({ restated(as: $0, turningNegative: turns) }) { return found }
    }
    return self
  }

  private func restated(as other: Scheme, turningNegative turns: Bool) -> QuantizedWeight? {
    guard grid.columnGroups == nil, let size = try? other.groupSize(columns: columns), size > 0,
      grid.groupSize % size == 0,
      // Factors that groups share are found again, or where all groups have one scale.
      other.superBlock == nil || other == grid.scheme
        || grid.groupSize % (other.superBlock ?? 1) == 0
    else { return nil }
    let found = Threads.map(rows) { restatedRow($0, as: other, size, turnsNegative: turns) }
    let whole = found.compactMap(\.self)
    guard whole.count == rows else { return nil }
    func matrix(_ part: (GridEntry) -> Float) -> Matrix {
      Matrix(rows: rows, columns: columns / size, elements: whole.flatMap { $0.entries.map(part) })
    }
    let stated = Grid(
      scheme: other, groupSize: size, scales: matrix(\.scale), offsets: matrix(\.offset))
    return QuantizedWeight(
      rows: rows, columns: columns, grid: stated, codes: whole.flatMap(\.codes))
  }

  private func restatedRow(
    _ row: Int, as other: Scheme, _ size: Int, turnsNegative: Bool
  ) -> (entries: [GridEntry], codes: [UInt8])? {
    var result: (entries: [GridEntry], codes: [UInt8]) = ([], [])
    result.codes.reserveCapacity(columns)
    for first in stride(from: 0, to: columns, by: size) {
      let group = first / grid.groupSize
      let own = codes[row * columns + first..<row * columns + first + size]
      guard let low = own.min(), let high = own.max(),
        let move = GroupMove(
          GridEntry(scale: grid.scales[row, group], offset: grid.offsets[row, group]), grid.scheme,
          codes: Int(low)...Int(high), to: other, turnsNegative: turnsNegative)
      else { return nil }
      result.entries.append(move.entry)
      result.codes += own.map(move.code)
    }
    return result
  }
}

/// How the codes of a group become those of another grid.
private struct GroupMove {
  /// The entry of the other grid.
  let entry: GridEntry
  /// Whether codes descend where they ascended.
  private var turns = false
  /// What is added to a code, or what it is taken from where they turn.
  private var shift = 0

  /// The move of a group; nil where the other grid does not have its values.
  ///
  /// - Parameters:
  ///   - own: its scale and offset.
  ///   - scheme: what they are of.
  ///   - codes: the least and the largest of its codes.
  ///   - other: the scheme of the other grid.
  ///   - turnsNegative: whether a scale below 0 must become one above.
  init?(
    _ own: GridEntry, _ scheme: Scheme, codes: ClosedRange<Int>, to other: Scheme,
    turnsNegative: Bool
  ) {
    let largest = other.largestCode
    switch other.points {
    case .table:
      guard scheme.points == other.points else { return nil }
      entry = own
    case .offset:
      guard codes.upperBound <= largest else { return nil }
      if scheme.points == .offset {
        entry = own
      } else {
        guard let zero = own.integerZero(scheme) else { return nil }
        let offset = -own.scale * Float(zero)
        guard Double(offset) == -Double(own.scale) * Double(zero) else { return nil }
        entry = GridEntry(scale: own.scale, offset: offset)
      }
    case .symmetric, .zeroPoint:
      guard let zero = own.integerZero(scheme) else { return nil }
      turns = own.scale < 0 && turnsNegative
      // The ends of ±(q − z).
      let low = turns ? zero - codes.upperBound : codes.lowerBound - zero
      let high = turns ? zero - codes.lowerBound : codes.upperBound - zero
      let (least, most) = (max(0, -low), min(largest, largest - high))
      guard least <= most else { return nil }
      let wanted =
        other.isSymmetric ? other.middleCode : turns ? scheme.largestCode - zero : zero
      let place = min(max(wanted, least), most)
      guard place == wanted || !other.isSymmetric else { return nil }
      shift = turns ? place + zero : place - zero
      entry = GridEntry(scale: turns ? -own.scale : own.scale, offset: Float(place))
    }
  }

  /// The code that stands for the value of another.
  func code(_ own: UInt8) -> UInt8 {
    UInt8(turns ? shift - Int(own) : Int(own) + shift)
  }
}

extension GridEntry {
  /// The integer z of values s·(q − z); nil where there is none.
  fileprivate func integerZero(_ scheme: Scheme) -> Int? {
    switch scheme.points {
    case .symmetric, .zeroPoint: return Int(exactly: offset)
    case .offset:
      let zero = (-offset / scale).rounded()
      guard abs(zero) < 256, Double(scale) * Double(zero) == -Double(offset) else { return nil }
      return Int(zero)
    case .table(let table):
      let isEven = table.values.enumerated().allSatisfy { $1 == table.values[0] + Float($0) }
      return isEven ? Int(exactly: -table.values[0]) : nil
    }
  }
}
