internal import COpenBLAS
internal import CProbe
internal import Glibc

/// What this machine computes with.
public struct SystemProbe: Sendable {
  /// The processor's own name.
  public let processor: String
  /// Those of its vector extensions that matter here.
  public let vectorUnits: String
  /// Physical memory, in bytes.
  public let memory: Double

  /// Asks the kernel.
  public init() {
    let info = Self.lines(of: "/proc/cpuinfo")
    func value(_ key: String) -> String? {
      info.first { $0.hasPrefix(key) }?.split(separator: ":").last.map { $0.drop { $0 == " " } }
        .map(String.init)
    }
    processor = value("model name") ?? "unknown"
    let flags = Set((value("flags") ?? "").split(separator: " ").map(String.init))
    let known = ["avx2", "fma", "avx512f", "avx512_bf16", "avx512_vnni", "amx_bf16", "amx_int8"]
    vectorUnits = known.filter(flags.contains).joined(separator: " ")
    memory = Double(sysconf(Int32(_SC_PHYS_PAGES))) * Double(sysconf(Int32(_SC_PAGESIZE)))
  }

  /// The version and build options of the BLAS.
  public var blas: String { unsafe string(openblas_get_config()) }

  /// The processor that the BLAS chose its kernels for.
  public var blasKernels: String { unsafe string(openblas_get_corename()) }

  /// What the environment tells OpenBLAS to take the processor for, or nil when it may look itself.
  public var forcedKernels: String? {
    // Safety: the string is copied at once.
    unsafe getenv("OPENBLAS_CORETYPE").map { unsafe String(cString: $0) }
  }

  /// The shared library that answers to a symbol.
  public func library(of symbol: String) -> String {
    unsafe string(symbol.withCString { unsafe ptq_library_of($0) })
  }

  /// Floating-point operations per second of a product of this size, the best of three.
  public func measuredSpeed(side: Int = 1024) -> Double {
    let a = Matrix(rows: side, columns: side) { Float($0 - $1) / Float(side) }
    let clock = ContinuousClock()
    let times = (0..<3).map { _ in
      clock.measure { _ = Matrix.product(a, transposed: a) }
    }
    let best = times.min().map { $0 / .seconds(1) } ?? 1
    return 2 * Double(side * side * side) / best
  }

  /// Safety: all of these are terminated strings that live as long as the process.
  private func string(_ pointer: UnsafePointer<CChar>?) -> String {
    unsafe pointer.map { unsafe String(cString: $0) } ?? "not found"
  }

  private static func lines(of path: String) -> [Substring] {
    guard let file = unsafe fopen(path, "r") else { return [] }
    defer { unsafe fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = unsafe fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n")
  }
}
