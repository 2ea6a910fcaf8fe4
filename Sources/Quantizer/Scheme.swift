/// What may be stored for a weight matrix: how many bits, which points, how many scales.
public struct Scheme: Sendable, Hashable {
  /// How many weights share one scale and offset.
  public enum Granularity: Sendable, Hashable {
    /// The whole matrix shares one.
    case tensor
    /// Each row (output channel) has its own.
    case channel
    /// Each run of this many consecutive columns of a row has its own.
    case group(Int)
    /// Each block of so many rows and columns has its own; blocks at the ends may be smaller.
    case block(rows: Int, columns: Int)
  }

  /// Which values a code q can stand for, given the scale s of its group.
  public enum Points: Sendable, Hashable {
    /// Evenly spaced, with 0 at the middle code: `ŵ = s·(q − 2^(bits − 1))`.
    case symmetric
    /// Evenly spaced, with 0 at a code z of the group's own: `ŵ = s·(q − z)`.
    case zeroPoint
    /// Evenly spaced from a floating-point offset o of the group's own: `ŵ = s·q + o`.
    case offset
    /// The levels ℓ of a table: `ŵ = s·ℓ(q)`.
    case table(LevelTable)
  }

  /// The number of bits of one code, 2 to 8.
  public let bits: Int
  /// Which values a code can stand for.
  public let points: Points
  /// How many weights share one scale and offset.
  public let granularity: Granularity
  /// The number of consecutive columns whose groups store their scales and offsets as small multiples of
  /// factors that they share; nil where each group stores its own.
  public let superBlock: Int?
  /// Whether symmetric codes leave out the lowest point, which has no counterpart above 0, so that there are
  /// 2^bits − 1 of them: with two bits −1, 0 and 1.
  public let isNarrow: Bool

  /// A scheme that is known to be possible.
  ///
  /// - Throws: ``SchemeError`` for bits outside 2...8 or other than those of the table, for a group or a
  ///   block of no columns or rows, or for a super-block that is not made of groups.
  /// - Precondition: what is narrow is symmetric.
  public init(
    bits: Int, points: Points, granularity: Granularity, superBlock: Int? = nil,
    isNarrow: Bool = false
  ) throws(SchemeError) {
    precondition(!isNarrow || points == .symmetric, "a narrow range of \(points)")
    guard (2...8).contains(bits) else { throw .unsupportedBits(bits) }
    if case .group(let size) = granularity, size < 1 { throw .unsupportedGroupSize(size) }
    if case .block(let rows, let columns) = granularity, min(rows, columns) < 1 {
      throw .unsupportedGroupSize(min(rows, columns))
    }
    if let superBlock {
      guard case .group(let size) = granularity, superBlock > 0, superBlock % size == 0 else {
        throw .unsupportedGroupSize(superBlock)
      }
    }
    if case .table(let table) = points, table.bits != bits {
      throw .tableBits(bits, table: table.name, needed: table.bits)
    }
    self.bits = bits
    self.points = points
    self.granularity = granularity
    self.superBlock = superBlock
    self.isNarrow = isNarrow
  }

  /// A scheme of evenly spaced points around an integer zero point.
  ///
  /// - Throws: ``SchemeError`` for bits outside 2...8 or a group size below 1.
  public init(bits: Int, symmetric: Bool, granularity: Granularity) throws(SchemeError) {
    try self.init(
      bits: bits, points: symmetric ? .symmetric : .zeroPoint, granularity: granularity)
  }

  /// The same scheme with another number of bits, and all of their codes.
  ///
  /// - Throws: ``SchemeError`` for bits outside 2...8, or other than those of the table.
  public func storing(bits: Int) throws(SchemeError) -> Scheme {
    try Scheme(
      bits: bits, points: points, granularity: granularity, superBlock: superBlock)
  }

  /// The same scheme with other points.
  ///
  /// - Throws: ``SchemeError`` for a table that needs another number of bits.
  package func storing(points: Points) throws(SchemeError) -> Scheme {
    try Scheme(
      bits: bits, points: points, granularity: granularity, superBlock: superBlock)
  }

  /// Whether the zero point is fixed at the middle code, 2^(bits − 1).
  public var isSymmetric: Bool { points == .symmetric }

  /// The largest code: 2^bits − 1, one less where the range is narrow, or the last of the table.
  ///
  /// The smallest code is 0.
  public var largestCode: Int {
    if case .table(let table) = points { return table.values.count - 1 }
    return 1 << bits - (isNarrow ? 2 : 1)
  }

  /// The zero point of a symmetric grid, the code that stands for 0.
  public var middleCode: Int { 1 << (bits - 1) - (isNarrow ? 1 : 0) }

  /// The scheme as files have it, which know no narrow range.
  public var widened: Scheme { isNarrow ? (try? storing(bits: bits)) ?? self : self }

  /// Whether a scale belongs to more than one row, so that no row can choose its own.
  public var sharesScalesAmongRows: Bool {
    switch granularity {
    case .tensor, .block: true
    case .channel, .group: false
    }
  }

  /// The number of consecutive columns that share a scale in a matrix of a given width.
  ///
  /// - Throws: ``SchemeError/indivisible(columns:groupSize:)`` when groups do not fill the row; blocks need not.
  public func groupSize(columns: Int) throws(SchemeError) -> Int {
    if case .block(_, let width) = granularity { return width }
    guard case .group(let size) = granularity else { return columns }
    let whole = superBlock ?? size
    guard columns % whole == 0 else { throw .indivisible(columns: columns, groupSize: whole) }
    return size
  }
}

/// Why a scheme is impossible, on its own or for a matrix of a given width.
public enum SchemeError: Error, Equatable, CustomStringConvertible {
  /// Codes have 2 to 8 bits.
  case unsupportedBits(Int)
  /// A group has at least one column.
  case unsupportedGroupSize(Int)
  /// A table of levels needs another number of bits.
  case tableBits(Int, table: String, needed: Int)
  /// The group size does not divide the width.
  case indivisible(columns: Int, groupSize: Int)

  /// What was found, what is needed, and what would fit.
  public var description: String {
    switch self {
    case .unsupportedBits(let bits): "\(bits) bits are not supported; choose 2 to 8"
    case .unsupportedGroupSize(let size): "a group of \(size) columns is impossible"
    case .tableBits(let bits, let table, let needed):
      "the levels of \(table) need \(needed) bits, not \(bits)"
    case .indivisible(let columns, let size):
      "group size \(size) does not divide the input width \(columns); sizes that fit: "
        + Self.groupSizes(fitting: [columns]).map(String.init).joined(separator: ", ")
    }
  }

  /// The usual group sizes (multiples of 8 up to 256) that divide all of the given widths; if there
  /// are none, all common divisors up to 256.
  package static func groupSizes(fitting widths: [Int]) -> [Int] {
    let divisors = (1...max(1, min(256, widths.min() ?? 1))).filter { size in
      widths.allSatisfy { $0 % size == 0 }
    }
    let usual = divisors.filter { $0 % 8 == 0 }
    return usual.isEmpty ? divisors : usual
  }
}
