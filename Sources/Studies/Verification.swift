internal import Checkpoint
internal import Formats
internal import JSON
internal import LinearAlgebra
internal import Pipeline
internal import Quantizer
internal import Solvers
public import Transformer

/// Whether a quantized folder is what its report says, given the model that it was made from.
///
/// The weight error of each Linear, ‖W − Ŵ‖² / ‖W‖², is computed again from what is stored. Where the input of a
/// Linear was scaled, its norm shows by which factors; factors that went into the rows of another Linear show
/// nowhere, so those Linears are counted and left out. Everything else must be the model's, byte for byte, unless
/// a method that changes it was used.
public struct Verification {
  private let result: LanguageModel
  private let original: LanguageModel
  private let report: RunReport
  /// What the manifest says of how the result was made.
  private let made: JSONValue

  /// The largest relative difference between two computations of an error in float32.
  private static let tolerance = 1e-3

  /// What was found.
  public struct Outcome: Sendable {
    /// The Linears whose recorded error was computed again, and is right.
    public internal(set) var confirmed = 0
    /// The Linears whose factors are not stored.
    public internal(set) var unknown = 0
    /// The other tensors that are the model's.
    public internal(set) var unchanged = 0
    /// A sentence for each difference.
    public internal(set) var findings: [String] = []
  }

  /// A folder and the model that it was made from.
  ///
  /// - Throws: ``CheckpointError``, ``RunError`` or `RotationError` if they do not fit together.
  public init(_ result: LanguageModel, madeFrom original: LanguageModel) throws {
    guard let report = try RunReport(recordedIn: result.folder) else {
      throw CheckpointError.missing(
        path: "\(result.folder.path)/\(RunReport.fileName)",
        needed: "it has the errors that are to be computed again")
    }
    guard original.format == nil else { throw RunError.alreadyQuantized(original.folder.path) }
    guard result.hasSameLinears(as: original) else {
      throw CheckpointError.unsupported(
        path: original.folder.path,
        reason: "has other Linears than the model that \(result.folder.path) was made from")
    }
    made = try result.folder.made ?? .null
    self.result = result
    let isRotated = (made["rotation"] ?? made["original"]?["rotation"]) != nil
    self.original = isRotated ? try original.rotated() : original
    self.report = report
  }

  /// Computes every error again.
  ///
  /// - Parameter progress: called with the share of the blocks done, and the next one.
  /// - Returns: what was found.
  /// - Throws: ``CheckpointError`` if a tensor cannot be read; what `progress` throws.
  /// - Complexity: reads both folders once; memory for one block of each.
  public func run(_ progress: (Double, String) throws -> Void = { _, _ in }) throws -> Outcome {
    var outcome = Outcome()
    outcome.findings = try sourceFindings()
    let recorded = Dictionary(report.linears.map { ($0.name, $0) }) { first, _ in first }
    for index in result.declaration.blocks.indices {
      try progress(Double(index) / Double(result.declaration.blocks.count), "block \(index)")
      try check(index, recorded, &outcome)
    }
    for table in report.tables { try check(table, &outcome) }
    if let head = recorded[result.headLinear.name] ?? recorded[result.headShape.name] {
      let original = try original.headWeights()
      let error =
        try result.headWeights().difference(to: original).sumOfSquares
        / max(original.sumOfSquares, .leastNormalMagnitude)
      compare(head.name, error, head.error.weight, &outcome)
    }
    checkUnchanged(&outcome)
    return outcome
  }

  /// The files of the model that are not those of which the manifest has digests.
  private func sourceFindings() throws -> [String] {
    guard case .object(let digests)? = made["model"] else { return [] }
    return try Set(original.folder.tensors.map(\.path)).sorted().compactMap { path in
      let name = path.split(separator: "/").last.map(String.init) ?? path
      guard let digest = digests[name] else {
        return "\(path): is not a file that the result was made from"
      }
      return try .string(MappedFile(path: path).digest) == digest
        ? nil : "\(path): is not what it was when the result was made"
    }
  }

  private func check(
    _ index: Int, _ recorded: [String: LinearReport], _ outcome: inout Outcome
  ) throws {
    let (before, after) = (try original.block(index), try result.block(index))
    func source(_ name: String) -> String { result.name(of: name, in: original) }
    let slots = after.program.stages.flatMap(\.slots)
    // Rows that took up factors of the Linear that reads them.
    let divided = Set(
      slots.filter { recorded[$0.name]?.hasScaledInput == true }.compactMap { slot -> String? in
        if case .rows(let producer, _) = slot.absorber { producer } else { nil }
      })
    var changed: [(name: String, weights: Matrix, original: Matrix)] = []
    for slot in slots {
      guard let linear = recorded[slot.name] else { continue }
      guard result.isQuantized(slot.shape) else {
        outcome.findings.append(
          "\(slot.name): the report has an error of it, but it is not quantized")
        continue
      }
      var weights = after.weights.linear(slot.name).weight
      if linear.hasScaledInput {
        guard let factors = factors(of: slot, before, after, source), !divided.contains(slot.name)
        else {
          outcome.unknown += 1
          continue
        }
        weights = weights.columns(times: factors.map { 1 / $0 })
      } else if divided.contains(slot.name) {
        outcome.unknown += 1
        continue
      }
      changed.append((slot.name, weights, before.weights.linear(source(slot.name)).weight))
    }
    let errors = Threads.map(changed.count) { [changed] i in
      changed[i].weights.difference(to: changed[i].original).sumOfSquares
        / max(changed[i].original.sumOfSquares, .leastNormalMagnitude)
    }
    for (linear, error) in zip(changed, errors) {
      guard let known = recorded[linear.name] else { continue }
      compare(linear.name, error, known.error.weight, &outcome)
    }
  }

