internal import Formats
internal import LinearAlgebra

/// A block's program with some more Linears that are never quantized.
///
/// They take up the factors of scaled inputs like routers. The rows of a dense Linear cannot take up any, so
/// what reads them is not scaled.
struct PartlyDense: BlockProgram {
  private let base: any BlockProgram
  let stages: [Stage]

  /// A program in which some Linears stay dense.
  init(_ base: any BlockProgram, keeping names: Set<String>) {
    self.base = base
    stages = base.stages.map { stage in
      Stage(stage.groups.map { group in group.map { $0.keptDense(in: names) } })
    }
  }

  var norms: [NormDeclaration] { base.norms }
  var vectors: [StoredVector] { base.vectors }
  var residualAccess: ResidualAccess? { base.residualAccess }

  func enter(_ hidden: Matrix) -> BlockState { base.enter(hidden) }

  func inputs(of stage: Int, _ state: BlockState, _ weights: BlockWeights) -> [Matrix] {
    base.inputs(of: stage, state, weights)
  }

  func advance(
    past stage: Int, _ outputs: consuming [[Matrix]], _ state: inout BlockState,
    _ weights: BlockWeights
  ) {
    base.advance(past: stage, outputs, &state, weights)
  }
}

extension Slot {
  /// The slot where Linears of some names stay dense.
  fileprivate func keptDense(in names: Set<String>) -> Slot {
    var absorber = absorber
    if case .rows(let producer, _) = absorber, names.contains(producer) { absorber = nil }
    return Slot(
      name, rows: shape.rows, columns: shape.columns, hasBias: hasBias, absorber: absorber,
      expert: expert, pool: pool, staysDense: staysDense || names.contains(name),
      readsActivations: readsActivations, headWidth: headWidth, isTransposed: isTransposed)
  }
}

extension ModelDeclaration {
  /// The Linears of a block that must stay dense if some do, since engines make one matrix of them.
  func storedAlike(_ names: Set<String>, block: Int) -> Set<String> {
    linearsStoredAlike(block: block).reduce(into: []) { result, set in
      let all = set.map(\.name)
      if all.contains(where: names.contains) { result.formUnion(all) }
    }
  }

  /// The same model with some Linears of a block that are never quantized.
  mutating func keepDense(_ names: Set<String>, block: Int) {
    blocks[block] = PartlyDense(blocks[block], keeping: names)
  }
}

extension LanguageModel {
  /// The same model, of which some Linears are never quantized, with all that engines merge with them.
  ///
  /// - Throws: ``ModulePatternError`` for a pattern that fits no Linear, or if every Linear is to stay dense.
  package func keepingDense(_ patterns: [ModulePattern]) throws(ModulePatternError) -> LanguageModel
  {
    var result = self
    let chosen = try linears(matching: patterns)
    for block in declaration.blocks.indices { result.keepDense(chosen, block: block) }
    guard
      result.declaration.blocks.indices.contains(where: {
        !result.declaration.linears(block: $0).isEmpty
      })
    else { throw .leavesNothing }
    return result
  }

  /// The names of the Linears that fit some patterns, and of all that engines merge with them.
  ///
  /// - Throws: ``ModulePatternError`` for a pattern that fits no Linear.
  package func linears(
    matching patterns: [ModulePattern]
  ) throws(ModulePatternError) -> Set<String> {
    let blocks = declaration.blocks.indices.map { declaration.linears(block: $0).map(\.name) }
    for pattern in patterns where !blocks.joined().contains(where: pattern.matches) {
      throw .fitsNothing("\(pattern)", example: exampleName)
    }
    return blocks.indices.reduce(into: []) { result, block in
      let chosen = blocks[block].filter { name in patterns.contains { $0.matches(name) } }
      result.formUnion(declaration.storedAlike(Set(chosen), block: block))
    }
  }

  /// Keeps some Linears of a block dense, with all that engines merge with them.
  ///
  /// - Returns: the names of all that are kept.
  @discardableResult
  package mutating func keepDense(_ names: Set<String>, block: Int) -> Set<String> {
    let all = declaration.storedAlike(names, block: block)
    if !all.isEmpty { declaration.keepDense(all, block: block) }
    return all
  }

  private var exampleName: String { declaration.linears(block: 0).last?.name ?? "" }
}
