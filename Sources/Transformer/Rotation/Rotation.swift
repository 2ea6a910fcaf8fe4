// Rotations that leave the model's function as it is (QuaRot, Ashkboos and others 2024, arXiv 2404.00456;
// SpinQuant, Liu and others 2024, arXiv 2405.16406). With R orthogonal, RMSNorm without a gain commutes
// with it: norm(h R) = norm(h) R. So in a model whose Linears read the residual stream h through such
// norms,
//
//   embedding E → E R      reader W → W diag(g) R, and g → 1      writer W → Rᵀ W, b → b R
//   head W → W diag(g) R                                          (R1 of the papers)
//
// and every Linear computes what it did, on inputs whose large channels are spread over all of them.
// Within a head of attention, which is linear in its values, the same holds for v and o (R2):
//
//   rows of v  W → R₂ᵀ W      columns of o  W → W R₂
//
// Both are folded into the weights, so that no engine has to know of them.

internal import LinearAlgebra

/// Orthogonal matrices that a model is rotated by.
public struct Rotation: Sendable {
  /// R, which rotates the residual stream, `[hidden, hidden]`.
  let stream: Matrix
  /// R₂ for each width of a head.
  let heads: [Int: Matrix]

  /// Randomized Hadamard matrices, the same ones for every model of the same sizes.
  ///
  /// - Throws: ``RotationError`` for a model in which a rotation would not be exact.
  package init(for declaration: ModelDeclaration) throws(RotationError) {
    guard declaration.finalNorm.kind != .layer else {
      throw .notExact(declaration.finalNorm.name)
    }
    for block in declaration.blocks where block.residualAccess == nil {
      throw .notExact(block.stages.first?.slots.first?.name ?? "a block")
    }
    stream = Hadamard.orthogonal(declaration.hiddenSize, seed: 1)
    let slots = declaration.blocks.flatMap { $0.stages.flatMap(\.slots) }
    let widths = Set(slots.compactMap(\.headWidth))
    heads = Dictionary(
      uniqueKeysWithValues: widths.map { ($0, Hadamard.orthogonal($0, seed: 2)) })
  }
}

/// Why a model cannot be rotated.
public enum RotationError: Error, Equatable, CustomStringConvertible {
  /// A rotation would change what is computed behind a norm or in front of a Linear.
  case notExact(String)
  /// A module outside of the language model reads its residual stream, or writes to it.
  case readElsewhere(String)

  /// What was found, and what was needed.
  public var description: String {
    switch self {
    case .notExact(let name):
      "\(name): a rotation is exact only where all Linears read the residual stream through an "
        + "RMSNorm and write to it directly; quantize this model without one"
    case .readElsewhere(let name):
      "\(name): depends on the hidden states of the language model, and would have to be rotated with it; "
        + "quantize this model without a rotation"
    }
  }
}

/// How a block reads and writes the residual stream.
public struct ResidualAccess: Sendable {
  /// The norms through which it is read.
  public let norms: [String]
  /// The Linears whose outputs are added to it.
  public let writers: [String]

  /// Norms and Linears by their keys, without `.weight`.
  public init(norms: [String], writers: [String]) {
    self.norms = norms
    self.writers = writers
  }
}
