// The whole library under one name: `import PTQ`.

@_exported public import Checkpoint
@_exported public import Formats
@_exported public import Hessian
@_exported public import LinearAlgebra
@_exported public import Pipeline
@_exported public import Quantizer
@_exported public import Solvers
@_exported public import Transformer
