# Targets for people; `make help` lists them.
SHELL := /bin/bash
# Tuned to this machine: LLVM may use every vector instruction it has.
FLAGS := -c release -Xswiftc -Xcc -Xswiftc -march=native
BIN := .build/release
SOURCES := Package.swift Sources Tests Benchmarks

.PHONY: help deps build demo test test-api test-ledger test-archive test-formats test-completions test-benchmark test-init-board fuzz test-browser test-codabench test-grid test-label test-slurm test-threads test-wheel codabench-bundle wheel release docs lint format bench bench-training simulate clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/' | expand -t 22

deps: ## Install the system libraries that are missing (apt-get)
	@scripts/install-packages

build: deps ## Build the program, tuned to this machine
	scripts/swiftpm build $(FLAGS) --product invitro

demo: build ## Make synthetic data, score four systems, build a site, say where to open it
	@scripts/demo $(BIN)/invitro

test: deps ## Run all tests, in release mode
	scripts/swiftpm test $(FLAGS) --disable-testable-imports

test-api: build ## Try the server with requests made from its OpenAPI document (Schemathesis)
	@scripts/test-api $(BIN)/invitro

test-ledger: build ## Check the server's ledger from outside, with kills and tampering
	@scripts/test-ledger $(BIN)/invitro $(LEDGER_OPTIONS)

test-archive: build ## Check a board's archive with mlcroissant and DataCite's schema
	@scripts/test-archive $(BIN)/invitro

test-formats: build ## Read results with pandas, huggingface_hub and pdflatex
	@scripts/test-formats $(BIN)/invitro

test-completions: build ## Type lines and TAB in bash, zsh and fish
	@scripts/test-completions $(BIN)/invitro

test-benchmark: build ## Take a benchmark of one's own from a CSV to a served leaderboard, and check the JSON Schema
	@scripts/test-benchmark $(BIN)/invitro

test-init-board: build ## Try a leaderboard in git with pull requests, honest and not (shellcheck, workflow schema)
	@scripts/test-init-board $(BIN)/invitro

test-label: build ## Run `label` against a real server, llama.cpp with a tiny model (builds it once)
	@scripts/test-label $(BIN)/invitro

fuzz: build ## Give hostile models, prediction files, zips and requests to the program, for FUZZ_SECONDS=300
	scripts/swiftpm build $(FLAGS) --product invitro-fuzz
	$(BIN)/invitro-fuzz --seconds $(or $(FUZZ_SECONDS),300) --seed $(or $(FUZZ_SEED),1)

test-browser: deps ## Look at the site with a real browser (Chromium, axe-core)
	@scripts/test-browser

test-threads: deps ## Run the tests that use several threads under ThreadSanitizer
	@scripts/test-threads

test-grid: build ## Share a grid among processes that are killed and stopped, and run the Snakefile
	@scripts/test-grid $(BIN)/invitro $(GRID_OPTIONS)

test-slurm: build ## Try the Slurm batch file on two nodes on this machine, one of which dies (as root)
	@scripts/test-slurm $(BIN)/invitro

lint: ## Check the format of every source file, the documents' links, and the helper scripts
	swift format lint --strict --recursive $(SOURCES)
	@scripts/check-sources
	@scripts/check-house
	@scripts/benchmark-tables --check
	@scripts/check-links
	@python3 -m unittest -q Tests/Scripts/test_*.py

docs: deps ## Make the API documentation of Metrics and Harness, in docs/api
	@for module in Metrics Harness; do \
	  mkdir -p docs/api/$$module; \
	  scripts/swiftpm package --allow-writing-to-directory docs/api/$$module generate-documentation \
	    --target $$module --disable-indexing --transform-for-static-hosting \
	    --hosting-base-path $$module --output-path docs/api/$$module || exit 1; \
	done

format: ## Format every source file in place
	swift format --in-place --recursive $(SOURCES)

bench: deps ## Compare speed and memory with the usual Python tools, in one run
	scripts/swiftpm build $(FLAGS)
	@scripts/bench $(BIN)

bench-training: deps ## Compare the encoder with PyTorch, ONNX Runtime and OpenVINO (large download)
	scripts/swiftpm build $(FLAGS)
	@scripts/bench $(BIN) training deberta engines

simulate: deps ## Simulate how often intervals cover and tests reject (docs/explanation/inference.md)
	scripts/swiftpm build $(FLAGS) --product invitro-bench
	$(BIN)/invitro-bench simulate

codabench-bundle: deps ## Pack a competition for Codabench (BENCHMARK=newsemp24 SPLIT=test)
	@scripts/codabench-bundle $(or $(BENCHMARK),sample24) $(or $(SPLIT),test)

test-codabench: deps ## Run that bundle in a root that holds it and libc alone (as root)
	@scripts/test-codabench

wheel: deps ## Make a wheel that carries the program, in dist (builds it for any x86-64-v2 processor, once)
	@scripts/make-wheel

test-wheel: wheel ## Try the wheel as a new user does, its Python API, mypy and a notebook
	@scripts/test-wheel

release: deps ## Make the wheel, a tarball, a Debian package, checksums and a bill of materials, in dist
	@scripts/make-release

clean: ## Remove what was built
	rm -rf .build .build-codabench .build-portable dist .build-threads site/public site/preview docs/api
