internal import Checkpoint
internal import Formats
internal import JSON
internal import LinearAlgebra
internal import Pipeline
internal import Transformer

/// What a search for bits has found out, kept in a hidden folder beside the result so that another one can
/// continue.
struct BitSearchJournal {
  /// Which search it is.
  let identity: RunIdentity
  /// The number of blocks passed.
  let blocks: Int
  /// What is known of their Linears; once all blocks are passed, with divergences.
  let sets: [MeasuredSet]
  /// The time that it took, in seconds.
  let seconds: Double

  /// Whether nothing is left to be measured.
  var isComplete: Bool { sets.allSatisfy { $0.divergence != nil } }

  /// The word for the hidden folder.
  private static let task = "search"

  /// Opens the folder of a search for a result.
  static func folder(beside output: String, isContinued: Bool) throws(CheckpointError) -> WorkFolder
  {
    try WorkFolder(task, beside: output, isContinued: isContinued)
  }

  /// Checks that no search for a result is at work.
  static func checkNotInUse(beside output: String) throws(CheckpointError) {
    try WorkFolder.checkNotInUse(task, beside: output)
  }

  /// Removes what was kept for a result.
  static func remove(beside output: String) throws(CheckpointError) {
    try WorkFolder.remove(task, beside: output)
  }

  /// A journal of given contents.
  init(identity: RunIdentity, blocks: Int, sets: [MeasuredSet], seconds: Double) {
    self.identity = identity
    self.blocks = blocks
    self.sets = sets
    self.seconds = seconds
  }

  /// The identity of the search that was kept for a result, whatever model it is about; nil if there is none.
  ///
  /// - Throws: ``CheckpointError`` if the journal is damaged.
  static func identity(beside output: String) throws(CheckpointError) -> RunIdentity? {
    try JournalFiles.read(WorkFolder.path(task, beside: output)) { json throws(JSONError) in
      try RunIdentity(json.member("run"))
    }
  }

  /// The journal of a search of a model that was kept for a result; nil if there is none.
  ///
  /// - Throws: ``CheckpointError`` if it is damaged.
  init?(
    beside output: String, for sets: [[[LinearShape]]], choices: Int
  ) throws(CheckpointError) {
    let folder = WorkFolder.path(Self.task, beside: output)
    let found = try JournalFiles.read(folder) { json throws(JSONError) in
      try BitSearchJournal(json, for: sets, choices: choices)
    }
    guard let found else { return nil }
    self = found
  }

  private init(
    _ json: JSONField, for sets: [[[LinearShape]]], choices: Int
  ) throws(JSONError) {
    identity = try RunIdentity(json.member("run"))
    blocks = try json.member("blocks").positive(atMost: sets.count)
    seconds = try json.member("seconds").double
    let alike = sets[..<blocks].flatMap(\.self)
    let fields = try json.member("sets").array
    guard fields.count == alike.count else {
      throw .wrongKind(
        path: "sets", expected: "\(alike.count) for \(blocks) blocks", found: "\(fields.count)")
    }
    var measured: [MeasuredSet] = []
    for (linears, field) in zip(alike, fields) {
      measured.append(try MeasuredSet(linears, choices: choices, field))
    }
    self.sets = measured
  }

  /// Writes the journal with the hidden states of some streams, in place of an earlier one.
  func write(
    to folder: WorkFolder, _ streams: [(name: String, stream: Stream)]
  ) throws(CheckpointError) {
    let json: JSONValue = [
      "run": identity.json, "blocks": .number(JSONNumber(blocks)),
      "seconds": .number(JSONNumber(seconds)),
      "sets": .array(sets.map(\.json)),
    ]
    try JournalFiles.write(json, streams, behind: blocks, to: folder.path)
    folder.keep()
  }
}
