package sheet

import (
	"math"
	"slices"
	"strings"
	"testing"

	"autodropout/train"
)

func epochs(losses ...float64) (all []train.Validation) {
	for i, loss := range losses {
		all = append(all, train.Validation{Epoch: i, Steps: 10 * (i + 1), Train: loss / 2, Loss: loss, Score: 100 * loss})
	}
	return all
}

// TestValidationCharts draws the means of the seeds that have come furthest and have not
// diverged.
func TestValidationCharts(t *testing.T) {
	f := sampleFacts()
	f.Scored = "30 images"
	if all, each := validationCharts(f); all != nil || each != nil || len(gaps(f).Rows) != 0 {
		t.Errorf("a run without validations has the charts %+v and %+v", all, each)
	}
	f.Rows[0].Epochs = [][]train.Validation{epochs(3, 1, 2), epochs(5, 2, 4), epochs(9), epochs(1, math.Inf(1), 1)}
	f.Rows[3].Epochs = [][]train.Validation{epochs(4, 3)}
	all, each := validationCharts(f)
	if all == nil || len(all.Lines) != 2 || len(each) != 2 || !strings.Contains(all.Caption, "on 30 images.") || !strings.Contains(all.Caption, "between the two seeds") {
		t.Fatalf("the charts are %+v and %+v", all, each)
	}
	if line := all.Lines[0]; line.Name != "none" || !slices.Equal(line.X, []float64{1, 2, 3}) || !slices.Equal(line.Y, []float64{4, 1.5, 3}) || line.Low != nil {
		t.Errorf("the validation losses of none are %+v", line)
	}
	training, validation := each[0].Lines[0], each[0].Lines[1]
	if !training.Thin || !slices.Equal(training.Y, []float64{2, 0.75, 1.5}) || validation.Thin || !slices.Equal(validation.Low, []float64{3, 1, 2}) || training.Style != validation.Style {
		t.Errorf("the chart of none has %+v and %+v", training, validation)
	}
	if faint := each[0].Faint; len(faint) != 1 || faint[0].Name != "AutoDropout" {
		t.Errorf("behind none are %+v", faint)
	}
	want := [][]string{{"none", "1.500", "3.000", "1.500", "1.500", "2"}, {"AutoDropout", "1.500", "3.000", "1.500", "3.000", "2"}}
	if got := gaps(f).Rows; len(got) != 2 || !slices.Equal(got[0], want[0]) || !slices.Equal(got[1], want[1]) {
		t.Errorf("the gaps are %v, want %v", got, want)
	}
	var b strings.Builder
	if err := Page(f, "").Write(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<h3>Validation loss</h3>", "After the last epoch", `class="line s0 thin"`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the page does not have %q, error %v", want, b.String())
		}
	}
}
