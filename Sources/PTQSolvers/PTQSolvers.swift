// The solvers without models, tokenizers and checkpoints: `import PTQSolvers`.

@_exported public import Hessian
@_exported public import LinearAlgebra
@_exported public import Quantizer
@_exported public import Remedies
@_exported public import Solvers
