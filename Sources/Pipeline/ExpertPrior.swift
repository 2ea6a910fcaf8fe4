package import Checkpoint
internal import Formats
package import Hessian
package import Solvers
package import Transformer

/// What all tokens tell about the inputs of experts that were sent few of them.
///
///     H = (n Hₑ + m H̄) / (n + m),     m = max(0, 4 · channels − n)
///
/// Hₑ is the second moment of the n tokens that the expert reads. H̄ is that of all tokens: for its first
/// Linears, what the router reads; for its last one, what the expert would make of them. As many tokens as
/// channels can give H full rank, and a few times as many tell its directions from chance
/// (papers-notes/experts.md); m supplies those that are missing. The ranges of the inputs, where they are
/// collected, are then those of all tokens.
package struct ExpertPrior: Sendable {
  /// The tokens that an expert should have, for each channel of its input.
  private static let wantedPerChannel = 4
  /// The tokens that it is shown of all, for each channel: enough for H̄, however long the text is.
  private static let shownPerChannel = 8
  /// The inputs of shown experts that each thread holds at once: 256 MiB.
  private static let shownElements = 1 << 26

  private let names: Set<String>
  private let parts: InputStatistics.Parts
  /// What all tokens tell, by the name of the Linear that reads them.
  private var pools: [String: InputStatistics] = [:]
  /// The stream in front of the router.
  private var unrouted: Stream?

  /// A prior of a block that has seen no tokens yet.
  ///
  /// - Parameters:
  ///   - program: the block.
  ///   - parts: what the recipe needs; the prior keeps the ranges among them.
  package init(_ program: any BlockProgram, collecting parts: InputStatistics.Parts) {
    names = Set(program.stages.flatMap(\.slots).compactMap(\.pool))
    self.parts = parts.intersection(.histograms)
  }

  /// Learns from the inputs of a stage, if a group of it reads all tokens of a mixture.
  ///
  /// - Throws: `CheckpointError` if hidden states cannot be put away or read.
  package mutating func learn(
    from stage: Int, of block: DecoderBlock, _ stream: inout Stream, _ roles: WindowRoles
  ) throws(CheckpointError) {
    let named = block.program.stages[stage].groups.enumerated().compactMap { i, group in
      group.lazy.map(\.name).first(where: names.contains).map { (group: i, name: $0) }
    }
    guard !named.isEmpty, !stream.isEmpty else { return }
    let inputs = try stream.measure(
      Set(named.map(\.group)), of: stage, block, roles, collecting: parts)
    for (group, name) in named { pools[name] = inputs[group].calibration }
    unrouted = stream
  }

  /// The inputs of a stage, in which experts with few tokens lean on all of them.
  ///
  /// - Throws: `CheckpointError` if hidden states cannot be put away or read.
  /// - Complexity: for the last Linears of experts with few tokens, those experts read all tokens.
  package mutating func completing(
    _ inputs: [CalibratedInput], of stage: Int, _ block: DecoderBlock, _ roles: WindowRoles
  ) throws(CheckpointError) -> [CalibratedInput] {
    let groups = block.program.stages[stage].groups
    let starved = groups.indices.filter { i in
      groups[i][0].expert != nil
        && inputs[i].calibration.map { $0.tokenCount < Self.wantedPerChannel * $0.channels }
          ?? false
    }
    try showAll(to: starved.filter { groups[$0][0].pool == nil }, of: stage, block, roles)
    var result = inputs
    for i in starved {
      guard var own = inputs[i].calibration,
        let pool = pools[groups[i][0].pool ?? groups[i][0].name],
        pool.tokenCount > 0
      else { continue }
      own.addMoments(
        of: pool, totalWeight: Double(Self.wantedPerChannel * own.channels - own.tokenCount))
      if let ranges = pool.ranges { own.widen(by: ranges) }
      result[i] = CalibratedInput(
        calibration: own, heldOut: inputs[i].heldOut, first: inputs[i].first,
        engine: inputs[i].engine)
      // What an expert makes of all tokens is needed once.
      pools[groups[i][0].name] = nil
    }
    return result
  }

  /// Learns what some experts make of all tokens.
  private mutating func showAll(
    to groups: [Int], of stage: Int, _ block: DecoderBlock, _ roles: WindowRoles
  ) throws(CheckpointError) {
    guard let unrouted, unrouted.bundleSize > 0 else { return }
    let slots = block.program.stages[stage].groups
    let batch = max(1, Self.shownElements / unrouted.bundleSize)
    for start in stride(from: 0, to: groups.count, by: batch) {
      let groups = groups[start..<min(groups.count, start + batch)]
      let channels = groups.map { slots[$0][0].shape.columns }.max() ?? 0
      var stream = unrouted.showing(
        Set(groups.compactMap { slots[$0][0].expert }), tokens: Self.shownPerChannel * channels)
      let inputs = try stream.measure(Set(groups), of: stage, block, roles, collecting: parts)
      for group in groups { pools[slots[group][0].name] = inputs[group].calibration }
    }
  }
}
