# Needs Node.js 20.19 or later with npm, and nothing else; everything it fetches lies in
# node_modules/ and .cache/, everything it makes in dist/.

.DEFAULT_GOAL := help
.PHONY: help build programs lint typecheck check test test-fast test-real test-field test-hostile test-faults test-cluster test-all mutants demo bench bench-quick bench-growth clean

INSTALLED := node_modules/.installed
BUILT := dist/.built
SOURCES := $(shell find src -type f) tsconfig.json tsconfig.build.json

help: ## Show this list
	@echo "make build      compile to dist/"
	@echo "make lint       check the style and the rules of imports"
	@echo "make typecheck  check the types of sources and tests"
	@echo "make test       lint, types and all tests, on this machine's Node and on the newest LTS"
	@echo "make test-fast  the tests that start no process, make no archive and need no build: seconds"
	@echo "make test-real  environments of every package manager, moved out of sight and tried again: a line each"
	@echo "make test-field  cases from the field, by their number: a line each"
	@echo "make test-hostile  hostile archives: a line each, with the number of its row in docs/SECURITY.md"
	@echo "make test-faults   full disks, kills, changing sources, many at once: a line each, likewise"
	@echo "make test-cluster  on the real engines: Hadoop YARN, Spark, Slurm, squashfs, images, an emulated arm64. Fetches them from Maven Central,"
	@echo "                PyPI and Debian (as root); those that cannot be had are skipped. One only: CLUSTER=test/cluster/yarn"
	@echo "make mutants    break the sources in one place after the other, in a copy: which breaks do the tests not notice?"
	@echo "                A few only: MUTANTS='secret tilde'"
	@echo "make test-all   make test with the environments that take minutes to build, each with a whole runtime"
	@echo "make demo       pack a real project, restore it elsewhere, run it without Node on the PATH"
	@echo "make bench      compare with tar, zstd, pigz, node-tar, conda-pack and caxa: an hour or more, for an idle"
	@echo "                machine; BENCH='--rounds 1 --only pack-zst' and other options: bench/run.mjs"
	@echo "make bench-quick  four ratios to tar, zstd and pigz, with all output in memory: two minutes"
	@echo "make bench-growth  the same, of 10 thousand, 100 thousand and a million made-up files"
	@echo "make clean      remove dist/ and .cache/"

# No package needs its install script here, and none is run.
$(INSTALLED): package.json package-lock.json
	@echo "== installing the dependencies of package-lock.json (npm ci)"
	npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

$(BUILT): $(INSTALLED) $(SOURCES)
	@echo "== building dist/"
	@rm -rf dist
	npm run --silent build
	@touch $@

build: $(BUILT)

lint: $(INSTALLED)
	@echo "== lint"
	npm run --silent lint

typecheck: $(INSTALLED)
	@echo "== type check"
	npm run --silent typecheck

# Side by side: each of the checks uses one processor.
check:
	@$(MAKE) --no-print-directory -j3 lint typecheck build

test: check
	@node test/every-node.mjs

test-fast: $(INSTALLED)
	@npx --no-install vitest run --config test/fast.config.ts --reporter=dot

test-real: $(BUILT)
	@node test/real/environments/report.mjs

test-field: $(BUILT)
	@npx --no-install vitest run test/field --reporter=verbose

test-hostile: $(BUILT)
	@npx --no-install vitest run test/hostile --reporter=dot --reporter=./test/row-reporter.ts

# Where the faults of the table are tried: each test whose name begins with a number.
FAULTS := test/faults test/restore test/relocate test/engine test/plan test/real/interrupt.test.ts test/real/bad-input.test.ts \
  test/real/round-trip.test.ts test/real/determinism.test.ts

test-faults: $(BUILT)
	@npx --no-install vitest run $(FAULTS) -t '(^| )[0-9]{1,2}: ' --reporter=dot --reporter=./test/row-reporter.ts

# What the engines' tests want of Debian: the program that tells whether it is here, and its package.
ENGINES := bwrap:bubblewrap javac:default-jdk-headless mvn:maven slurmctld:slurm-wlm mksquashfs:squashfs-tools squashfuse:squashfuse fusermount:fuse3 skopeo:skopeo podman:podman umoci:umoci runc:runc ctr:containerd docker-registry:docker-registry htpasswd:apache2-utils openssl:openssl chromium:chromium

programs:
	@test/cluster/debian.sh $(ENGINES)

test-cluster: $(BUILT) programs
	@npx --no-install vitest run --config test/cluster/vitest.config.ts $(CLUSTER)

test-all: check
	@ENVPACK_TEST_ALL=1 node test/every-node.mjs

mutants: $(BUILT)
	@node test/mutants/run.mjs $(MUTANTS)

demo: $(BUILT)
	@node fixtures/demo.mjs

bench: $(BUILT)
	@node bench/run.mjs $(BENCH)

bench-quick: $(BUILT)
	@node bench/run.mjs --quick $(BENCH)

bench-growth: $(BUILT)
	@node bench/run.mjs --only none --growth 10000,100000,1000000 $(BENCH)

clean:
	rm -rf dist .cache
