package experiment

import (
	"strings"
	"testing"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/train"
)

func TestStepsCSV(t *testing.T) {
	steps := []train.Step{{Loss: 2.5, Size: 32, Rate: 0.1, Norm: 1.5, Seconds: 0.25}, {Step: 1, Epoch: 1, Loss: 2, Size: 8, Rate: 0.05, Norm: 1, Seconds: 0.5}}
	about := &About{Metric: "token error", Split: "test"}
	const head = "step,epoch,size,train_loss,rate,norm,test_token_error,test_loss,valid_token_error,seconds\n0,0,32,2.5,0.1,1.5,,,,0.25\n"
	for _, c := range []struct {
		u    runfolder.Unit
		last string
	}{
		{runfolder.Unit{Score: runfolder.Score{Value: 40, Loss: 1.5, Valid: 41}}, "1,1,8,2,0.05,1,40,1.5,41,0.5\n"},
		{runfolder.Unit{Score: runfolder.Score{Value: 40, Loss: 1.5}}, "1,1,8,2,0.05,1,40,1.5,,0.5\n"},
		{runfolder.Unit{Diverged: true}, "1,1,8,2,0.05,1,,,,0.5\n"},
	} {
		var b strings.Builder
		if err := stepsCSV(&b, about, steps, nil, c.u); err != nil || b.String() != head+c.last {
			t.Errorf("error %v, and\n%s, want\n%s", err, b.String(), head+c.last)
		}
	}
	about.Curves.Metric = "perplexity"
	epochs := []train.Validation{{Epoch: 0, Steps: 1, Train: 2.5, Loss: 2.25, Score: 9.5}}
	var b strings.Builder
	const want = "step,epoch,size,train_loss,rate,norm,epoch_train_loss,epoch_valid_loss,epoch_valid_perplexity,test_token_error,test_loss,valid_token_error,seconds\n" +
		"0,0,32,2.5,0.1,1.5,2.5,2.25,9.5,,,,0.25\n1,1,8,2,0.05,1,,,,40,1.5,41,0.5\n"
	if err := stepsCSV(&b, about, steps, epochs, runfolder.Unit{Score: runfolder.Score{Value: 40, Loss: 1.5, Valid: 41}}); err != nil || b.String() != want {
		t.Errorf("with an epoch: error %v, and\n%s, want\n%s", err, b.String(), want)
	}
}
