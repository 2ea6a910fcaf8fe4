import ArgumentParser
import Foundation
import LinearAlgebra

/// What must hold before a command can work at all.
enum Startup {
  /// Checks that every argument can be read as it was given.
  ///
  /// Swift repairs bytes that are not UTF-8, and a path with them would lead to another file.
  static func checkArguments() throws {
    for i in 0..<Int(CommandLine.argc) {
      // Safety: argv has argc terminated strings.
      guard let argument = unsafe CommandLine.unsafeArgv[i] else { continue }
      guard unsafe String(validatingCString: argument) != nil else {
        throw StartupError.notUTF8(argument: i)
      }
    }
  }

  /// Checks that there is address space for the buffers of every thread.
  ///
  /// Without it, OpenBLAS asks for them again and again for ever.
  static func checkMemory(threads: Int) throws {
    let needed = (1 << 30) + threads << 26
    if let limit = SystemProbe.addressSpaceLimit, limit < needed {
      throw StartupError.addressSpace(limit: limit, needed: needed)
    }
  }

  /// Checks that some files can be open at once.
  ///
  /// Besides the model's and the result's, the system's libraries open some, and end the process where they cannot.
  static func checkFiles() throws {
    if let limit = SystemProbe.openFileLimit, limit < neededFiles {
      throw StartupError.openFiles(limit: limit, needed: neededFiles)
    }
  }

  private static let neededFiles = 64

  /// Ends the process with an error unless all that was printed has reached its reader.
  static func endUnlessPrinted() {
    if !SystemProbe.flushOutput() { end(.output) }
  }

  /// Ends the process.
  static func end(_ error: StartupError) -> Never {
    StandardError.write("Error: \(error)\n")
    // Where memory is short, libraries may wait for ever in what they do at a regular exit.
    _exit(1)
  }
}

/// What keeps a command from working.
enum StartupError: Error, CustomStringConvertible {
  case notUTF8(argument: Int)
  case addressSpace(limit: Int, needed: Int)
  case openFiles(limit: Int, needed: Int)
  case output

  var description: String {
    switch self {
    case .notUTF8(let argument):
      "argument \(argument) is not UTF-8; give paths with such names through a link"
    case .addressSpace(let limit, let needed):
      "the address space is limited to \(limit >> 20) MiB, and \(needed >> 20) MiB are needed for buffers alone; "
        + "raise the limit (ulimit -v unlimited), or use fewer --threads"
    case .openFiles(let limit, let needed):
      "only \(limit) files may be open at once, and \(needed) are needed; raise the limit (ulimit -n 1024)"
    case .output: "the results could not be printed; is there room where standard output goes?"
    }
  }
}
