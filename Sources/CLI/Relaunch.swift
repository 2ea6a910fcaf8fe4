internal import Foundation
internal import LinearAlgebra

/// Starting again with an environment that makes the machine faster.
enum Relaunch {
  /// Starts the program again with better kernels, if OpenBLAS has chosen poor ones by itself.
  ///
  /// OpenBLAS chooses when it is loaded, which is before the first line of the program. If starting again
  /// fails, the program goes on with what there is.
  static func withBetterKernels() {
    let system = SystemProbe()
    guard system.forcedKernels == nil, let better = system.betterKernels else { return }
    // A program that was started through the dynamic loader cannot be started again by its own link.
    let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().lastPathComponent
    guard !program.hasPrefix("ld-") else { return }
    // Safety: the strings are terminated; no other thread runs yet that could read the environment.
    unsafe setenv("OPENBLAS_CORETYPE", better, 1)
    unsafe execv("/proc/self/exe", CommandLine.unsafeArgv)
  }
}
