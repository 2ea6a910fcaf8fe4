package import Checkpoint
public import Formats
public import Remedies
public import Transformer

/// How each Linear is stored, where they are not all stored alike: the bits of its codes, or a type of the format.
///
/// Linears that engines merge are stored alike: all that read one input (q, k and v; gate and
/// up), and all experts of a block. Of a format that has a type for every Linear (GGUF), a plan may leave out what is to
/// have that type, and name the embedding and the head.
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
  }

  /// The entries by the Linear's Hugging Face key, without `.weight`.
  let entries: [String: Entry]

  /// A plan with given entries.
  public init(entries: [String: Entry]) { self.entries = entries }

  /// A plan with given bits.
  public init(_ bits: [String: Int]) { self.init(entries: bits.mapValues(Entry.bits)) }

  /// The entry of a Linear; nil if the plan does not name it.
  public subscript(linear: String) -> Entry? { entries[linear] }

  /// The different numbers of bits, in ascending order, without those of types.
  public var widths: [Int] {
    let widths = entries.values.compactMap { if case .bits(let bits) = $0 { bits } else { nil } }
    return Set(widths).sorted()
  }

  /// Whether some Linear is stored in a type.
  var hasTypes: Bool { entries.values.contains { if case .type = $0 { true } else { false } } }

  /// Checks that the plan has an entry for each Linear of a model that needs one, and no others.
  ///
  /// - Throws: ``BitPlanError``; `CheckpointError` for a model that the format does not store.
  public func check(against model: LanguageModel, in format: any CheckpointFormat) throws {
    let sets = try model.declaration.blocks.indices.flatMap {
      try model.linearsStoredAlike(block: $0, in: format)
    }
    let names = sets.joined().map(\.name)
    let decides = format.standardScheme != nil
    let others = decides ? model.tables.map(\.name) : []
    let unknown = Set(entries.keys).subtracting(names).subtracting(others)
    if let name = unknown.min() { throw BitPlanError.unknown(name) }
    let missing = names.filter { entries[$0] == nil }
    guard missing.isEmpty || decides else { throw BitPlanError.missing(missing) }
    for set in sets {
      let first = entries[set[0].name]
      for linear in set {
        let entry = entries[linear.name]
        guard entry != first else { continue }
        throw BitPlanError.different((set[0].name, first), (linear.name, entry))
      }
    }
  }
}

extension LanguageModel {
  /// The Linears of a block in sets that are stored alike in a format.
  ///
  /// - Throws: ``CheckpointError`` for a model that the format does not store.
  package func linearsStoredAlike(
    block: Int, in format: any CheckpointFormat
  ) throws(CheckpointError) -> [[LinearShape]] {
    try format.stacks(of: declaration.linears(block: block), in: folder)
      ?? declaration.linearsStoredAlike(block: block)
  }
}

extension BitPlan.Entry: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
  /// Codes of so many bits.
  public init(integerLiteral bits: Int) { self = .bits(bits) }

  /// A type.
  public init(stringLiteral word: String) { self = .type(word) }
}

/// What can be wrong with a plan of bits.
public enum BitPlanError: RemediableError {
  /// A name fits no Linear of the model.
  case unknown(String)
  /// The plan gives these Linears no bits.
  case missing([String])
  /// Two Linears that engines merge, or that share a tensor, are stored differently.
  case different((name: String, entry: BitPlan.Entry?), (name: String, entry: BitPlan.Entry?))

  /// What was found, and what was needed.
  public var description: String {
    switch self {
    case .unknown(let name):
      "the plan of bits names \(name), which no Linear of the model is called"
    case .missing(let names):
      "the plan of bits leaves out \(names.prefix(3).joined(separator: ", "))"
        + (names.count > 3 ? " and \(names.count - 3) more Linears" : "")
    case .different(let one, let other):
      "the plan of bits gives \(one.name) \(one.entry?.description ?? "nothing") and \(other.name) "
        + "\(other.entry?.description ?? "nothing"); engines merge them and need the same for both"
    }
  }

  /// None: the message says what to change.
  public var remedies: [Remedy] { [] }
}
