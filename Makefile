# Congvan's tasks. Each installs what it lacks by itself; all cargo calls share the release profile, one
# target directory and one set of features, so that RocksDB and libp2p are compiled once.

.DEFAULT_GOAL := help
.NOTPARALLEL:
SHELL := /bin/sh

export PATH := $(PATH):$(HOME)/.cargo/bin
# Seconds that `make fuzz` gives to each target.
TIME ?= 60
# Packets of real software, and the advisory database: beside the repository where CI has them.
REAL := ../shared/edxml
ADVISORIES := ../shared/advisory-db

# Programs and the demo in one build, for an example brings the tests' features along: what is tested, shown and packed
# is the same, and compiled once. (`cargo run -p`, or `--bins` alone, would choose others.)
PROGRAMS := cargo build --release --workspace --bins --example demo
DEMO := $(PROGRAMS) && $${CARGO_TARGET_DIR:-target}/release/examples/demo

say = @printf '\n== %s\n' '$(1)'

.PHONY: help
help: ## list these tasks
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 19

.PHONY: demo
demo: tools ## three agencies exchange a packet and an auditor verifies it; PACKET=FILE takes another packet
	@$(DEMO) $(if $(PACKET),--packet "$(PACKET)")

.PHONY: bindings
bindings: tools ## the libraries for Python, Kotlin and C, each in a folder of target/bindings
	cargo build --release --workspace --lib --example congvan-bindgen
	@built=$${CARGO_TARGET_DIR:-target}; \
	$$built/release/examples/congvan-bindgen $$built/release/libcongvan_uniffi.so $$built/bindings; \
	mkdir -p $$built/bindings/c; \
	cp $$built/release/libcongvan_c.so crates/congvan-c/include/congvan.h $$built/bindings/c; \
	strip --strip-debug $$built/bindings/*/*.so

.PHONY: test
test: lint docs unit deny audit demos package ## everything that CI runs
	$(call say,all passed)

.PHONY: deb
deb: tools ## the Debian package of node and command, in target/debian
	@.ci/install-tools deb
	$(PROGRAMS)
	@.ci/deb

.PHONY: test-long
test-long: tools browser verifier ## the tests with their long variants: a hundred kills, many seeds
	CONGVAN_LONG=1 cargo test --release --workspace --lib --bins --tests --examples -- --include-ignored

.PHONY: lint
lint: tools ## formatting and clippy, warnings denied
	$(call say,formatting)
	cargo fmt --all --check
	$(call say,clippy)
	cargo clippy --release --workspace --all-targets -- -D warnings

.PHONY: bench
bench: tools ## measure, beside the limits; BENCH=NAME takes one bench
	cargo bench --workspace --bench '$(or $(BENCH),*)'

# Tables and plot go into docs/performance.md, but nothing that this compiles goes into Congvan.
.PHONY: bench-peers
bench-peers: tools ## the same work through p2panda, iroh-docs and Hypercore; ENTRIES=100000 for ten times the log
	cargo run --release --locked --manifest-path benches/peers/Cargo.toml -- --entries $(or $(ENTRIES),10000) \
	--page docs/performance.md --plot docs/images/peers.svg

.PHONY: screenshots
screenshots: tools browser ## make the README's pictures of the web console anew, in docs/images
	CONGVAN_SCREENSHOTS=$(CURDIR)/docs/images \
	cargo test --release --workspace --test console -- --ignored --exact pictures::the_pictures_of_the_readme

.PHONY: fuzz
fuzz: ## fuzz every decoder and the state machine, each for TIME seconds
	@.ci/install-tools fuzz
	@.ci/fuzz $(TIME)

.PHONY: docs
docs: tools ## the crates' documentation, warnings denied
	$(call say,documentation)
	RUSTDOCFLAGS='-D warnings' cargo doc --release --workspace --no-deps

# The parts of `make test`.

.PHONY: tools
tools:
	@.ci/install-tools build

.PHONY: browser
browser:
	@.ci/install-tools browser

.PHONY: verifier
verifier:
	@.ci/install-tools verifier

.PHONY: unit
unit: tools browser verifier
	$(call say,tests)
	cargo test --release --workspace

.PHONY: deny
deny:
	@.ci/install-tools deny
	$(call say,dependencies: bans and licences and sources)
	cargo deny check --hide-inclusion-graph bans licenses sources

.PHONY: audit
audit:
	$(call say,dependencies: advisories)
	@if [ -d $(ADVISORIES) ]; then \
		.ci/install-tools audit && cargo audit --deny warnings --no-fetch --db $(ADVISORIES); \
	else \
		echo 'skipped: $(ADVISORIES) is not there (without it: cargo audit --deny warnings)'; \
	fi

.PHONY: demos
demos: tools
	$(call say,the demo with our own packet)
	@$(MAKE) --no-print-directory demo
	$(call say,the demo with packets of real software)
	@.ci/demo-real $(REAL)

.PHONY: package
package: deb
	$(call say,the Debian package: installed and upgraded and removed)
	@.ci/test-deb "$$(ls -t $${CARGO_TARGET_DIR:-target}/debian/congvan_*.deb | head -1)"
