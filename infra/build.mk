# Builds what Lambda runs: one release build of the workspace, then build/<function>.zip with one file, `bootstrap`.
# Included by the Makefile at the root.

FUNCTIONS := intake hash inspect plan render finalise status
SAM ?= sam
CFN_LINT ?= cfn-lint

.PHONY: build template-lint

build: ## Release binaries of the functions, packed for Lambda in build/<function>.zip
	cargo build --release --locked $(FUNCTIONS:%=-p platefleet-%)
	python3 infra/pack.py $(or $(CARGO_TARGET_DIR),target)/release build $(FUNCTIONS)

template-lint: ## template.yaml, without a warning
	AWS_DEFAULT_REGION=us-east-1 SAM_CLI_TELEMETRY=0 $(SAM) validate --lint --template template.yaml
	AWS_DEFAULT_REGION=us-east-1 $(CFN_LINT) --include-checks I --non-zero-exit-code informational -- template.yaml
