public import Formats
public import Remedies
public import Transformer

/// How many bits the codes of each Linear have, where they do not all have as many.
///
/// Linears that engines merge have the same number: all that read one input (q, k and v; gate and
/// up), and all experts of a block.
public struct BitPlan: Sendable, Equatable {
  /// The bits by the Linear's Hugging Face key, without `.weight`.
  let bits: [String: Int]

  /// A plan with given bits.
  public init(_ bits: [String: Int]) { self.bits = bits }

  /// The bits of a Linear; nil if the plan does not name it.
  public subscript(linear: String) -> Int? { bits[linear] }

  /// The different numbers of bits, in ascending order.
  public var widths: [Int] { Set(bits.values).sorted() }

  /// The mean bits of the codes of some Linears' weights: Σ rows·columns·bits / Σ rows·columns.
  ///
  /// Scales and zero points are not counted.
  public func averageBits(of linears: some Sequence<LinearShape>) -> Double {
    // In floating point, because a file may state any number of bits.
    var (sum, count) = (0.0, 0.0)
    for linear in linears {
      let size = Double(linear.rows) * Double(linear.columns)
      sum += size * Double(bits[linear.name] ?? 0)
      count += size
    }
    return sum / max(1, count)
  }

  /// Checks that the plan gives each Linear of a model its bits, and no others.
  ///
  /// - Throws: ``BitPlanError``.
  public func check(against model: ModelDeclaration) throws(BitPlanError) {
    let sets = model.blocks.indices.flatMap(model.linearsStoredAlike)
    let names = sets.joined().map(\.name)
    let unknown = Set(bits.keys).subtracting(names)
    if let name = unknown.min() { throw .unknown(name) }
    let missing = names.filter { bits[$0] == nil }
    guard missing.isEmpty else { throw .missing(missing) }
    for set in sets {
      let first = set[0].name
      for linear in set where bits[linear.name] != bits[first] {
        throw .different(
          (first, bits[first] ?? 0), (linear.name, bits[linear.name] ?? 0))
      }
    }
  }
}

/// What can be wrong with a plan of bits.
public enum BitPlanError: RemediableError {
  /// A name fits no Linear of the model.
  case unknown(String)
  /// The plan gives these Linears no bits.
  case missing([String])
  /// Two Linears that engines merge have different bits.
  case different((name: String, bits: Int), (name: String, bits: Int))

  /// What was found, and what was needed.
  public var description: String {
    switch self {
    case .unknown(let name):
      "the plan of bits names \(name), which no Linear of the model is called"
    case .missing(let names):
      "the plan of bits leaves out \(names.prefix(3).joined(separator: ", "))"
        + (names.count > 3 ? " and \(names.count - 3) more Linears" : "")
    case .different(let one, let other):
      "the plan of bits gives \(one.name) \(one.bits) and \(other.name) \(other.bits); engines "
        + "merge them and need the same for both"
    }
  }

  /// None: the message says what to change.
  public var remedies: [Remedy] { [] }
}
