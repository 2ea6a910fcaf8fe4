internal import COneDNN

/// What computes the large products: those of a forward pass and of its statistics.
///
///     float32    y = x·wᵀ                               by OpenBLAS, on every machine
///     bfloat16   y = x̂·ŵᵀ,  x̂ = bf16(x), ŵ = bf16(w)    by oneDNN, sums in float32
///
/// A number is rounded to bfloat16 with a relative error of at most u = 2⁻⁸, so
///
///     |yⱼ(bfloat16) − yⱼ| ≤ (2u + u² + (k + 2)·2⁻²³) · Σᵢ |wⱼᵢ|·|xᵢ|
///
/// over k channels, with u in place of 2u + u² where the weights are stored in bfloat16 and so are not rounded. The
/// second moment x̂ᵀx̂ is that of what the products read, and so semidefinite as any other.
/// papers-notes/products.md has what was measured.
public enum ProductEngine: String, Sendable, CaseIterable {
  /// Products in float32.
  case float32
  /// Products of factors that are rounded to bfloat16, twice as fast or faster on a processor that has them.
  case bfloat16

  /// Why this machine or this build cannot compute so, in words; nil if it can.
  public var problem: String? { self == .float32 ? nil : BFloat16.problem }

  /// The library that computes the products of this engine, where there is one besides the BLAS.
  package var library: String? { self == .float32 ? nil : BFloat16.library }
}

/// The right factor of products `x·wᵀ`, in the form that an engine reads.
package struct ProductFactor: Sendable {
  private enum Form {
    case plain(Matrix)
    case packed(PackedFactor)
  }

  private let form: Form
  /// The rows that are multiplied at once: a fixed number, so that the results do not depend on the number of
  /// threads.
  package static let blockRows = 256
  /// The number of columns of a product.
  private let outputs: Int

  /// Prepares weights `[out, in]`.
  ///
  /// - Precondition: the engine has no problem.
  /// - Complexity: for ``ProductEngine/bfloat16``, a copy in half the bytes; otherwise nothing.
  public init(_ weights: Matrix, on engine: ProductEngine) {
    outputs = weights.rows
    form = engine == .float32 ? .plain(weights) : .packed(PackedFactor(weights))
  }

  /// The product of inputs `[tokens, in]` with the weights, `[tokens, out]`.
  ///
  /// - Complexity: 2·tokens·out·in flops.
  public func product(_ x: Matrix) -> Matrix {
    Matrix(rows: x.rows, columns: outputs, blocksOf: Self.blockRows) { rows, block in
      multiply(x.view(rows: rows, columns: 0..<x.columns), into: &block)
    }
  }

  /// The same on the calling thread.
  public func multiply(_ x: MatrixView, into y: inout MutableMatrixView) {
    switch form {
    case .plain(let weights): BLAS.gemm(1, x, weights.view.transposed, 0, into: &y)
    case .packed(let weights): weights.multiply(x, into: &y)
    }
  }
}
