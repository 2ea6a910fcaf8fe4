public import Formats
internal import Quantizer
public import Remedies
public import Transformer

/// How each Linear is stored, where they are not all stored alike: the bits of its codes, or a type of the format.
///
/// Linears that engines merge are stored alike: all that read one input (q, k and v; gate and
/// up), and all experts of a block.
public struct BitPlan: Sendable, Equatable {
  /// How one Linear is stored.
  public enum Entry: Sendable, Hashable, CustomStringConvertible {
    /// In codes of so many bits, and else as the run says.
    case bits(Int)
    /// In a type of the format, such as `fp8`, which decides all else.
    case type(String)

    /// The number, or the word.
    public var description: String {
      switch self {
      case .bits(let bits): "\(bits)"
      case .type(let word): word
      }
    }

    /// The bits of a code; 0 for a word that no format of the library has.
    var width: Int {
      switch self {
      case .bits(let bits): bits
      case .type(let word):
        CompressedTensorsFormat().storing(type: word)?.standardScheme?.bits ?? 0
      }
    }
  }

  /// The entries by the Linear's Hugging Face key, without `.weight`.
  let entries: [String: Entry]

  /// A plan with given entries.
  public init(entries: [String: Entry]) { self.entries = entries }

  /// A plan with given bits.
  public init(_ bits: [String: Int]) { self.init(entries: bits.mapValues(Entry.bits)) }

  /// The bits of a Linear's codes; nil if the plan does not name it.
  public subscript(linear: String) -> Int? { entries[linear]?.width }

  /// The different numbers of bits, in ascending order, without those of types.
  public var widths: [Int] {
    let widths = entries.values.compactMap { if case .bits(let bits) = $0 { bits } else { nil } }
    return Set(widths).sorted()
  }

  /// Whether some Linear is stored in a type.
  var hasTypes: Bool { entries.values.contains { if case .type = $0 { true } else { false } } }

  /// The mean bits of the codes of some Linears' weights: Σ rows·columns·bits / Σ rows·columns.
  ///
  /// Scales and zero points are not counted.
  public func averageBits(of linears: some Sequence<LinearShape>) -> Double {
    // In floating point, because a file may state any number of bits.
    var (sum, count) = (0.0, 0.0)
    for linear in linears {
      let size = Double(linear.rows) * Double(linear.columns)
      sum += size * Double(entries[linear.name]?.width ?? 0)
      count += size
    }
    return sum / max(1, count)
  }

  /// Checks that the plan has an entry for each Linear of a model, and no others.
  ///
  /// - Throws: ``BitPlanError``.
  public func check(against model: ModelDeclaration) throws(BitPlanError) {
    let sets = model.blocks.indices.flatMap(model.linearsStoredAlike)
    let names = sets.joined().map(\.name)
    let unknown = Set(entries.keys).subtracting(names)
    if let name = unknown.min() { throw .unknown(name) }
    let missing = names.filter { entries[$0] == nil }
    guard missing.isEmpty else { throw .missing(missing) }
    for set in sets {
      guard let first = entries[set[0].name] else { continue }
      for linear in set {
        guard let entry = entries[linear.name], entry != first else { continue }
        throw .different((set[0].name, first), (linear.name, entry))
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
  /// Two Linears that engines merge are stored differently.
  case different((name: String, entry: BitPlan.Entry), (name: String, entry: BitPlan.Entry))

  /// What was found, and what was needed.
  public var description: String {
    switch self {
    case .unknown(let name):
      "the plan of bits names \(name), which no Linear of the model is called"
    case .missing(let names):
      "the plan of bits leaves out \(names.prefix(3).joined(separator: ", "))"
        + (names.count > 3 ? " and \(names.count - 3) more Linears" : "")
    case .different(let one, let other):
      "the plan of bits gives \(one.name) \(one.entry) and \(other.name) \(other.entry); engines "
        + "merge them and need the same for both"
    }
  }

  /// None: the message says what to change.
  public var remedies: [Remedy] { [] }
}
