package statistics

import (
	"math"
	"testing"
)

// TestExplained is held to an analysis of variance by hand, and to what cannot be chance.
func TestExplained(t *testing.T) {
	// Means 2 and 5 around 3.5: 13.5 of 17.5 between; adjusted 1 - 4/17.5 * 5/4.
	share, p := Explained([]int{0, 0, 0, 1, 1, 1}, []float64{1, 2, 3, 4, 5, 6})
	if math.Abs(share-(1-4/17.5*5/4)) > 1e-12 || math.Abs(p-0.1) > 0.04 { // 2 of 20 divisions are as good
		t.Errorf("of six values: %v, p %v", share, p)
	}
	var classes []int
	var values, noise []float64
	for i := range 30 {
		classes = append(classes, i%3)
		values = append(values, float64(i%3)+0.01*float64(i%7))
		noise = append(noise, float64((i*i*7+i*5)%31))
	}
	if share, p := Explained(classes, values); share < 0.98 || p != 1./(shuffles+1) {
		t.Errorf("what classes decide: %v, p %v", share, p)
	}
	if share, p := Explained(classes, noise); share > 0.2 || p < 0.05 {
		t.Errorf("what classes do not decide: %v, p %v", share, p)
	}
	for name, c := range map[string]struct {
		classes []int
		values  []float64
	}{"one class": {[]int{0, 0, 0}, []float64{1, 2, 3}}, "no more values": {[]int{0, 1}, []float64{1, 2}}, "one value": {[]int{0, 1, 0, 1}, []float64{2, 2, 2, 2}}, "nothing": {}} {
		if share, p := Explained(c.classes, c.values); share != 0 || p != 1 {
			t.Errorf("%s: %v, p %v", name, share, p)
		}
	}
}
