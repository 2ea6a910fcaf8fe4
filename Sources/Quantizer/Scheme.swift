/// What may be stored for a weight matrix: how many bits, around which zero, how many scales.
public struct Scheme: Sendable, Hashable {
  /// How many weights share one scale and zero point.
  public enum Granularity: Sendable, Hashable {
    /// One for the whole matrix.
    case tensor
    /// One for each row (output channel).
    case channel
    /// One for each run of so many consecutive columns of a row.
    case group(Int)
  }

  /// The bits of one code, 2 to 8.
  public let bits: Int
  /// Whether the zero point is fixed in the middle of the codes, at 2^(bits − 1).
  public let isSymmetric: Bool
  /// How many weights share one scale and zero point.
  public let granularity: Granularity

  /// A scheme, checked.
  ///
  /// - Throws: ``SchemeError`` for bits outside 2...8 or a group size below 1.
  public init(
    bits: Int, symmetric: Bool, granularity: Granularity
  ) throws(SchemeError) {
    guard (2...8).contains(bits) else { throw .unsupportedBits(bits) }
    if case .group(let size) = granularity, size < 1 { throw .unsupportedGroupSize(size) }
    self.bits = bits
    self.isSymmetric = symmetric
    self.granularity = granularity
  }

  /// The largest code, 2^bits − 1; the smallest is 0.
  public var largestCode: Int { 1 << bits - 1 }

  /// The zero point of a symmetric grid: the code that stands for 0.
  public var middleCode: Int { 1 << (bits - 1) }

  /// The number of consecutive columns that share a scale, in a matrix with so many columns.
  ///
  /// - Throws: ``SchemeError/indivisible(columns:groupSize:)`` when groups do not fill the row.
  public func groupSize(columns: Int) throws(SchemeError) -> Int {
    guard case .group(let size) = granularity else { return columns }
    guard columns % size == 0 else { throw .indivisible(columns: columns, groupSize: size) }
    return size
  }
}

/// Why a scheme, or a scheme on a matrix of given width, is impossible.
public enum SchemeError: Error, Equatable, CustomStringConvertible {
  /// Only 2 to 8 bits are supported.
  case unsupportedBits(Int)
  /// A group needs at least one column.
  case unsupportedGroupSize(Int)
  /// The group size does not divide the width.
  case indivisible(columns: Int, groupSize: Int)

  /// What was found, what is needed, and what would fit.
  public var description: String {
    switch self {
    case .unsupportedBits(let bits): "\(bits) bits are not supported; choose 2 to 8"
    case .unsupportedGroupSize(let size): "a group of \(size) columns is impossible"
    case .indivisible(let columns, let size):
      "group size \(size) does not divide the input width \(columns); sizes that fit: "
        + Self.groupSizes(fitting: [columns]).map(String.init).joined(separator: ", ")
    }
  }

  /// The usual group sizes (multiples of 8 up to 256) that divide each of some widths, or else all
  /// common divisors up to 256.
  public static func groupSizes(fitting widths: [Int]) -> [Int] {
    let divisors = (1...max(1, min(256, widths.min() ?? 1))).filter { size in
      widths.allSatisfy { $0 % size == 0 }
    }
    let usual = divisors.filter { $0 % 8 == 0 }
    return usual.isEmpty ? divisors : usual
  }
}
