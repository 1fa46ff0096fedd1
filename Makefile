# What a contributor runs. CONTRIBUTING.md says when.

.PHONY: check test bench golden gen

# Everything CI runs.
check:
	.ci/run

test:
	go test ./...

# Kernel micro-benchmarks, in the form that benchstat compares.
bench:
	go test -run '^$$' -bench . -count 6 ./simd ./ops

# PyTorch's values for the golden tests. Needs Python with the torch version
# that the scripts name; the written files are committed.
golden:
	for script in $$(git ls-files '*/golden.py'); do (cd $$(dirname $$script) && python3 golden.py) || exit 1; done

# Assembly, from the generators in simd/_asm.
gen:
	go generate ./simd
