internal import Checkpoint
internal import Formats

// Folders whose `model_type` no family has. The families themselves tell what they resemble: each is asked
// to declare the folder, and the weights are counted that are as it declares them.

/// How a folder of an unknown architecture compares with the families that it resembles most.
struct Resemblance {
  /// The families that can read it; or else the one of which it has most of the weights.
  let families: [Family]
  /// What is not as in that family, the first of perhaps many things; nil where everything is.
  let difference: CheckpointError?

  /// Nil where no family can declare the folder.
  init?(of folder: ModelFolder, among families: [Family], _ formats: [any CheckpointFormat]) {
    var fitting: [(family: Family, readCount: Int)] = []
    var nearest: (family: Family, count: Int, difference: CheckpointError)?
    for family in families {
      guard let declared = try? family.declared(folder, isAssumed: true) else { continue }
      do throws(CheckpointError) {
        if let unread = declared.unread { throw unread }
        _ = try LanguageModel(folder, declared.declaration, formats)
        fitting.append((family, declared.readCount))
      } catch {
        let count = declared.declaration.storedWeights(in: folder)
        if count > nearest?.count ?? 0 { nearest = (family, count, error) }
      }
    }
    // Those first that take most of the configuration into account.
    let most = fitting.map(\.readCount).max()
    let ranked = fitting.filter { $0.readCount == most } + fitting.filter { $0.readCount != most }
    guard fitting.isEmpty else {
      (self.families, difference) = (ranked.map(\.family), nil)
      return
    }
    guard let nearest else { return nil }
    (self.families, difference) = ([nearest.family], nearest.difference)
  }
}

extension ModelDeclaration {
  /// The number of Linears whose weights a folder holds in their shape.
  fileprivate func storedWeights(in folder: ModelFolder) -> Int {
    blocks.flatMap(\.stages).flatMap(\.slots).count {
      folder.tensor("\($0.name).weight")?.shape.dimensions == $0.storedDimensions
    }
  }
}
