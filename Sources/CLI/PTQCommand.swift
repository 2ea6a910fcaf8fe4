import ArgumentParser
import Foundation
internal import LinearAlgebra
public import Pipeline
import Remedies

/// The whole command `ptq`.
///
/// A program that adds a rounding, a transform, a format or a family to a catalog becomes a `ptq`
/// that also knows this word: on the command line, in the help and in the tables.
public enum PTQCommand {
  /// Runs the command line, and ends the process if that fails.
  ///
  /// - Parameter catalog: what the words of the command line can refer to.
  public static func main(_ catalog: Catalog = Catalog()) {
    Relaunch.withBetterKernels()
    SystemProbe.keepFreedMemory()
    Catalog.$current.withValue(catalog) {
      var (takesLists, takesRecipe) = (false, true)
      do {
        try Startup.checkArguments()
        try Startup.checkFiles()
        var command = try RootCommand.parseAsRoot()
        let repeated = CommonArguments.repeated(
          CommandLine.arguments.dropFirst(),
          besides: command is CompareCommand ? ["--output"] : [])
        for name in repeated {
          StandardError.write("warning: \(name) is given more than once, and the last one counts\n")
        }
        takesLists = command is CompareCommand || command is LayerCommand
        takesRecipe = !(command is ConvertCommand)
        try command.run()
        Startup.endUnlessPrinted()
      } catch let error as StartupError {
        Startup.end(error)
      } catch let error as any RemediableError {
        RootCommand.exit(
          withError: SpelledError(error, takesLists: takesLists, takesRecipe: takesRecipe))
      } catch  where RootCommand.exitCode(for: error) == .success {
        // Help, or the version.
        print(RootCommand.fullMessage(for: error))
        Startup.endUnlessPrinted()
      } catch {
        RootCommand.exit(withError: error)
      }
    }
  }
}

/// The root command: it only lists the others.
struct RootCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ptq",
    abstract: "Quantize language models after training: folder in, folder out.",
    discussion: """
      EXAMPLES:
        ptq quantize SmolLM2 -o SmolLM2-4bit --calibration text.txt --group-size 64
        ptq compare SmolLM2 --calibration text.txt --methods rtn,awq,gptq --bits 3,4
        ptq convert SmolLM2-4bit -o SmolLM2-awq --format awq
        ptq eval SmolLM2-4bit --text test.txt --windows 8
        ptq inspect SmolLM2-4bit

      EXIT STATUS:
        0    done
        1    the input or the run failed
        64   the command line is wrong
        130  interrupted; 143 if by SIGTERM, 129 if the terminal closed

      Results go to standard output, everything else to standard error.
      """,
    version: version,
    subcommands: [
      QuantizeCommand.self, CompareCommand.self, LayerCommand.self, ConvertCommand.self,
      EvalCommand.self, InspectCommand.self, VerifyCommand.self, ImatrixCommand.self,
      DoctorCommand.self,
    ])
}
