internal import CProbe
internal import Glibc

// Memory as the kernel counts it.

extension SystemProbe {
  /// Keeps memory that matrices have given back for the next ones, up to 128 MiB of it.
  ///
  /// Otherwise the system takes the pages of large matrices back at once, and clears others for the next: a twentieth
  /// of the time of a run on a small model.
  package static func keepFreedMemory() { ptq_keep_freed_memory() }

  /// The bytes that this process could still take.
  ///
  /// That is what the machine has to spare, within the limits of its control groups and of its address space. Pages of
  /// files do not count as taken, since the kernel can give them up.
  package static var availableMemory: Int {
    var least = kibibytes(after: "MemAvailable:", in: "/proc/meminfo") ?? .max
    if let limit = addressSpaceLimit, let used = kibibytes(after: "VmSize:", in: status) {
      least = min(least, max(0, limit - used))
    }
    return min(least, controlGroups.compactMap(spare).min() ?? .max)
  }

  /// The most bytes that were in memory at one time, with the pages of mapped files; nil where the kernel does not say.
  package static var peakMemory: Int? { kibibytes(after: "VmHWM:", in: status) }

  private static let status = "/proc/self/status"

  /// The folders of the process's control groups, from its own up, where version 2 is mounted in the usual place.
  private static var controlGroups: [String] {
    guard let line = lines(of: "/proc/self/cgroup").first(where: { $0.hasPrefix("0::/") }) else {
      return []
    }
    var parts = line.dropFirst(4).split(separator: "/").map(String.init)
    var folders = ["/sys/fs/cgroup"]
    while !parts.isEmpty {
      folders.append("/sys/fs/cgroup/" + parts.joined(separator: "/"))
      parts.removeLast()
    }
    return folders
  }

  /// What the limit of a control group leaves; nil without a limit.
  private static func spare(in folder: String) -> Int? {
    guard let limit = lines(of: folder + "/memory.max").first.flatMap({ Int($0) }) else {
      return nil
    }
    let taken = lines(of: folder + "/memory.stat").first { $0.hasPrefix("anon ") }
    return max(0, limit - (taken.flatMap { Int($0.dropFirst(5)) } ?? 0))
  }

  /// A number of KiB behind a word at the start of a line, as bytes.
  private static func kibibytes(after word: String, in path: String) -> Int? {
    lines(of: path).first { $0.hasPrefix(word) }?.split(separator: " ").dropFirst().first
      .flatMap { Int($0) }.map { 1024 * $0 }
  }
}
