public import Checkpoint
public import Quantizer

// What the blocks of each type can hold, as grids see it:
//
//   Q4_0, Q5_0, Q8_0      groups of 32, ŵ = d·(q − 2^(b−1)), d of any sign
//   Q4_1, Q5_1            groups of 32, ŵ = d·q + m
//   IQ4_NL                groups of 32, ŵ = d·ℓ(q)
//   MXFP4                 groups of 32, ŵ = 2^e·ℓ(q), the floats of 4 bits
//   Q4_K, Q5_K, Q2_K      groups of 32 or 16 in super-blocks of 256, ŵ = (d·n)·q − d′·m with integers n, m
//   Q3_K, Q6_K            groups of 16 in super-blocks of 256, ŵ = (d·n)·(q − 2^(b−1)), n of any sign
//   TQ1_0, TQ2_0          groups of 256, ŵ = d·(q − 1), q = 0, 1 or 2
//   IQ4_XS                groups of 32 in super-blocks of 256, ŵ = (d·n)·ℓ(q)

extension GGUFType {
  /// The scheme of the weights in blocks of this type; nil for floats.
  public var scheme: Scheme? { Self.schemes[self] }

  /// The type whose blocks hold weights of a scheme; nil where there is none.
  public init?(_ scheme: Scheme) {
    guard let type = Self.types[scheme] else { return nil }
    self = type
  }

  private static let schemes: [GGUFType: Scheme] = {
    let all: [(GGUFType, Int, Scheme.Points, Int)] = [
      (.q40, 4, .symmetric, 32), (.q50, 5, .symmetric, 32), (.q80, 8, .symmetric, 32),
      (.q41, 4, .offset, 32), (.q51, 5, .offset, 32), (.iq4NL, 4, .table(.iq4), 32),
      (.mxfp4, 4, .table(.e2m1), 32),
      (.q2K, 2, .offset, 16), (.q3K, 3, .symmetric, 16), (.q4K, 4, .offset, 32),
      (.q5K, 5, .offset, 32), (.q6K, 6, .symmetric, 16), (.iq4XS, 4, .table(.iq4), 32),
      (.tq10, 2, .table(.ternary("tq1")), 256), (.tq20, 2, .table(.ternary("tq2")), 256),
    ]
    var result: [GGUFType: Scheme] = [:]
    for (type, bits, points, size) in all {
      result[type] = try? Scheme(
        bits: bits, points: points, granularity: .group(size),
        superBlock: type.blockLength > size ? type.blockLength : nil)
    }
    return result
  }()

  private static let types = Dictionary(
    uniqueKeysWithValues: schemes.map { ($0.value, $0.key) })
}

extension LevelTable {
  /// −1, 0 and 1, under the name of a type.
  static func ternary(_ name: String) -> LevelTable { LevelTable(name: name, values: [-1, 0, 1]) }

  /// The levels of llama.cpp's IQ4_NL and IQ4_XS.
  static let iq4 = LevelTable(
    name: "iq4",
    values: [
      -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113,
    ])
}
