public import Quantizer

/// How bitsandbytes stores 4-bit weights: the levels, and whether their scales are quantized once more.
public struct BitsAndBytesType: Sendable, Hashable, CaseIterable {
  /// The levels, NF4 or FP4.
  public let table: LevelTable
  /// Whether scales are bytes with a factor of 256 of them, or float32.
  public let isNested: Bool

  /// A type.
  ///
  /// - Precondition: the levels are those of NF4 or FP4.
  public init(table: LevelTable, isNested: Bool) {
    precondition([.nf4, .fp4].contains(table), "\(table.name) in bitsandbytes")
    self.table = table
    self.isNested = isNested
  }

  /// All types, the default first.
  public static let allCases: [BitsAndBytesType] = [LevelTable.nf4, .fp4].flatMap { table in
    [true, false].map { BitsAndBytesType(table: table, isNested: $0) }
  }

  /// The columns that share a scale, as transformers has them.
  static let blockLength = 64

  /// The word for the type: "nf4+double", "nf4", "fp4+double", "fp4".
  public var name: String { table.name + (isNested ? "+double" : "") }

  /// For each level, its code in a file.
  ///
  /// NF4 has ascending levels. FP4 has a bit for the sign, and the magnitudes in an order of their own; the second 0
  /// is not written.
  var fileCodes: [UInt8] {
    table == .fp4 ? [11, 10, 13, 12, 15, 14, 9, 0, 1, 6, 7, 4, 5, 2, 3] : (0..<16).map { $0 }
  }

  /// For each code in a file, the level that it stands for.
  var levels: [UInt8] {
    var result = [UInt8](repeating: 7, count: 16)
    for (level, code) in fileCodes.enumerated() { result[Int(code)] = UInt8(level) }
    return result
  }

  /// `quant_map`: the level of each code in a file.
  var map: [Float] { levels.map { table.values[Int($0)] } }
}
