internal import Checkpoint
internal import JSON
internal import Transformer

/// What a run has finished, kept in the hidden folder beside its result so that another one can continue.
struct Journal {
  /// Which run it is.
  let identity: RunIdentity
  /// The number of finished blocks.
  let blocks: Int
  /// What was reported of their Linears.
  let linears: [LinearReport]
  /// The Linears that stay as they are.
  let unquantized: [FailedLinear]

  /// A journal of given contents.
  init(
    identity: RunIdentity, blocks: Int, linears: [LinearReport], unquantized: [FailedLinear] = []
  ) {
    self.unquantized = unquantized
    self.identity = identity
    self.blocks = blocks
    self.linears = linears
  }

  /// The journal in a workspace, or nil if there is none.
  ///
  /// - Throws: ``CheckpointError`` if it is damaged.
  init?(in workspace: String) throws(CheckpointError) {
    let found = try JournalFiles.read(workspace) { json throws(JSONError) in
      try Journal(json)
    }
    guard let found else { return nil }
    self = found
  }

  private init(_ json: JSONField) throws(JSONError) {
    identity = try RunIdentity(json.member("run"))
    blocks = try json.member("blocks").positive()
    var linears: [LinearReport] = []
    for field in try json.member("linears").array { linears.append(try LinearReport(field)) }
    self.linears = linears
    unquantized = try FailedLinear.list(in: json.optionalMember("unquantized"))
  }

  /// Writes the journal with the hidden states behind its blocks, in place of an earlier one.
  func write(
    to workspace: String, _ stream: Stream, beside original: Stream?
  ) throws(CheckpointError) {
    let json: JSONValue = [
      "run": identity.json, "blocks": .number(JSONNumber(blocks)),
      "linears": .array(linears.map(\.json)),
      "unquantized": .array(unquantized.map(\.json)),
    ]
    let streams = [("quantized", stream)] + (original.map { [("original", $0)] } ?? [])
    try JournalFiles.write(json, streams, behind: blocks, to: workspace)
  }
}

extension InterruptedRun {
  /// The journal of the run to be continued; nil to begin a new one.
  func journal(of identity: RunIdentity, output: String) throws -> Journal? {
    if self == .discard { return nil }
    let workspace = FolderSink.workspace(for: output)
    guard let journal = try Journal(in: workspace) else {
      if self == .mustContinue { throw RunError.nothingToContinue(output) }
      return nil
    }
    try identity.check(continuing: journal.identity, at: output)
    return journal
  }
}
