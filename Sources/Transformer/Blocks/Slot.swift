public import Formats

/// Where one Linear of a decoder block is stored, and what stands in front of it.
///
/// A slot is a whole tensor. A tensor that holds several projections (a fused q/k/v) is still one
/// Linear to a quantizer, since all its rows read the same input; the block's program splits its
/// outputs.
public struct Slot: Sendable, Hashable {
  /// The Hugging Face key without `.weight`, and the shape `[out, in]`.
  public let shape: LinearShape
  /// Whether a bias is stored beside the weights.
  public let hasBias: Bool
  /// What can take up a factor for each input channel exactly; nil if nothing can.
  public let absorber: Absorber?
  /// The expert that the Linear belongs to; nil outside a mixture.
  public let expert: Int?
  /// The Linear that reads the same input before tokens are sent to experts, so that it sees all of
  /// them; nil where there is none.
  public let pool: String?
  /// Whether the Linear is never quantized, as routers are.
  public let staysDense: Bool
  /// Whether an activation function has made the input, as inside an MLP: nearly zero for most tokens,
  /// and a thousand times as large for a few.
  public let readsActivations: Bool
  /// The width of the blocks of consecutive input channels that an orthogonal matrix may mix, since the
  /// rows that make them can undo it: that of an attention head; nil where channels must stay apart.
  public let headWidth: Int?
  /// Whether the weights are stored as `[in, out]`, as in GPT-2; quantized ones never are.
  public let isTransposed: Bool

  /// The shape of the stored weights.
  var storedDimensions: [Int] {
    isTransposed ? [shape.columns, shape.rows] : [shape.rows, shape.columns]
  }

  /// The key without `.weight`.
  public var name: String { shape.name }

  /// A slot.
  public init(
    _ name: String, rows: Int, columns: Int, hasBias: Bool = false, absorber: Absorber? = nil,
    expert: Int? = nil, pool: String? = nil, staysDense: Bool = false,
    readsActivations: Bool = false, headWidth: Int? = nil, isTransposed: Bool = false
  ) {
    shape = LinearShape(name: name, rows: rows, columns: columns)
    self.hasBias = hasBias
    self.absorber = absorber
    self.expert = expert
    self.pool = pool
    self.staysDense = staysDense
    self.readsActivations = readsActivations
    self.headWidth = headWidth
    self.isTransposed = isTransposed
  }
}

extension Slot {
  /// The slot for an input that a norm makes; the norm, if it has weights, becomes the absorber.
  public func reading(_ norm: NormDeclaration?) -> Slot {
    let absorber = norm.flatMap { $0.gain == .one ? nil : Absorber.norm($0.name) }
    return Slot(
      name, rows: shape.rows, columns: shape.columns, hasBias: hasBias, absorber: absorber,
      expert: expert, pool: pool, staysDense: staysDense, isTransposed: isTransposed)
  }
}

/// What makes the input of a Linear, where a factor on each input channel can be undone.
public enum Absorber: Sendable, Hashable {
  /// A norm: its gain (and bias) is divided by the factors.
  ///
  /// All Linears that read the norm must have their columns multiplied.
  case norm(String)
  /// The rows of another Linear: input channel c is a linear function of its output `rows[c]`
  /// alone.
  ///
  /// Channels made by one row share their factor.
  case rows(of: String, [Int])
}

/// The Linears of a block that can be computed at the same point of its program.
public struct Stage: Sendable, Hashable {
  /// The groups, each of Linears that read one input.
  ///
  /// Most stages have one group; a mixture has one for each expert, and a parallel block one for
  /// each of its sublayers.
  public let groups: [[Slot]]

  /// A stage with given groups.
  public init(_ groups: [[Slot]]) { self.groups = groups }

  /// All Linears, in order of computation.
  public var slots: [Slot] { groups.flatMap(\.self) }

  /// The groups whose inputs must be scaled by the same factors, since one absorber makes them all.
  ///
  /// A group without an absorber stands alone; groups that are never quantized are left out.
  package var scalingUnits: [[Int]] {
    var units: [[Int]] = []
    var unitOfAbsorber: [Absorber: Int] = [:]
    for (i, group) in groups.enumerated() where group.contains(where: { !$0.staysDense }) {
      if let absorber = group[0].absorber, let unit = unitOfAbsorber[absorber] {
        units[unit].append(i)
      } else {
        if let absorber = group[0].absorber { unitOfAbsorber[absorber] = units.count }
        units.append([i])
      }
    }
    return units
  }
}
