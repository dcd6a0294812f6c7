# Tiệm's commands. `make help` lists them; each works in a fresh clone on a fresh machine.
# Longer recipes are scripts/*.sh, so that they can be read, linted and run alone.

GO  ?= go
BIN := bin

# A version for the programs (debug.ReadBuildInfo), where git can tell one: not in a tarball,
# nor in a checkout of another user, where git refuses and `go build` would fail with it.
VCS := $(shell git rev-parse --quiet --verify HEAD >/dev/null 2>&1 && echo auto || echo false)

# Packages whose tests Test…Golden compare a golden, or write it with -update.
with_tests = $(patsubst %/,./%,$(sort $(dir $(shell grep -rlE --include='*_test.go' '^func $(1)' internal test 2>/dev/null))))
GOLDEN  = $(call with_tests,Test[A-Za-z0-9_]*Golden)
QUERIES = $(wildcard internal/*/*db/queries/*.sql)

export GO
.DEFAULT_GOAL := help
.PHONY: help run build test faults fuzz bench lint verify generate deps clean

##@ Use

help: ## list these targets
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z][a-z-]*:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# exec: Ctrl-C reaches the demo itself, which stops everything and exits 0, so make has nothing to complain about.
run: build ## bring up the demo: HQ, one shop, their PostgreSQL; Ctrl-C stops it
	@exec $(BIN)/pos-sim demo

build: ## build the programs into bin/
	@scripts/need.sh go postgres
	$(if $(wildcard cmd/*/*.go),CGO_ENABLED=0 $(GO) build -buildvcs=$(VCS) -o $(BIN)/ ./cmd/...,@echo "no program yet: cmd/ is empty")

##@ Change

test: deps ## run every test, with the race detector
	$(GO) test -race -timeout 8m ./...

faults: deps ## run every fault case with real processes and on the wire, the long ones, too (some minutes)
	TIEM_FAULTS=all $(GO) test -count=1 -timeout 30m -v ./test/faults ./test/told ./test/transport

fuzz: deps ## run every fuzz target for SECONDS seconds (make fuzz SECONDS=60)
	scripts/fuzz.sh $(or $(SECONDS),10)

bench: deps ## measure against physical limits and write docs/benchmarks.* (BENCH="-only finalize" prints a part)
	$(GO) run ./test/bench $(or $(BENCH),-docs docs)

lint: ## read the code with golangci-lint (.golangci.yml says why each linter is on)
	@scripts/need.sh go
	"$$(scripts/tool.sh golangci-lint)" run ./...
	"$$(scripts/tool.sh golangci-lint)" run --build-tags failpoint ./internal/failpoint/...

verify: ## check that generated code, goldens, modules and formatting are what they should be
	@scripts/need.sh go $(if $(GOLDEN),postgres)
	@scripts/verify.sh $(GOLDEN)

generate: ## write generated code (sqlc, buf) and goldens (OpenAPI, wire frames)
	@scripts/need.sh go $(if $(GOLDEN),postgres)
	$(if $(QUERIES),@scripts/generate.sh)
	$(if $(GOLDEN),$(GO) test -count=1 -run Golden $(GOLDEN) -update)

deps: ## install what the machine lacks (PostgreSQL, a C compiler), or say what to type
	@scripts/need.sh go cc postgres http

clean: ## remove bin/; data/ is never touched
	rm -rf $(BIN)
