import ArgumentParser
import Checkpoint
import Formats
import JSON
import LinearAlgebra
import Pipeline
import Report
import Solvers
import Studies

// What `ptq quantize` checks, carries out and shows.

extension QuantizeCommand {
  /// The format with its type, and what else it stores.
  var storedFormat: FormatChoice {
    get throws {
      let typed = try type.map { try format.storing($0) } ?? format
      return try cache.map { try typed.storing($0) } ?? typed
    }
  }

  /// Checks that nothing else decides what the type of a format decides.
  func checkTypes() throws {
    let decidesAll = !(try storedFormat.format.wantsTypes) || !format.format.isFile
    for (name, isGiven) in [
      ("--bits", bits != nil), ("--group-size", groupSize != nil),
      ("--bits-budget", mixed.bitsBudget != nil && decidesAll),
      ("--bits-plan", mixed.bitsPlan != nil && decidesAll),
      ("--symmetric and --asymmetric", recipe.symmetry != nil),
    ] where isGiven {
      throw ValidationError(
        "\(name): with --format \(format.format.name), --type decides how weights are stored.")
    }
  }

  /// Says which options change nothing.
  func sayIdleOptions(_ settings: QuantizationSettings) {
    let idle = recipe.idle(with: settings, isCalibrated: calibration.path != nil) + calibration.idle
    for sentence in idle { StandardError.write("warning: \(sentence)\n") }
  }

  /// Prints what a run would do.
  func show(_ forecast: RunForecast) {
    let speed = SystemProbe().measuredSpeed(on: forecast.engine)
    if common.json {
      print(forecast.json(speed: speed).text(.pretty))
    } else {
      print("\(forecast.table.text)\n\n\(forecast.summary(speed: speed))")
    }
  }

  /// Checks that nothing is where the result and the statistics will be.
  func checkOutputs() throws {
    do {
      try FolderSink.checkIsFree(output)
    } catch {
      // A run that is killed when its result is in place leaves the search that was for it.
      if let manifest = try? Manifest(in: output), !manifest.files.isEmpty {
        try BitSearch.forget(beside: output)
      }
      throw error
    }
    if let statistics, !QuantizationRun.isKept(beside: output) {
      try FolderSink.checkIsFree(statistics)
    }
  }

  /// Carries out a run, and shows how far it is.
  func report(of run: QuantizationRun, _ search: BitSearchReport?) throws -> RunReport {
    // From now on, what a search had found before is of no use.
    if interruption.discard, search == nil { try BitSearch.forget(beside: output) }
    var display = RunDisplay()
    defer { display.end() }
    let report: RunReport
    do {
      report = try Interruption.watched {
        try run.run { event in
          try Interruption.check()
          display.show(event)
        }
      }
    } catch {
      display.end()
      if run.canBeContinued || search != nil { interruption.sayKept(after: error) }
      throw error
    }
    do {
      try BitSearch.forget(beside: output)
    } catch {
      display.end()
      StandardError.write("warning: \(error)\n")
    }
    return report
  }

  /// Prints what was lost.
  func show(_ report: RunReport, _ search: BitSearchReport?) {
    guard !common.json else { return print(report.json.text(.pretty)) }
    if let search { print(search.table.text + "\n") }
    print(report.table.text)
    print("\n\(report.summary)\nwritten to \(output)")
  }
}
