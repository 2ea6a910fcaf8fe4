public import LinearAlgebra

/// A decoder block whose sublayers write to a residual stream, one after the other or in parallel.
public struct ResidualBlock: BlockProgram {
  private let sublayers: [Sublayer]
  /// Whether all sublayers read the hidden states that entered the block.
  private let isParallel: Bool
  /// The stages.
  public let stages: [Stage]
  /// For each stage, the sublayers at work, each with its own stage number and its groups.
  private let steps: [[Step]]

  private struct Step {
    let sublayer: Int
    let stage: Int
    let groups: Range<Int>
    let isLast: Bool
  }

  /// A block.
  public init(_ sublayers: [Sublayer], isParallel: Bool = false) {
    self.sublayers = sublayers
    self.isParallel = isParallel
    let own = sublayers.map { $0.mixer.stages(reading: $0.norm) }
    // In parallel, all sublayers start at stage 0; otherwise each starts where the last one ends.
    let starts = own.indices.map { i in isParallel ? 0 : own[..<i].reduce(0) { $0 + $1.count } }
    let count = zip(starts, own).map { $0 + $1.count }.max() ?? 0
    var (stages, steps) = ([Stage](), [[Step]]())
    for stage in 0..<count {
      var (groups, working) = ([[Slot]](), [Step]())
      for (i, start) in starts.enumerated() where own[i].indices.contains(stage - start) {
        let first = groups.count
        groups += own[i][stage - start].groups
        working.append(
          Step(
            sublayer: i, stage: stage - start, groups: first..<groups.count,
            isLast: stage - start == own[i].count - 1))
      }
      stages.append(Stage(groups))
      steps.append(working)
    }
    (self.stages, self.steps) = (stages, steps)
  }

  /// The norms in front of the mixers, inside them and behind them; one that several sublayers read
  /// is there once.
  public var norms: [NormDeclaration] {
    sublayers.flatMap {
      [$0.norm].compactMap(\.self) + $0.mixer.norms + [$0.postNorm].compactMap(\.self)
    }.reduce(into: []) { found, norm in
      if !found.contains(norm) { found.append(norm) }
    }
  }

  /// The stored vectors of the mixers.
  public var vectors: [StoredVector] { sublayers.flatMap(\.mixer.vectors) }

  /// That of the first attention.
  public var cacheModule: String? { sublayers.compactMap(\.mixer.cacheModule).first }

  /// The norms in front of the mixers, and the Linears of their last stages; nil where an output passes
  /// another norm, or a norm subtracts the mean, or has no weights.
  public var residualAccess: ResidualAccess? {
    guard sublayers.allSatisfy({ $0.postNorm == nil && $0.norm?.isPlain == true }) else {
      return nil
    }
    return ResidualAccess(
      norms: sublayers.compactMap { $0.norm?.name },
      writers: sublayers.flatMap {
        $0.mixer.stages(reading: $0.norm).last?.slots.map(\.name) ?? []
      })
  }

  /// The state of a sequence on entering the block.
  public func enter(_ hidden: Matrix) -> BlockState {
    BlockState(hidden: hidden, sublayers: sublayers.count)
  }

  /// The input of each group of a stage.
  public func inputs(
    of stage: Int, _ state: BlockState, _ weights: BlockWeights
  ) -> [Matrix] {
    steps[stage].flatMap { step in
      let sublayer = sublayers[step.sublayer]
      return sublayer.mixer.inputs(
        of: step.stage, { weights.normalize(state.hidden, sublayer.norm) },
        state.held[step.sublayer])
    }
  }

  /// Takes a state past a stage and adds the outputs of the sublayers that are complete.
  public func advance(
    past stage: Int, _ outputs: consuming [[Matrix]], _ state: inout BlockState,
    _ weights: BlockWeights
  ) {
    for step in steps[stage] {
      // Handed over, not shared, so that a mixer can change its outputs in place.
      let own = Array(outputs[step.groups])
      for group in step.groups { outputs[group] = [] }
      sublayers[step.sublayer].mixer.advance(
        past: step.stage, own, &state.held[step.sublayer], weights)
      if step.isLast && !isParallel { add(step.sublayer, to: &state, weights) }
    }
    // In parallel, no sublayer may see what another one adds.
    if isParallel && stage == stages.count - 1 {
      for i in sublayers.indices { add(i, to: &state, weights) }
    }
  }

  private func add(_ sublayer: Int, to state: inout BlockState, _ weights: BlockWeights) {
    let (norm, multiplier) = (sublayers[sublayer].postNorm, sublayers[sublayer].multiplier)
    for output in state.held[sublayer].matrices {
      state.hidden.add(weights.normalize(output, norm), times: multiplier)
    }
    state.cacheReach = state.held[sublayer].cacheReach ?? state.cacheReach
    state.held[sublayer] = HeldState()
  }
}

extension NormDeclaration {
  /// Whether it is an RMSNorm with weights alone.
  fileprivate var isPlain: Bool { kind == .rootMeanSquare && gain != .one && !hasBias }
}
