# platefleet. `make` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help

CARGO ?= cargo
# Reference data and oracles: read where they are, skipped aloud where they are not.
PLATEFLEET_REFERENCE ?= $(abspath ../shared)
export PLATEFLEET_REFERENCE

DEMO ?= demo
BIN := $(or $(CARGO_TARGET_DIR),target)/debug

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-14s %s\n", $$1, $$2 }'

.PHONY: demo
demo: ## Build, then show the whole fleet at work on footage that it makes itself
	@$(CARGO) build --locked --workspace --bins
	@$(BIN)/platefleet demo --dir $(DEMO)

.PHONY: test
test: ## Unit, property and vector tests, the handlers in memory, and the whole fleet end to end
	$(CARGO) build --locked --workspace --bins
	$(CARGO) test --locked --workspace

.PHONY: check
check: ## What to run before a commit: format, lints, quick tests
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	$(CARGO) test --locked --workspace --lib

.PHONY: conformance
conformance: ## Independent tools judge what we write (needs the oracles of PLATEFLEET_REFERENCE)
	$(CARGO) build --locked --workspace --bins
	infra/conformance/run.sh

BENCH_INSPECT = python3 infra/bench/inspect.py --platefleet "$(or $(CARGO_TARGET_DIR),target)/release/platefleet"

BENCH_MHL = python3 infra/bench/mhl.py --platefleet "$(or $(CARGO_TARGET_DIR),target)/release/platefleet"

.PHONY: bench
bench: ## Frames a second of render and bytes a second of each digest, on one core; a history of a million files
	$(CARGO) bench --locked -p platefleet-footage --bench throughput
	$(CARGO) build --locked --release -p platefleet-cli
	$(BENCH_MHL) million

.PHONY: bench-peers
bench-peers: ## Inspecting beside exiftool, mediainfo, ffprobe; checking and sealing beside xxhsum, ascmhl (GIGABYTES=20)
	$(CARGO) build --locked --release -p platefleet-cli
	$(BENCH_INSPECT) --samples $(PLATEFLEET_REFERENCE)/samples
	$(BENCH_MHL) small large --gigabytes $(or $(GIGABYTES),20)

FUZZ_TARGET = $(or $(TARGET),dng)

.PHONY: fuzz
fuzz: ## Fuzz one parser for a while: make fuzz TARGET=dng SECONDS=60 (needs cargo-fuzz and a nightly-capable compiler)
	@cd fuzz && mkdir -p corpus/$(FUZZ_TARGET) seeds/$(FUZZ_TARGET) && RUSTC_BOOTSTRAP=1 $(CARGO) fuzz run $(FUZZ_TARGET) \
		corpus/$(FUZZ_TARGET) seeds/$(FUZZ_TARGET) -- -max_total_time=$(or $(SECONDS),60) -rss_limit_mb=1024 -malloc_limit_mb=64 -timeout=10

.PHONY: invoke
invoke: ## Give a function of the running local fleet its sample event: make invoke FUNCTION=status
	@test -n "$(FUNCTION)" || { echo "name one: make invoke FUNCTION=status" >&2; exit 2; }
	@$(BIN)/platefleet local invoke $(FUNCTION) events/$(FUNCTION).json

include infra/build.mk
