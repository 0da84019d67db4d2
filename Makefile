# Works with GNU make 3.81 (macOS) and newer. Needed: Go, a C compiler, and Python 3 with pip or Node with npm.

GO        ?= go
PYTHON    ?= python3
BIN       := bin/finetune
# Flags for the test commands: make test TESTFLAGS='-run Split -v'
TESTFLAGS ?=
# How long each fuzz target runs, or how often: 30s, 10000x.
FUZZTIME  ?= 5s
# Packages for make race; empty means those that start goroutines, in their code or in their tests.
RACE      ?=
# Python with scripts/bench/requirements.txt for make bench; empty means one in bin/, made when it is missing.
PEER      ?=
# Where make install puts the program, its manual and the completions; DESTDIR is put before it, for packages.
PREFIX    ?= /usr/local
# For make release: the version (empty: the commit's tag), platforms (empty: all that can be built here), and the command of Zig
# as C compiler (empty: the system's compilers).
VERSION   ?=
TARGETS   ?=
ZIG       ?=
# A Python with numpy, onnxruntime and pillow for make docs-check; empty means one in bin/, made when it is missing.
DOC_PYTHON ?=
# Flags for make bench: BENCHFLAGS='-only training -rounds 5'
BENCHFLAGS ?=

# Flags for make torture: TORTUREFLAGS='-seed 7 -time 2h -only kill,fail'
TORTUREFLAGS ?= -seed 1 -time 30m

.DEFAULT_GOAL := help
.PHONY: help build setup demo page-check test race vet fmt staticcheck fuzz torture torture-short vulncheck licences sbom bench \
	microbench cover golden clean man completions install uninstall release release-check docs-check peers-check \
	test-spark test-parts test-arm64

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/finetune
	$(GO) build -trimpath -ldflags "-s -w" -o $(BIN) ./cmd/finetune

setup: build ## build, then install the native ONNX Runtime into the user's cache
	$(BIN) setup

demo: setup ## set up and run the main job on the embedded network and the demo photos
	$(BIN) --data testdata/demo/demo.csv --out demo-run --overwrite

page-check: demo ## look at all pages of the demo in a headless Chromium, which must be installed, and correct labels by keys alone
	$(BIN) check --data testdata/demo/demo.csv --out bin/demo-check --fail-on never -q
	$(BIN) predict --model demo-run --data testdata/demo/images --out bin/demo-labels.csv --report bin/demo-labels.html -q
	$(BIN) eval --model demo-run --data testdata/demo/demo.csv --report bin/demo-eval.html -q
	$(GO) run ./scripts/pagecheck -out bin/page-shots -finetune $(BIN) -run demo-run demo-run/report.html bin/demo-check/check.html bin/demo-labels.html bin/demo-eval.html

test: setup ## set up and run all tests
	$(GO) test $(TESTFLAGS) ./...

# Packages with kernels of arm64, and those that compute with them; none needs a C compiler. One test is left out, because
# QEMU 7.2 doesn't pass on the address of a fault in a mapped file.
ARM64 ?= ./internal/linalg/... ./internal/image/pixel/... ./internal/image/jpeg ./internal/image/resample ./head ./loss

test-arm64: ## run the tests of what has arm64 kernels under QEMU (Debian's qemu-user), where this isn't such a processor
	@if [ "$$($(GO) env GOHOSTARCH)" = arm64 ]; then $(GO) test $(TESTFLAGS) $(ARM64); exit; fi; \
	qemu=$$(command -v qemu-aarch64 || command -v qemu-aarch64-static) || \
		{ echo "test-arm64: SKIPPED, since QEMU isn't installed (package qemu-user)"; exit 0; }; \
	CGO_ENABLED=0 GOOS=linux GOARCH=arm64 $(GO) vet $(ARM64) && \
	CGO_ENABLED=0 GOOS=linux GOARCH=arm64 $(GO) test -exec "$$qemu" -skip '^TestFaultReachesCaller$$' $(TESTFLAGS) $(ARM64)

