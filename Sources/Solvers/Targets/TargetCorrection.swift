// The output of a Linear in the quantized model is Ŵx, and should be W x̃, where x̃ is the input that
// the full-precision model has in place of x. With e = x̃ − x, D = E[e xᵀ] and H = E[x xᵀ],
//
//   E‖W x̃ − Ŵ x‖² = tr((Ŵ − W⋆) H (Ŵ − W⋆)ᵀ) + const,     W⋆ = W + W D H⁻¹
//
// so every solver corrects the error of earlier Linears when it rounds W⋆ in place of W. H is damped,
// and only a share α of the correction is taken, because D is known from a finite text:
//
//   W⋆(α) = W + α W D (H + λI)⁻¹
//
// α = ½ is QEP (Arai and Ichikawa 2025, arXiv 2504.09629); α = 1 is Qronos (Zhang and others 2025,
// arXiv 2505.11695) but for the rounding of its first column; GPTAQ corrects less (`Strength.gptaq`).
// papers-notes/target.md has the derivation, and what each α gives here.

public import Hessian
internal import LinearAlgebra
internal import Quantizer

/// How the target of a stage's Linears is corrected for the error that earlier ones have made.
public struct TargetCorrection: Sendable, Equatable {
  /// Which share α of the correction is taken.
  public enum Strength: Sendable, Equatable {
    /// This share.
    case fixed(Float)
    /// For each input, the share with which W⋆(α), before rounding, comes nearest to the
    /// full-precision output on held-out tokens; ½ where none are held out.
    case heldOut
    /// This share of what GPTAQ (Li and others 2025, arXiv 2504.02692) corrects, for comparison: the
    /// mismatch of each column by the columns after it alone, in the order of falling mean squares. The
    /// published loop takes each weight as it is when it is rounded; here it is the original one, so
    /// that the target is known beforehand.
    case gptaq(Float)
  }

  /// Which share is taken.
  public let strength: Strength
  /// What is added to the diagonal of H.
  public let damping: Damping

  /// A correction.
  public init(_ strength: Strength = .heldOut, damping: Damping = Damping()) {
    self.strength = strength
    self.damping = damping
  }

  /// The group with corrected targets, or unchanged where no mismatch was collected, or where weights
  /// are so large that the correction overflows; the grid then names the row that no scale fits.
  ///
  /// - Parameters:
  ///   - group: the Linears.
  ///   - input: their input.
  ///   - recipe: what will be done with them; its rounding uses the same factor, if its damping is the same.
  /// - Returns: the group with corrected targets.
  /// - Throws: ``SolverError`` when the Hessian cannot be factored.
  /// - Complexity: 4·out·in² flops for each Linear, and half as many again for `heldOut`.
  func corrected(
    _ group: StageProblem.Group, _ input: RoundingInput, for recipe: Recipe
  ) throws(SolverError) -> StageProblem.Group {
    guard let calibration = input.calibration, calibration.parts.contains(.mismatch) else {
      return group
    }
    // GPTAQ's correction depends on the order, and is defined for that of falling mean squares.
    let factor = try input.factor(
      isGPTAQ ? .activation : recipe.rounding.order,
      groupSize: try? recipe.scheme.groupSize(columns: calibration.channels),
      superBlock: recipe.scheme.superBlock, damping, for: "target correction")
    var changes: [Matrix] = []
    let later = isGPTAQ ? calibration.crossMoment.map(factor.laterShare) : nil
    for linear in group.linears {
      guard let cross = calibration.crossProduct(with: linear.weights, on: input.engine)
      else { return group }
      let change = later.map { Matrix.product(linear.weights, $0) } ?? factor.solve(cross)
      guard VectorMath.isFinite(change.elements.span) else { return group }
      changes.append(change)
    }
    let share = share(of: changes, group)
    let linears = zip(group.linears, changes).map { linear, change in
      var target = linear.weights
      target.add(change, times: share)
      return LinearProblem(
        name: linear.name, weights: linear.weights, corrected: target, scheme: linear.scheme)
    }
    return StageProblem.Group(linears, input: group.input, correction: share)
  }

  private var isGPTAQ: Bool { if case .gptaq = strength { true } else { false } }

  /// α for changes M = W D (H + λI)⁻¹.
  ///
  /// On held-out tokens `E‖W e − α M x‖²` is a parabola in α, with its minimum at
  /// `Σ tr(W D Mᵀ) / Σ tr(M H Mᵀ)`.
  private func share(of changes: [Matrix], _ group: StageProblem.Group) -> Float {
    switch strength {
    case .fixed(let share), .gptaq(let share): return share
    case .heldOut:
      guard let judging = group.input.heldOut else { return 0.5 }
      let engine = group.input.engine
      var (gain, cost) = (0.0, 0.0)
      for (linear, change) in zip(group.linears, changes) {
        guard let cross = judging.crossProduct(with: linear.weights, on: engine) else { return 0.5 }
        gain += cross.innerProduct(with: change)
        var moment = Matrix(rows: change.columns, columns: change.columns)
        moment.addSecondMoment(of: change, on: engine)
        cost += judging.trace(withUpper: moment)
      }
      return cost > 0 ? Float(max(0, min(1, gain / cost))) : 0
    }
  }
}
