# The template, judged by SAM and by cfn-lint.
export SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1
ok "template: sam validate --lint" "$oracles/sam/bin/sam" validate --lint --template template.yaml
ok "template: cfn-lint" "$oracles/sam/bin/cfn-lint" --non-zero-exit-code informational template.yaml
