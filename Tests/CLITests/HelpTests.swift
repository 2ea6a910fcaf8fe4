// The complete help of the command, so that a change of an option shows what users will read.

import TestSupport
import Testing

private let rootHelp = """
  OVERVIEW: Quantize language models after training: folder in, folder out.

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

  USAGE: ptq <subcommand>

  OPTIONS:
    --version               Show the version.
    -h, --help              Show help information.

  SUBCOMMANDS:
    quantize                Quantize every Linear of a model's decoder blocks.
    compare                 Compare methods, bit widths and group sizes on a
                            model's Linears.
    layer                   Quantize one Linear from .npy or .safetensors files.
    convert                 Store a quantized model in another format, without
                            loss.
    eval                    Measure how well a model predicts a text.
    inspect                 List every Linear of a folder: shape, bits, groups,
                            and the error recorded.
    verify                  Check that a folder is whole, and that every Linear
                            in it can be read.
    imatrix                 Measure the importances that llama-quantize takes as
                            --imatrix.
    doctor                  Say which processor, BLAS and LAPACK answer, and how
                            fast they are.

    See 'ptq help <subcommand>' for detailed help.

  """

private let quantizeHelp = """
  OVERVIEW: Quantize every Linear of a model's decoder blocks.

  MODEL is a Hugging Face folder: config.json, safetensors weights,
  tokenizer.json. The output is one as well, which vLLM and transformers load; a
  table says what each Linear lost.

  EXAMPLES:
    ptq quantize SmolLM2 -o SmolLM2-4bit --calibration text.txt --group-size 64
    ptq quantize Llama-3.2-1B -o Llama-8bit --calibration chats.jsonl --bits 8
    ptq quantize Llama-3.2-1B -o mixed --calibration t.txt --bits-budget 3.5
    ptq quantize Llama-3.2-1B -o awq --calibration chats.jsonl --method awq+gptq
    ptq quantize Llama-3.2-1B -o w8a8 --calibration t.txt --method smoothquant
    ptq quantize Llama-3.2-1B -o fp8 --calibration t.txt --type fp8
    ptq quantize Llama-3.2-1B -o Llama-rtn --method rtn --format gptq
    ptq quantize Llama-3.2-1B -o b --calibration t.txt --base a --redo down_proj
    ptq quantize Llama-3.2-1B -o Llama-mlx --calibration t.txt --format mlx
    ptq quantize Llama -o l.gguf --calibration t.txt --format gguf --type Q4_K_M
    ptq quantize Llama -o l.gguf --importance i.gguf --format gguf --type Q4_K_M

  Output error % is the squared error of a Linear's output over the calibration
  tokens, in per cent of the output's energy; held-out % is the same on tokens
  that no solver saw.

  USAGE: ptq quantize [<options>] <model> --output <output>

  ARGUMENTS:
    <model>                 The model's folder.

  MIXED BITS:
    --bits-budget <bits-budget>
                            Bits of a code on average, such as 3.5: every Linear
                            gets the number of bits that suits it. Scales and
                            zero points come on top; with --format gguf the
                            budget is for all that is in the blocks of Linears,
                            and each gets a type.
    --bits-choices <bits-choices>
                            The numbers of bits that --bits-budget chooses from,
                            or the types, separated by commas. (default:
                            2,3,4,5,6,8; with gguf Q2_K,Q3_K,Q4_K,Q5_K,Q6_K,Q8_0)
    --save-bits-plan <save-bits-plan>
                            Write the plan that --bits-budget finds to this new
                            file, as JSON.
    --bits-plan <bits-plan> A file with the bits of every Linear, as
                            --save-bits-plan writes it; a word of --type in place
                            of a number stores a Linear as that. With --format
                            gguf it has types such as Q4_K, and what it leaves
                            out is stored as --type has it.

  RECIPE:
    --preset <preset>       Defaults for method, range, order, correction and
                            first positions: fast, plain GPTQ; balanced, GPTQ
                            with corrected targets and grids chosen inside the
                            solve; best, that with cd. Where --methods names the
                            methods, only the rest applies. (values: fast,
                            balanced, best; default: balanced)
    --symmetric/--asymmetric
                            Zero in the middle of the codes, or a zero point for
                            each group; weights under rounded inputs are always
                            symmetric. (default: --symmetric; --asymmetric with
                            --format mlx)
    --range <range>         How wide the range of a group is: min-max,
                            squared-error, abs-mean, output-error, solve; solve
                            chooses it with the codes, where whole groups of at
                            most 256 columns are visited, and is squared-error
                            elsewhere. (default: by preset) (values: min-max,
                            squared-error, abs-mean, output-error, solve)
    --order <order>         The order in which columns are visited: natural,
                            activation, group-aware (gptq, cd, beam, signround).
                            (default: by preset) (values: natural, activation,
                            group-aware)
    --damping <damping>     Share of the mean diagonal that is added to the
                            Hessian's diagonal, 0 to 1; auto solves with 0.001,
                            0.003, 0.01, 0.03, 0.1 and keeps what suits the
                            held-out tokens of each stage best (gptq, cd, beam,
                            signround). (default: 0.01)
    --correction <correction>
                            Share of the correction for the error of earlier
                            Linears, 0 to 1; held-out for what suits held-out
                            tokens best; gptaq for that of GPTAQ; off for none.
                            (default: by preset)
    --alpha <alpha>         Migration strength, 0 to 1, or search (smoothquant).
                            (default: by model family; 0.5 for one layer)
    --asymmetric-activations
                            Round inputs to integers with a zero point (int8,
                            static, smoothquant).
    --observer <observer>   How the range of static inputs is chosen (static):
                            min-max, moving-average, percentile:P, squared-error,
                            entropy. (default: min-max)
    --outliers <outliers>   Input channels that stay in 16 bit (outliers): those
                            with an input of at least this magnitude, or top:K
                            for the K largest. (default: 6.0)

  CALIBRATION:
    --calibration <calibration>
                            Text to learn from: plain text, .jsonl with texts or
                            chats, or .safetensors with input_ids.
    --samples <samples>     Windows to calibrate on. (default: up to 128)
    --length <length>       Tokens of each window. (default: 2048, or the model's
                            context)
    --first-positions <first-positions>
                            Windows of a single token, which show the first
                            position of a text. (default: by preset, 256 or none)
    --experts <experts>     Tokens that each expert of a mixture learns from:
                            routed, those that it would answer; all, which takes
                            longer and leaves no expert without any. (values:
                            routed, all; default: routed)
    --add-bos               Begin each window of a .safetensors file as the
                            tokenizer begins a text, such as with the
                            beginning-of-sequence token; windows of text begin so
                            anyway.

  SOLVING SOME LINEARS AGAIN:
    --redo <redo>           Linears to solve again, with all that engines merge
                            with them, named as for --ignore; all others are
                            taken from --base as they are.
    --base <base>           A finished result of the same model.

  INTERRUPTION:
    --checkpoint-every <checkpoint-every>
                            Seconds of work that an interruption may cost; the
                            same command continues from the last checkpoint. 0
                            for one after every block. (default: 300)
    --resume                Continue a run that was interrupted, or fail if there
                            is none.
    --discard               Remove what an interrupted run left, and begin again.

  OPTIONS:
    -o, --output <output>   The folder to write, or the file with --format gguf;
                            it must not exist.
    --method <method>       What happens to the weights: words joined by +.
                            (default: by preset)
                            awq: scale input channels so that salient weights
                            lose less (AWQ)
                            awq-output: AWQ judged by the attention's or MLP's
                            output, as published
                            smoothquant: move outliers from the inputs to the
                            weights (SmoothQuant)
                            gptq: nearest plane in the metric of the calibrated
                            Hessian (GPTQ)
                            cd: GPTQ, then coordinate descent on codes and scales
                            beam: GPTQ that follows several roundings of a row
                            and keeps the best
                            signround: GPTQ, then rounding learned by the signs
                            of gradients (SignRound)
                            matryoshka: GPTQ for nested codes: the upper 4 and 2
                            bits of 8 are codes as well (MatQuant)
                            rtn: every weight to the nearest point of its grid
                            (round to nearest)
                            rotate: rotate the residual stream and attention
                            heads first (QuaRot)
                            clip: ranges by least output error (AWQ's clipping)
                            int8: 8-bit integers as inputs, with a scale for each
                            token, and as weights by default
                            fp8: 8-bit floats as inputs, with a scale for each
                            token
                            nvfp4: 4-bit floats as inputs, as --type nvfp4 has
                            them as weights
                            mxfp4: 4-bit floats as inputs, as --type mxfp4 has
                            them as weights
                            static: one scale from calibration for all 8-bit
                            inputs, beside 8-bit weights
                            outliers: input channels with outliers stay in 16 bit
                            (LLM.int8())
    --bits <bits>           Bits of a code, 2 to 8; or ternary, codes of 2 bits
                            of which only -1, 0 and 1 are used. (default: 4; 8
                            where inputs are rounded to integers, and with
                            matryoshka)
    --group-size <group-size>
                            Consecutive weights that share a scale: a number, or
                            channel, or tensor. (default: 128; channel where
                            inputs are rounded to integers)
    --statistics <statistics>
                            Also write the statistics of every input into this
                            new folder, for ptq layer --statistics.
    --importance <importance>
                            A file of importances, as ptq imatrix and
                            llama-imatrix write it (.gguf or .dat), in place of
                            --calibration: the mean square of each input channel,
                            and nothing of how channels go together.
    --format <format>       The layout of the output: compressed-tensors, packed
                            integers or FP4, or int8 or FP8 with activations, for
                            vLLM, SGLang and transformers; gptq, AutoGPTQ's and
                            gptqmodel's layout (v1 zero points), for vLLM and
                            others; awq, AutoAWQ's layout (gemm, 4 bits), for
                            vLLM and transformers; mlx, the affine mode of mlx,
                            for mlx-lm on Macs; gguf, one file for llama.cpp,
                            with the types of --type; bitsandbytes, NF4 or FP4
                            with the scales of --type, for transformers and PEFT.
                            (values: compressed-tensors, gptq, awq, mlx, gguf,
                            bitsandbytes; default: compressed-tensors)
    --type <type>           How weights are stored, for formats that decide that:
                            compressed-tensors: fp8, fp8-block, mxfp4, nvfp4;
                            gguf: Q2_K, Q3_K_S, Q3_K_M, Q3_K_L, Q4_0, Q4_1,
                            Q4_K_S, Q4_K_M, IQ4_NL, IQ4_XS, Q5_0, Q5_1, Q5_K_S,
                            Q5_K_M, Q6_K, Q8_0, TQ1_0, TQ2_0, MXFP4;
                            bitsandbytes: nf4+double, nf4, fp4+double, fp4.
                            (default: Q4_K_M, nf4+double, or integers of --bits)
    --head                  Quantize the head (lm_head) like the other Linears,
                            from what the final norm makes, in the bits of --bits
                            whatever a plan of bits says (with --format gguf in
                            those of its type). Where it is the embedding, it
                            becomes a matrix of its own, or with mlx and gguf the
                            embedding is solved as what it is as a head.
    --embedding-bits <embedding-bits>
                            Bits of the embedding, and of the head unless --head
                            solves it, where the format has them in integers of
                            any width (mlx): 2, 3, 4, 5, 6 or 8. (default: 8)
    --kv-cache <kv-cache>   Also store the scales with which keys and values can
                            be kept in 8 bits, from calibration: fp8, which vLLM
                            uses with --kv-cache-dtype fp8; or int8. (values:
                            fp8, int8)
    --ignore <ignore>       Linears that stay as they are, with all that engines
                            merge with them: parts of their names, separated by
                            commas, such as layers.0,down_proj. A star stands for
                            one part.
    --on-failure <on-failure>
                            What to do when no codes can be found for a Linear:
                            stop, or keep-dense, which leaves it as it is and
                            says so. (values: stop, keep-dense; default: stop)
    --dry-run               Check everything that can be checked beforehand, and
                            print what would be done, what it needs and who would
                            load the result; write nothing.
    --compute <compute>     What large products are computed in: float32;
                            bfloat16, twice as fast on processors that have it;
                            auto, which is bfloat16 there for weights that are
                            stored in it. (default: auto for quantize, else
                            float32) (values: auto, float32, bfloat16)
    --memory-budget <memory-budget>
                            The memory that the run may take, besides the mapped
                            model, such as 12GB or 12GiB. Where it is short,
                            hidden states wait in a file on the disk of the
                            result, which changes nothing in it unless inputs are
                            scaled. (default: nine tenths of what is available)
    --as <model-type>       The model_type as which an unknown architecture is
                            read, such as llama. Without it, the error says which
                            ones the folder resembles.
    --threads <threads>     Threads to compute with. (default: all processors)
    --json                  Print the result as JSON.
    --version               Show the version.
    -h, --help              Show help information.


  """

