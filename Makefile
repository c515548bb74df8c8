# The names that people type. What they do is in xtask/ (Rust) and hack/ (shell).

# Starts two backends, Isobath and Envoy on examples/quickstart; ONCE=1 checks every printed line and ends.
.PHONY: run
run:
	@hack/run $(if $(ONCE),--once)

# Everything that continuous integration asks for.
.PHONY: test
test:
	@cargo xtask test

# The property tests with 100 times as many cases, and a real Envoy with each layout; takes hours.
.PHONY: test-long
test-long:
	@cargo xtask test-long $(PARTS)

# A shell in a cluster with a real API server and kubectl (as root, on Linux); both end together.
.PHONY: cluster
cluster:
	@hack/fetch-tools
	@cargo run --quiet --package isobath-testbed -- shell

# The official conformance suite of the Gateway API, both channels; rewrites the reports in docs/conformance (as root).
.PHONY: conformance
conformance:
	@hack/fetch-tools
	@hack/run-conformance

# Measures on this machine and rewrites docs/benchmarks.md; PARTS="engine cluster" measures these sections alone.
.PHONY: bench
bench:
	@hack/fetch-tools
	@cargo xtask bench $(PARTS)

.PHONY: fmt
fmt:
	@cargo fmt --all

# The API documentation of the workspace, with broken links as errors.
.PHONY: docs
docs:
	@cargo xtask docs
