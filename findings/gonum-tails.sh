#!/usr/bin/env bash
# gonum 0.17.0, package stat/distuv.
#
# Student's t with many degrees of freedom is nearly normal. Its quantile of 1e-12 is
# -7.04 with 100,000 of them; gonum returns -81.65, where its own CDF is 0, and for
# 1e-20 -30,011,996,359. StudentsT.CDF and UnitNormal.Quantile are right there.
# UnitNormal.Survival(9) is 0 instead of 1.1e-19, CDF(-9) is right.
#
# What follows: benchmarks/internal/statistics computes p-values as CDF of the negative
# value, and asks for the quantiles of 0.8 and 0.975 only, which are right. Tests that
# divide their level by a large number of comparisons should compare p-values.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cat > main.go <<'GO'
package main

import (
	"fmt"

	"gonum.org/v1/gonum/stat/distuv"
)

func main() {
	t := distuv.StudentsT{Sigma: 1, Nu: 100_000}
	for _, p := range []float64{0.025, 1e-6, 1e-12, 1e-20} {
		x := t.Quantile(p)
		fmt.Printf("p %g: quantile of t %.2f, of the normal %.2f; CDF there %.3g\n", p, x, distuv.UnitNormal.Quantile(p), t.CDF(x))
	}
	fmt.Printf("CDF(-7.04) %.3g\n", t.CDF(-7.04))
	fmt.Printf("normal: Survival(9) %.3g, CDF(-9) %.3g\n", distuv.UnitNormal.Survival(9), distuv.UnitNormal.CDF(-9))
}
GO
go_packages gonum.org/v1/gonum@v0.17.0
go run . | same 'p 0.025: quantile of t -1.96, of the normal -1.96; CDF there 0.025
p 1e-06: quantile of t -4.75, of the normal -4.75; CDF there 1e-06
p 1e-12: quantile of t -81.65, of the normal -7.03; CDF there 0
p 1e-20: quantile of t -30011996359.36, of the normal -9.26; CDF there 0
CDF(-7.04) 9.67e-13
normal: Survival(9) 0, CDF(-9) 1.13e-19'
