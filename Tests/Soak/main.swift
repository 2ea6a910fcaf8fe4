// Runs one after another in one process, and says what the process holds after each: `soak FOLDER RUNS`.
//
// A run that leaves a file open or memory in use does no harm by itself, but ends a program that uses the library
// for days.

import Foundation
import PTQ
import TestSupport

let folder = CommandLine.arguments[1]
let runs = Int(CommandLine.arguments[2]) ?? 0
let text = CalibrationSet(
  calibration: (0..<8).map { TinyModel.tokens(32, seed: $0) },
  heldOut: (8..<10).map { TinyModel.tokens(32, seed: $0) }, length: 32)
let methods = [Method.gptq, Method(transform: .awq, rounding: .gptq), .nearest]

/// The open files of this process.
func openFiles() throws -> Int {
  try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
}

/// The memory that this process has in use, in bytes.
func residentBytes() throws -> Int {
  let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
  return (Int(pages[1]) ?? 0) * sysconf(Int32(_SC_PAGESIZE))
}

for run in 0..<runs {
  let output = "\(folder)/out"
  let settings = QuantizationSettings(
    scheme: try Scheme(bits: 4, symmetric: true, granularity: .group(16)),
    method: methods[run % methods.count])
  _ = try QuantizationRun(
    model: LanguageModel(ModelFolder(path: "\(folder)/model")), settings: settings,
    calibration: text, output: output, checkpointInterval: 0
  ).run()
  _ = try LanguageModel(ModelFolder(path: output)).block(1)
  try FileManager.default.removeItem(atPath: output)
  print("\(try openFiles()) \(try residentBytes())")
}
