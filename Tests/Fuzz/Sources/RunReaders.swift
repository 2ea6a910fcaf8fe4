import Checkpoint
import JSON
import Transformer

@testable import Pipeline
@testable import Studies

private let model: LanguageModel = {
  do {
    return try LanguageModel(
      ModelFolder(path: "\(Fixtures.root)/TransformerTests/Fixtures/llama"))
  } catch {
    fatalError("\(error)")
  }
}()

/// Files that runs write, and those of texts and tokens that they read.
let runReaders = [
  Reader("journal") { bytes in
    _ = Scratch.write("journal/journal.json", bytes)
    guard let journal = try Journal(in: Scratch.path("journal")) else {
      fatalError("there is a journal")
    }
    expect(journal.blocks > 0, "\(journal.blocks) blocks")
    expect(journal.identity.differences(from: journal.identity).isEmpty, "another identity")
    for linear in journal.linears { _ = linear.json.bytes() }
  },
  Reader("search") { bytes in
    _ = Scratch.write(".out.search/kept/journal.json", bytes)
    let found = try BitSearchJournal(
      beside: Scratch.path("out"),
      for: model.declaration.blocks.indices.map(model.declaration.linearsStoredAlike), choices: 2)
    guard let found else { fatalError("there is a journal") }
    expect(model.declaration.blocks.indices.contains(found.blocks - 1), "\(found.blocks) blocks")
    for set in found.sets {
      let again = try MeasuredSet(set.linears, choices: 2, set.json.field)
      expect(again.json == set.json, "another set is written")
    }
  },
  Reader("report") { bytes in
    let report = try RunReport(JSONValue(parsing: bytes))
    let written = report.json
    let again = try RunReport(written)
    expect(again.json == written, "another report is written")
    _ = report.stored(["a": 1])
  },
  Reader("plan") { bytes in
    let plan = try BitPlan(path: Scratch.write("plan.json", bytes), for: model)
    let written = plan.json(for: model).bytes(.pretty)
    let again = try BitPlan(path: Scratch.write("again.json", written), for: model)
    expect(again.entries == plan.entries, "another plan is written")
  },
  // The first byte is the number of tokens that are needed and the size of the first part.
  Reader("lines") { bytes in
    let first = Int(bytes.first ?? 0)
    let path = Scratch.write("text.jsonl", Array(bytes.dropFirst()))
    let file = try TextFile(path: path, chunk: 1 + first)
    let encode = { (text: String) throws(InputError) in text.utf8.map { Int32($0) } }
    let (all, some) = (
      Result { try file.tokens(atLeast: nil, encode) },
      Result { try file.tokens(atLeast: first, encode) }
    )
    if case .success(let all) = all, case .success(let some) = some {
      expect(all.starts(with: some), "other tokens at the beginning")
      expect(some.count >= min(first, all.count), "too few tokens")
    }
    _ = try file.recordTokens(atLeast: nil, encode)
  },
  Reader("tokens") { bytes in
    let path = Scratch.write("tokens.safetensors", bytes)
    let stream = try TokenStream(path: path, for: model.folder)
    expect(stream.tokens.allSatisfy { $0 >= 0 }, "a negative token")
    _ = TokenWindows(cutting: stream.tokens, length: 2)
  },
]
