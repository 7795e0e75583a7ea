# Jingwei: `make` lists what there is. Two targets matter to a newcomer: `make demo` and `make test`.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

export CGO_ENABLED := 0

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION)
BIN     := bin/jingwei

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

.PHONY: demo
demo: build ## build everything, start the demo, print the address and a one-time sign-in link
	$(BIN) demo

.PHONY: build
build: console $(BIN) ## the console and the one static binary, bin/jingwei

# The console is built again only when its sources or its lock file changed.
WEB_SOURCES := $(shell git ls-files -co --exclude-standard web 2>/dev/null | grep -v '^web/dist/' | grep -v '^web/e2e/')
.PHONY: console
console: web/dist/.built
web/node_modules/.installed: web/package-lock.json
	npm --prefix web ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
web/dist/.built: web/node_modules/.installed $(WEB_SOURCES)
	npm --prefix web run --silent build
	@touch $@

.PHONY: $(BIN)
$(BIN):
	go build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/jingwei

.PHONY: test
test: peers build ## every test: unit, real engines and peers, browser; prints how many
	go test -json -timeout 15m ./... | go run -C tools ./testsum
	npm --prefix web run --silent test
	JINGWEI_BIN=$(CURDIR)/$(BIN) JINGWEI_SCREENSHOTS=$(CURDIR)/web/e2e/.out/screenshots npm --prefix web run --silent e2e

.PHONY: screenshots
screenshots: build ## take the pictures in docs/screenshots anew (the browser test)
	JINGWEI_BIN=$(CURDIR)/$(BIN) npm --prefix web run --silent e2e

.PHONY: peers
peers: ## the independent programs that tests speak to (Debian packages, when root)
	@scripts/peers.sh

.PHONY: check
check: lint test ## lint, then make test: what CI runs

.PHONY: lint
lint: web/node_modules/.installed bin/staticcheck ## gofmt, vet, staticcheck, web lint and types, generated files
	@test -z "$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go'))" || { gofmt -l $$(git ls-files -co --exclude-standard '*.go'); echo 'gofmt: the files above are not formatted; run gofmt -w'; exit 1; }
	go vet ./...
	go -C bench/peers vet ./...
	go -C tools/release vet ./...
	bin/staticcheck ./...
	npm --prefix web run --silent lint
	npm --prefix web run --silent typecheck
	$(MAKE) --no-print-directory generate
	@git diff --exit-code --stat -- api web/src/api/schema.d.ts internal/identify/gs1/tables.go || { echo 'generated files were out of date; commit what make generate wrote'; exit 1; }

bin/staticcheck: tools/go.mod tools/go.sum
	go -C tools build -o ../bin/staticcheck honnef.co/go/tools/cmd/staticcheck

.PHONY: generate
generate: web/node_modules/.installed ## GS1's tables from its dictionary, api/openapi.json from the Go types, and the console's types from it
	go run -C tools ./gs1tables ../internal/identify/gs1
	go run ./cmd/jingwei admin openapi > api/openapi.json.new && mv api/openapi.json.new api/openapi.json
	npm --prefix web run --silent types

# Telegraf with the plugins that the bench uses, chosen by tags as its authors' custom builder chooses them.
TELEGRAF_TAGS := custom,inputs.mqtt_consumer,outputs.influxdb,parsers.influx,serializers.influx
.PHONY: bench-peers
bench-peers: ## build the peers that benchmarks run beside us (pinned in bench/peers; with a C compiler as their authors ship them)
	CGO_ENABLED=$$(command -v cc >/dev/null && echo 1 || echo 0) go -C bench/peers build -trimpath -o bin/ ./cmd/...
	CGO_ENABLED=$$(command -v cc >/dev/null && echo 1 || echo 0) go -C bench/peers build -trimpath -ldflags '-X github.com/VictoriaMetrics/VictoriaMetrics/lib/buildinfo.Version=victoria-metrics-v1.130.0' -o bin/ github.com/VictoriaMetrics/VictoriaMetrics/app/victoria-metrics
	go -C bench/peers/telegraf build -trimpath -tags $(TELEGRAF_TAGS) -ldflags '-s -w -X github.com/influxdata/telegraf/internal.Version=1.37.2' -o ../bin/ github.com/influxdata/telegraf/cmd/telegraf

.PHONY: release
release: console ## everything that is given away, in dist/: five platforms, Debian packages, SBOM, checksums (VERSION=v1.2.3)
	scripts/release.sh

.PHONY: conformance
conformance: ## clients of others that judge us, where this machine has them (Python with pyarrow: JINGWEI_PYTHON)
	go test -tags conformance -run Reference -v ./internal/telemetry/reading
	JINGWEI_AAS_PYTHON=$$(scripts/aastest.sh) go test -count=1 -tags conformance -run Reference -v ./internal/identify/twin/...
	JINGWEI_CNRI=$$(scripts/cnri.sh) JINGWEI_PYHANDLE=$$(scripts/pyhandle.sh) go test -count=1 -tags conformance -run Conformance -v ./internal/identify/handle/server ./internal/identify/handle/rest ./internal/identify/handle/resolver

.PHONY: soak
soak: build ## long fuzzing and crash runs; SEED=n repeats one, FUZZTIME=1m sets the time per target
	scripts/soak.sh

.PHONY: clean
clean: ## remove what was built (not the demo's data)
	rm -rf bin bench/peers/bin web/dist/assets web/dist/.built web/node_modules
