package import Checkpoint
package import Formats
internal import Glibc
package import JSON
internal import LinearAlgebra
internal import Solvers
package import Transformer

/// What decides the bytes of a result: the program, the model, the settings and the calibration text.
///
/// An interrupted run may only be continued by one of the same identity.
package struct RunIdentity: Equatable {
  /// The facts, by name.
  private(set) var facts: [String: String] = [:]

  /// The identity of a run.
  ///
  /// - Throws: ``CheckpointError`` if a file of the model is gone.
  package init(
    _ model: LanguageModel, _ settings: QuantizationSettings, _ calibration: CalibrationSet?,
    _ importance: GGUFImportance? = nil, statistics: String? = nil, base: String? = nil
  ) throws(CheckpointError) {
    facts["program"] = version
    facts["compute"] = model.engine.rawValue
    facts["kernels"] = SystemProbe().kernels(of: model.engine)
    facts["statistics"] = statistics
    facts["base"] = base
    facts["configuration"] = SHA256.digest(of: model.folder.configuration.bytes(.compact))
    facts["family"] = model.assumedFamily
    let dense = model.denseModules
    facts["dense modules"] =
      "\(dense.count), \(SHA256.digest(of: Array(dense.joined(separator: " ").utf8)))"
    facts.merge(try Self.files(of: model)) { _, new in new }
    addSettings(settings, model)
    if let calibration { add(calibration) }
    facts["importance"] = importance?.digest
  }

  /// The identity that a journal recorded.
  package init(_ json: JSONField) throws(JSONError) {
    for (name, value) in try json.members { facts[name] = try value.string }
  }

  /// The identity as JSON, with its facts in order.
  package var json: JSONValue {
    JSONValue(members: facts.sorted { $0.key < $1.key }.map { ($0, .string($1)) })
  }

  /// What is different, in words: "range: solve, now min-max".
  func differences(from earlier: RunIdentity) -> [String] {
    func brief(_ fact: String?) -> String {
      fact.map { $0.count > 80 ? "\($0.prefix(60))…" : $0 } ?? "none"
    }
    return Set(facts.keys).union(earlier.facts.keys).sorted().compactMap { name in
      let (was, now) = (earlier.facts[name], facts[name])
      return was == now ? nil : "\(name): \(brief(was)), now \(brief(now))"
    }
  }

  /// Adds another fact that decides what is found.
  package mutating func add(_ name: String, _ value: String) { facts[name] = value }

  /// Checks that this run may continue an earlier one.
  ///
  /// - Parameters:
  ///   - earlier: what the journal of that run says.
  ///   - output: the result's path.
  /// - Throws: ``RunError/anotherRun(path:differences:)``.
  package func check(continuing earlier: RunIdentity, at output: String) throws(RunError) {
    let differences = differences(from: earlier)
    guard differences.isEmpty else { throw .anotherRun(path: output, differences: differences) }
  }

  /// Checks that what this search finds could be used by the run that was interrupted at a result, if there was one.
  ///
  /// - Throws: ``RunError/anotherRun(path:differences:)`` if not, or ``CheckpointError`` if its journal is damaged.
  package func checkPrecedesRun(at output: String) throws {
    guard var run = try Journal(in: FolderSink.workspace(for: output))?.identity else { return }
    guard run.facts["bitPlan"] != nil else {
      throw RunError.anotherRun(path: output, differences: ["bits: given, now by a budget"])
    }
    // What one of the two does not know.
    for name in Set(run.facts.keys).symmetricDifference(facts.keys) {
      run.facts[name] = facts[name]
    }
    try check(continuing: run, at: output)
  }

  /// Every setting there is, so that one that is added later cannot be forgotten here.
  private mutating func addSettings(_ settings: QuantizationSettings, _ model: LanguageModel) {
    for case (let name?, let value) in Mirror(reflecting: settings).children {
      facts[name] = "\(value)"
    }
    facts["scheme"] = settings.label
    facts["method"] = settings.method.name
    facts["format"] = settings.format.label
    facts["bitPlan"] = settings.bitPlan?.json(for: model).text(.compact)
  }

  private mutating func add(_ set: CalibrationSet) {
    var digest = SHA256()
    // Safety: integers have no padding.
    for window in set.windows { unsafe digest.add(window.span.bytes) }
    facts["tokens"] = digest.finish()
    facts["windows"] = "\(set.calibration.count) + \(set.heldOut.count) of \(set.length) tokens"
    facts["experts"] = set.experts.rawValue
  }

  /// Checks that the files of the model are what they were when the run began.
  ///
  /// - Throws: ``CheckpointError`` that names one that is not.
  func checkFiles(of model: LanguageModel) throws(CheckpointError) {
    for (name, found) in try Self.files(of: model) where facts[name] != found {
      throw .unsupported(
        path: "\(model.folder.path)/\(name)",
        reason: "was changed while it was read, so the result would be of two models; begin again")
    }
  }

  /// All that decided the bytes of a result, for its manifest: the provenance, every setting, the digests of the
  /// model's files, and the machine, since sums are taken in the order that suits its vector units.
  ///
  /// - Throws: ``CheckpointError`` if a file of the model cannot be read.
  func record(of model: LanguageModel, adding provenance: JSONValue) throws(CheckpointError)
    -> JSONValue
  {
    guard case .object(var record) = provenance else { return provenance }
    var recipe = facts
    // Where statistics go does not decide any byte, and the kernels are told with the machine.
    recipe["statistics"] = nil
    recipe["kernels"] = nil
    var source = JSONObject()
    for path in Set(model.folder.tensors.map(\.path)).sorted() {
      let name = path.split(separator: "/").last.map(String.init) ?? path
      recipe[name] = nil
      source[name] = .string(try MappedFile(path: path).digest)
    }
    record["recipe"] = JSONValue(
      members: recipe.sorted { $0.key < $1.key }.map { ($0, .string($1)) })
    record["model"] = .object(source)
    let machine = SystemProbe()
    record["machine"] = [
      "processor": .string(machine.processor), "vector_units": .string(machine.vectorUnits),
      "blas": .string(machine.blas), "blas_kernels": .string(machine.blasKernels),
      "products": model.engine.library.map(JSONValue.string) ?? .null,
    ]
    return .object(record)
  }

  /// The weight files of a model, by name.
  private static func files(of model: LanguageModel) throws(CheckpointError) -> [String: String] {
    var result: [String: String] = [:]
    for path in Set(model.folder.tensors.map(\.path)) {
      result[path.split(separator: "/").last.map(String.init) ?? path] = try file(path)
    }
    return result
  }

  /// The size of a file and when it was changed.
  private static func file(_ path: String) throws(CheckpointError) -> String {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else {
      throw .system(path: path, doing: "measuring", code: errno)
    }
    let time = status.st_mtim
    return "\(status.st_size) bytes of \(time.tv_sec).\(time.tv_nsec)"
  }
}
