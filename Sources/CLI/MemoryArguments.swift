import ArgumentParser
import LinearAlgebra
import Pipeline

/// The option for the memory of a run.
struct MemoryArguments: ParsableArguments {
  @Option(
    help: """
      The memory that the run may take, besides the mapped model, such as 12GB or 12GiB. Where it is short, hidden \
      states wait in a file on the disk of the result, which changes nothing in it unless inputs are scaled. \
      (default: nine tenths of what is available)
      """)
  var memoryBudget: ByteCount?

  var budget: MemoryBudget {
    memoryBudget.map { .bytes($0.bytes) } ?? .available(SystemProbe.availableMemory / 10 * 9)
  }
}

/// A number of bytes with its unit: `12GB`, `1.5GiB`, `800M`; M and G alone are powers of ten.
struct ByteCount: ExpressibleByArgument {
  let bytes: Int

  init?(argument: String) {
    let units: [(String, Double)] = [
      ("KiB", 1024), ("MiB", 1_048_576), ("GiB", 1_073_741_824), ("TiB", 1_099_511_627_776),
      ("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12),
      ("K", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12), ("B", 1),
    ]
    for (unit, size) in units where argument.lowercased().hasSuffix(unit.lowercased()) {
      let number = argument.dropLast(unit.count).trimmingSuffix(while: { $0 == " " })
      guard let value = Double(number), value > 0, value * size < 1e18 else { return nil }
      bytes = Int(value * size)
      return
    }
    return nil
  }
}

extension Substring {
  fileprivate func trimmingSuffix(while isUnwanted: (Character) -> Bool) -> Substring {
    var result = self
    while let last = result.last, isUnwanted(last) { result.removeLast() }
    return result
  }
}
