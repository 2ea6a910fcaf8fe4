internal import Hessian
package import Solvers
package import Transformer

/// What all tokens tell about the input of experts that were sent few of them.
///
///     H = (n Hₑ + m H̄) / (n + m),     m = max(0, channels − n)
///
/// Hₑ is the second moment of the n tokens that the expert reads, and H̄ that of all tokens, which the
/// router reads. As many tokens as channels can give H full rank; m supplies those that are missing.
/// The channels inside an expert are its own, so nothing is known about the input of its last Linear
/// beyond its own tokens.
package struct ExpertPrior: Sendable {
  private let names: Set<String>
  private var pools: [String: InputStatistics] = [:]

  /// A prior of a block that has seen no tokens yet.
  package init(_ program: any BlockProgram) {
    names = Set(program.stages.flatMap(\.slots).compactMap(\.pool))
  }

  /// Learns from the inputs of a stage, if a group of it reads all tokens of a mixture.
  package mutating func learn(
    from stage: Int, of block: DecoderBlock, _ stream: inout Stream, _ roles: WindowRoles
  ) {
    let named = block.program.stages[stage].groups.enumerated().compactMap { i, group in
      group.lazy.map(\.name).first(where: names.contains).map { (group: i, name: $0) }
    }
    guard !named.isEmpty, !stream.isEmpty else { return }
    let inputs = stream.measure(
      Set(named.map(\.group)), of: stage, block, roles, collecting: [])
    for (group, name) in named { pools[name] = inputs[group].calibration }
  }

  /// The inputs of a stage, in which experts with few tokens lean on all of them.
  package func completing(_ inputs: [CalibratedInput], of stage: Stage) -> [CalibratedInput] {
    zip(stage.groups, inputs).map { group, input in
      guard let pool = group[0].pool.flatMap({ pools[$0] }), var own = input.calibration,
        own.tokenCount < own.channels, pool.tokenCount > 0
      else { return input }
      own.addMoments(of: pool, totalWeight: Double(own.channels - own.tokenCount))
      return CalibratedInput(calibration: own, heldOut: input.heldOut, first: input.first)
    }
  }
}
