# What a contributor runs. CONTRIBUTING.md says when.

.PHONY: check test bench instructions fuzz properties golden golden-runs gen

# All that must hold before a change lands.
check:
	.ci/run

test:
	go test ./...

# Kernel micro-benchmarks, in the form that benchstat compares.
bench:
	go test -run '^$$' -bench . -count 6 ./simd ./ops

# What a training step of WRN-28-2 executes on arm64, with and without NEON, and
# on amd64 with AVX2, in an emulator. It takes an hour or two; the program's flags
# -simd and -model choose less.
instructions:
	go run ./benchmarks/speed/instructions

# Every fuzz target, one after another, for RUNS executions. Making every
# interesting input short would take most of the time.
RUNS = 1000000
fuzz:
	@for package in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz'); do \
	    echo "$$package $$target"; \
	    go test $$package -run '^$$' -fuzz "^$$target\$$" -fuzztime $(RUNS)x -fuzzminimizetime 50x -parallel 1 || exit 1; \
	  done; \
	done

# Random cases of every operation against their definitions in float64, many more
# than the tests try, on every set of instructions that the processor has.
properties:
	go test ./ops -run '^TestProperties' -timeout 4h -geometries 100000 -cases 20000

# PyTorch's values for the golden tests. Needs Python with the torch version
# that the scripts name; the written files are committed.
golden:
	for script in $$(git ls-files '*/golden.py'); do (cd $$(dirname $$script) && python3 golden.py) || exit 1; done

# What the benchmarks find at the size of a test, with both sets of instructions that the
# processor has. To be run where a change is meant to change numbers, and then committed.
golden-runs:
	for tier in avx2 avx512; do AUTODROPOUT_SIMD=$$tier go test $(addprefix ./,$(dir $(wildcard benchmarks/*/golden_test.go))) -run '^TestGoldenRun$$' -count 1 -update || exit 1; done

# Assembly, from the generators in simd/_asm.
gen:
	go generate ./simd