race: setup ## test what starts goroutines under the race detector (RACE=./... for all)
	@packages="$(RACE)"; \
	[ -n "$$packages" ] || packages=$$(grep -rlE --include='*.go' '^[[:space:]]*go [A-Za-z]+[.(]|\.Go\(|dense\.NewPool\(' . | xargs -n 1 dirname | sort -u | \
		while read -r folder; do [ -e "$$folder/go.mod" ] || echo "$$folder"; done); \
	echo $(GO) test -race -timeout 30m $(TESTFLAGS) $$packages; \
	$(GO) test -race -timeout 30m $(TESTFLAGS) $$packages

vet: ## check for suspicious code
	$(GO) vet ./...

fmt: ## list files that gofmt would change, and fail if there are any
	@files=$$(gofmt -l .) && if [ -n "$$files" ]; then echo "gofmt would change:"; echo "$$files"; exit 1; fi

staticcheck: ## check with staticcheck, at the version in go.mod
	$(GO) tool staticcheck ./...

fuzz: setup ## fuzz every decoder for a moment each (FUZZTIME=1m for longer)
	@listed=$$($(GO) test -list '^Fuzz' ./...) || { echo "$$listed"; exit 1; }; \
	targets=$$(echo "$$listed" | awk '/^Fuzz/ { name[++n] = $$1 } $$1 == "ok" { for (i = 1; i <= n; i++) print $$2 "," name[i]; n = 0 }'); \
	[ -n "$$targets" ] || { echo "no fuzz target found"; exit 1; }; \
	for t in $$targets; do \
		echo "fuzz $$t"; \
		$(GO) test -run '^$$' -fuzz "^$${t#*,}$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x "$${t%,*}" || exit 1; \
	done

torture: setup ## kill jobs, make system calls fail, run jobs at once and feed them hostile files, for half an hour
	$(GO) run ./scripts/torture $(TORTUREFLAGS)

torture-short: setup ## a part of torture, in two minutes
	$(GO) run ./scripts/torture -seed 1 -time 60s

vulncheck: ## look for known vulnerabilities in what the program calls; needs the Go vulnerability database
	@out=$$($(GO) run golang.org/x/vuln/cmd/govulncheck@v1.9.0 ./... 2>&1); status=$$?; echo "$$out"; \
	case "$$out" in *"fetching vulnerabilities"*|*"no such host"*|*"dial tcp"*) \
		echo "vulncheck: the vulnerability database can't be reached, so nothing was checked"; exit 1;; esac; exit $$status

licences: ## list the licences of all that is linked in, and fail for one that isn't permissive
	$(GO) run ./scripts/inventory -licences

sbom: ## write bin/sbom.json: all modules that are linked in, with version, checksum and licence, as CycloneDX
	@mkdir -p bin
	$(GO) run ./scripts/inventory -sbom bin/sbom.json

bench: setup ## measure beside PyTorch, Pillow and Python's ONNX Runtime (PEER=python uses one that has them)
	@peer="$(PEER)"; \
	[ -n "$$peer" ] || { $(PYTHON) -m venv bin/bench-python && bin/bench-python/bin/python -m pip install -q -r scripts/bench/requirements.txt \
		&& peer=bin/bench-python/bin/python; } || exit 1; \
	$(GO) run ./scripts/bench -peer "$$peer" -out docs/benchmarks.md $(BENCHFLAGS)

microbench: setup ## run Go's own benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./...

cover: setup ## write and sum up test coverage
	$(GO) test -coverprofile=cover.out ./...
	$(GO) tool cover -func=cover.out | tail -n 1

golden: ## make the tests' expected values anew (what Python needs: docs/install.md)
	@for script in $$(find . -path './*/testdata/make_*.py'); do \
		echo "$$script"; \
		(cd "$$(dirname "$$script")" && $(PYTHON) "$$(basename "$$script")") || exit 1; \
	done

clean: ## remove what was built here; the installed library and cached features stay
	rm -rf bin demo-run cover.out dist

# The manual's date is that of the commit, where there is a repository.
man: build ## write the manual pages into bin/share
	rm -rf bin/share/man
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct 2>/dev/null) $(BIN) man bin/share/man/man1