  /// Computes the error of the embedding or the head again.
  private func check(_ table: TableReport, _ outcome: inout Outcome) throws {
    let shape = LinearShape(name: table.name, rows: table.rows, columns: table.columns)
    guard let stored = try result.quantizedLinear(shape)?.weight else {
      outcome.findings.append(
        "\(table.name): the report has an error of it, but it is not quantized")
      return
    }
    var (lost, energy, row) = (0.0, 0.0, 0)
    let source = LinearShape(
      name: result.name(of: table.name, in: original), rows: table.rows, columns: table.columns)
    try original.forEachSlab(of: source) { rows in
      lost += stored.dequantized(rows: row..<row + rows.rows).difference(to: rows).sumOfSquares
      energy += rows.sumOfSquares
      row += rows.rows
    }
    compare(table.name, lost / max(energy, .leastNormalMagnitude), table.weightError, &outcome)
  }

  /// Compares an error with what the report says.
  private func compare(
    _ name: String, _ error: Double, _ recorded: Double, _ outcome: inout Outcome
  ) {
    if abs(error - recorded) <= Self.tolerance * max(error, recorded) + 1e-9 {
      outcome.confirmed += 1
    } else {
      outcome.findings.append(
        "\(name): has a weight error of \(Float(error)), where the report says \(Float(recorded))")
    }
  }

  /// The factors that a norm took up; nil if something else did, or it does not show them.
  private func factors(
    of slot: Slot, _ before: DecoderBlock, _ after: DecoderBlock, _ source: (String) -> String
  ) -> [Float]? {
    guard case .norm(let name) = slot.absorber, let old = before.weights.norms[source(name)]?.gain,
      let new = after.weights.norms[name]?.gain, !new.contains(0), !old.contains(0)
    else { return nil }
    let period = zip(old, new).map { $0 / $1 }
    return (0..<slot.shape.columns).map { period[$0 % period.count] }
  }

  /// Compares the tensors that have the same name, and are no Linear's.
  private func checkUnchanged(_ outcome: inout Outcome) {
    let mayChange =
      original.rotation != nil || report.linears.contains(where: \.hasScaledInput)
    let linears = Set(report.linears.map(\.name) + report.tables.map(\.name))
    for tensor in result.folder.tensors {
      let parts = tensor.name.split(separator: ".")
      let isStored =
        parts.last != "bias" && linears.contains(parts.dropLast().joined(separator: "."))
      let name = result.name(of: tensor.name, in: original)
      guard !isStored, let source = original.folder.tensor(name) else { continue }
      let isSame = tensor.hasSameBytes(as: source)
      if isSame { outcome.unchanged += 1 }
      if !isSame && !mayChange { outcome.findings.append("\(tensor.name): is not the model's") }
    }
  }
}

extension LanguageModel {
  /// Whether the blocks of another model have Linears of the same names and shapes, and norms of the same names.
  fileprivate func hasSameLinears(as other: LanguageModel) -> Bool {
    let (own, others) = (declaration.blocks, other.declaration.blocks)
    return own.count == others.count
      && zip(own, others).allSatisfy { a, b in
        let shapes = a.stages.flatMap(\.slots).map(\.shape).map {
          LinearShape(name: name(of: $0.name, in: other), rows: $0.rows, columns: $0.columns)
        }
        return shapes == b.stages.flatMap(\.slots).map(\.shape)
          && a.norms.map { name(of: $0.name, in: other) } == b.norms.map(\.name)
      }
  }

  /// The key that another model has for something of this one: the language model of a composite is part of something
  /// there, and alone in a file.
  fileprivate func name(of own: String, in other: LanguageModel) -> String {
    guard root != other.root, own.hasPrefix(root) else { return own }
    return other.root + own.dropFirst(root.count)
  }

  /// What keys begin with, such as `model.`.
  private var root: String {
    let embedding = declaration.embedding
    return embedding.lastIndex(of: ".").map { String(embedding[...$0]) } ?? ""
  }
}

extension ModelFolder.TensorReference {
  fileprivate func hasSameBytes(as other: ModelFolder.TensorReference) -> Bool {
    guard shape == other.shape, !isRounded else { return hasSameValues(as: other) }
    // Safety: the pointers are used within the closures, for no more bytes than the spans have.
    return withBytes { own in
      other.withBytes { bytes in
        unsafe own.withUnsafeBytes { a in
          unsafe bytes.withUnsafeBytes { b in unsafe a.elementsEqual(b) }
        }
      }
    }
  }

  /// Whether floats of another type have the same values, as vectors do that are stored in 32 bits; but for the last
  /// digits where something was added in between.
  private func hasSameValues(as other: ModelFolder.TensorReference) -> Bool {
    guard shape.dimensions == other.shape.dimensions, let own = shape.type.floatFormat,
      let format = other.shape.type.floatFormat
    else { return false }
    let values = (withBytes { own.decode($0) }, other.withBytes { format.decode($0) })
    guard isRounded else { return values.0 == values.1 }
    return zip(values.0, values.1).allSatisfy { abs($0 - $1) <= 0x1p-22 * max(1, abs($1)) }
  }
}
