internal import Glibc

/// Where a path that is to be written leads, decided once before the work.
package enum OutputPath {
  /// The absolute path without `.`, `..` and a leading `~`.
  ///
  /// `..` is the folder above the one that is there, as the kernel sees it, also behind a link; where nothing is
  /// there yet, it takes back the part before.
  package static func resolved(_ path: String) -> String {
    var result = path.hasPrefix("/") ? "/" : workingFolder
    for (i, part) in path.split(separator: "/").enumerated() {
      switch part {
      case ".": continue
      // Shells leave the ~ of --output=~/x as it is.
      case "~" where i == 0 && !path.hasPrefix("/"): result = home ?? "\(result)/~"
      case "..": result = parent(of: unsafe string(realpath(result, nil)) ?? result)
      default: result += result == "/" ? part : "/\(part)"
      }
    }
    return result
  }

  /// The folder that holds an absolute path.
  static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
    return String(path[..<slash])
  }

  private static var workingFolder: String { unsafe string(getcwd(nil, 0)) ?? "" }

  // Safety: the string is copied at once.
  private static var home: String? { unsafe getenv("HOME").map { unsafe String(cString: $0) } }

  /// A copy of a string that the C library has allocated, which is freed.
  private static func string(_ pointer: UnsafeMutablePointer<CChar>?) -> String? {
    guard let pointer = unsafe pointer else { return nil }
    defer { unsafe free(pointer) }
    return unsafe String(cString: pointer)
  }
}