completions: build ## write the completions of shells into bin/share
	@mkdir -p bin/share/bash-completion/completions bin/share/zsh/site-functions bin/share/fish/vendor_completions.d
	$(BIN) completion bash > bin/share/bash-completion/completions/finetune
	$(BIN) completion zsh > bin/share/zsh/site-functions/_finetune
	$(BIN) completion fish > bin/share/fish/vendor_completions.d/finetune.fish

install: ## install the program, its manual and the completions under PREFIX; builds them where that wasn't done
	@[ -f bin/share/man/man1/finetune.1 ] && [ -d bin/share/zsh ] || $(MAKE) man completions
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(BIN) $(DESTDIR)$(PREFIX)/bin/finetune
	@cd bin/share && for file in $$(find . -type f); do \
		install -d "$(DESTDIR)$(PREFIX)/share/$$(dirname "$$file")" && install -m 644 "$$file" "$(DESTDIR)$(PREFIX)/share/$$file" || exit 1; \
	done

uninstall: ## remove what make install put under PREFIX
	rm -f $(DESTDIR)$(PREFIX)/bin/finetune $(DESTDIR)$(PREFIX)/share/man/man1/finetune.1 $(DESTDIR)$(PREFIX)/share/man/man1/finetune-*.1 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/finetune $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_finetune \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/finetune.fish

release: ## build the archives of a release from the last commit into dist (VERSION=1.2.0)
	$(GO) run ./scripts/release -out dist -version "$(VERSION)" -targets "$(TARGETS)" -zig "$(ZIG)"

release-check: build ## compare the version in changelog, manual and program, then two builds of the last commit for this machine
	$(GO) run ./scripts/release -check -binary $(BIN)
	$(GO) run ./scripts/release -out bin/release-check -targets "$$($(GO) env GOOS)/$$($(GO) env GOARCH)" -twice

test-spark: setup ## label images on a Spark cluster that is started for it, and kill a worker (IMAGES=5000; needs Java 17)
	@command -v java >/dev/null || [ -n "$$JAVA_HOME" ] || { echo "test-spark: SKIPPED, since there is no Java on this machine"; exit 0; }; \
	$(PYTHON) -m venv bin/spark-python && bin/spark-python/bin/python -m pip install -q -r deploy/spark/tests/requirements.txt \
		&& for t in filter transform cluster; do bin/spark-python/bin/python deploy/spark/tests/test_$$t.py || exit 1; done

test-parts: setup ## label in parts with GNU parallel and Slurm where they are installed; compare the Kubernetes manifest with its schema
	@$(PYTHON) -m venv bin/parts-python && bin/parts-python/bin/python -m pip install -q kubernetes-validate==1.34.1 \
		&& KUBERNETES_VALIDATE=bin/parts-python/bin/kubernetes-validate deploy/check.sh

docs-check: setup ## run the commands of the documentation, those in Python too
	@python="$(DOC_PYTHON)"; \
	[ -n "$$python" ] || { $(PYTHON) -m venv bin/docs-python && bin/docs-python/bin/python -m pip install -q -r scripts/docs/requirements.txt \
		&& python="$$PWD/bin/docs-python/bin/python"; } || exit 1; \
	DOC_PYTHON="$$python" $(GO) test -count=1 -run TestDocs ./cmd/finetune

peers-check: setup ## check exported models with Python's ONNX Runtime, and tables with pandas, pyarrow and DuckDB
	$(PYTHON) -m venv bin/peers-python && bin/peers-python/bin/python -m pip install -q -r scripts/peers/requirements.txt
	rm -rf bin/exported && mkdir -p bin/exported
	FINETUNE_EXPORT_DIR="$$PWD/bin/exported" $(GO) test -count=1 -run 'TestFamilies|TestWeights' ./pipeline/export
	bin/peers-python/bin/python pipeline/export/testdata/check_export.py bin/exported
	bin/peers-python/bin/python scripts/check_tables.py --rows 70000