@Suite struct `Help` {
  @Test(arguments: [["--help"], ["-h"], ["help"], []])
  func `of the root command lists the others`(arguments: [String]) throws {
    try TemporaryFolder.with { folder in
      let outcome = try Command.start(arguments, in: folder).finish()
      #expect(outcome.output == rootHelp)
      #expect(outcome.errors.isEmpty)
      #expect(outcome.status == 0)
    }
  }

  @Test(arguments: [["quantize", "--help"], ["help", "quantize"]])
  func `of quantize explains every option`(arguments: [String]) throws {
    try TemporaryFolder.with { folder in
      let outcome = try Command.start(arguments, in: folder).finish()
      #expect(outcome.output == quantizeHelp)
      #expect(outcome.errors.isEmpty)
      #expect(outcome.status == 0)
    }
  }

  @Test(arguments: ["quantize", "compare", "layer", "convert", "eval", "inspect", "doctor"])
  func `of every command has an example that fits a terminal`(command: String) throws {
    try TemporaryFolder.with { folder in
      let lines = try Command.succeed("help", command, in: folder).output.split(separator: "\n")
      #expect(lines.contains { $0.hasPrefix("  ptq \(command)") })
      #expect(lines.allSatisfy { $0.count <= 80 || $0.hasPrefix("USAGE: ") })
      // A wrapped option continues in its column; a wrapped example would continue at the margin.
      #expect(!lines.contains { $0.hasPrefix("--") })
    }
  }

  @Test func `has a version`() throws {
    try TemporaryFolder.with { folder in
      let version = try Command.succeed("--version", in: folder).output
      #expect(version.contains(/^\d+\.\d+\.\d+\n$/))
    }
  }
}
