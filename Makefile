# The main targets are demo and test; make help lists all of them.

PTQ := .build/release/ptq
MODEL := Examples/tiny-llama
PACKAGES := libopenblas-dev liblapacke-dev libonig-dev libssl-dev pkg-config
# Products in bfloat16, for processors that have them; everything works without.
OPTIONAL := $(if $(filter x86_64,$(shell uname -m)),libdnnl-dev)
# The log of long commands, of which only the essential lines are printed.
LOG := .build/make.log

# All that is written in Swift.
SWIFT := Sources Tests Examples Package.swift Benchmarks/Benchmarks Benchmarks/Package.swift

# How long all readers are fuzzed, together.
SECONDS := 60

.PHONY: help build bench peers demo ablation formats families faults fuzz test test-sanitized lint format interop docs dependencies

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: dependencies ## Build ptq for this machine
	@mkdir -p .build
	@echo "building ptq (log in $(LOG))"
	@swift build -c release --product ptq > $(LOG) 2>&1 || { tail -n 40 $(LOG); exit 1; }

demo: build ## Quantize the bundled model, and compare methods on it
	@Tools/demo $(PTQ) $(MODEL)

bench: dependencies ## Time the parts beside the peak of this machine, each once its result has been checked
	@cd Benchmarks && swift package benchmark --no-progress --grouping metric

peers: build ## Time gptqmodel and llm-compressor (from PyPI, about 6 GB) beside ptq: make peers MODEL=… TEXT=…
	@$(if $(TEXT),,LENGTH=256) Benchmarks/peers $(PTQ) $(MODEL) $(or $(TEXT),$(MODEL)/calibration.txt)

ablation: build ## Show what each ingredient gives on the bundled model, at 4, 3 and 2 bits
	@Tools/ablation $(PTQ) $(MODEL) $(MODEL)/calibration.txt $(MODEL)/heldout.txt \
	  -- --group-size 64 --asymmetric --length 256

formats: build ## Show what each format takes and loses on the bundled model, and who reads it
	@Tools/formats $(PTQ) $(MODEL) $(MODEL)/calibration.txt $(MODEL)/heldout.txt \
	  --windows 16 -- --length 256 --samples 32

families: dependencies ## Compare the forward pass of every model family with transformers (from PyPI)
	@Tools/families

faults: build ## Kill 200 runs, continue them, and compare the results; let a disk fail and run full
	@Tools/faults $(PTQ) $(MODEL)

fuzz: dependencies ## Feed made-up files to every reader for SECONDS=60, under AddressSanitizer
	@Tools/fuzz $(SECONDS)

test: dependencies ## Build and run every test
	@mkdir -p .build
	@echo "building and running the tests (log in $(LOG))"
	@swift test -c release --disable-xctest > $(LOG) 2>&1 || { \
	  grep -E 'error:|✘|recorded an issue' $(LOG) | head -n 60; tail -n 3 $(LOG); exit 1; }
	@grep -E 'Test run with' $(LOG)

test-sanitized: dependencies ## Run every test under AddressSanitizer, then under ThreadSanitizer
	@Tools/test-sanitized

lint: ## Check the formatting of all sources
	swift format lint --strict --recursive --parallel $(SWIFT)

format: ## Format all sources
	swift format --in-place --recursive --parallel $(SWIFT)

interop: build ## Load our output in transformers and vLLM (from PyPI, about 5 GB) and compare
	@Tools/interop $(MODEL)

docs: dependencies ## Make the documentation of the library in .build/PTQ.doccarchive
	@Tools/documentation .build/PTQ.doccarchive

dependencies:
	@command -v swift > /dev/null || { \
	  echo "ptq needs the Swift toolchain, 6.2 or later; see https://www.swift.org/install"; exit 1; }
	@pkg-config --exists openblas lapacke oniguruma libcrypto 2> /dev/null || { \
	  command -v apt-get > /dev/null || { \
	    echo "ptq needs OpenBLAS, LAPACKE, Oniguruma and OpenSSL with headers, which Debian calls" $(PACKAGES); exit 1; }; \
	  echo "installing" $(PACKAGES); \
	  sudo=$$([ $$(id -u) = 0 ] || echo sudo); \
	  $$sudo apt-get update -qq && $$sudo apt-get install -y -qq $(PACKAGES) > /dev/null \
	    && for package in $(OPTIONAL); do $$sudo apt-get install -y -qq $$package > /dev/null || true; done; }
	@# What is compiled depends on these headers; a build alone would not notice that they came or went.
	@mkdir -p .build; found=$$(ls /usr/include/oneapi/dnnl/dnnl.h 2> /dev/null); \
	  echo "$$found" | cmp -s - .build/onednn || { \
	    touch Sources/COneDNN/*.c; echo "$$found" > .build/onednn; }
