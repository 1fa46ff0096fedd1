package experiment

import (
	"errors"
	"testing"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/sheet"
	"autodropout/controller"
	"autodropout/dropout"
)

// spaceless is a subject of which nothing is known.
type spaceless struct{ Subject[Pattern] }

func (spaceless) Space() (dropout.Space, error) { return dropout.Space{}, errors.New("no space") }

// sample is a reporter of a run with some trainings and searches.
func sample(t *testing.T) *reporter[Pattern] {
	t.Helper()
	held, err := runfolder.Folder(t.TempDir()).Create("", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { held.Close() })
	rows := []Row{{Key: "none", Title: "none"}, {Key: "random", Title: "random-search pattern", Kind: sheet.Random}, {Key: "auto", Title: "AutoDropout", Kind: sheet.Learned}}
	return &reporter[Pattern]{setup: &setup[Pattern]{subject: spaceless{}, plan: Plan{Seeds: 2}, rows: rows, folder: held, record: &record{}},
		findings: func() []*finding[Pattern] { return nil }}
}

func TestFacts(t *testing.T) {
	s := sample(t)
	for i, u := range []runfolder.Unit{{Method: "none", Seed: 0}, {Method: "none", Seed: 1}, {Method: "random", Seed: 0, Diverged: true}, {Method: "none", Seed: 2}} {
		u.Seconds, u.Value = 5, float64(i)
		if err := s.folder.Append(u); err != nil {
			t.Fatal(err)
		}
	}
	s.record.search(s.rows[2], controller.Report{Trials: []controller.Trial{{Entropy: 1.5}, {Index: 1}}, Results: []*controller.Result{{Reward: 0.5, Seconds: 2}, nil}})
	s.record.trial(s.rows[2], &controller.Trial{Index: 3}, &controller.Result{Trial: 3, Error: "broken", Seconds: 3})
	s.record.trial(s.rows[2], &controller.Trial{Index: 1}, &controller.Result{Trial: 1, Reward: 0.75, Seconds: 5})
	f := s.facts()
	rows := f.Result.Rows
	if len(rows) != 2 || len(rows[0].Values) != 2 || rows[0].Seconds != 10 || rows[1].Mean != nil || rows[1].Seconds != 5 || f.Training != 5 {
		t.Errorf("the rows are %+v, a training takes %v s", rows, f.Training)
	}
	if len(f.Rows) != 3 || f.Rows[2].Kind != sheet.Learned || len(f.Searches) != 1 || f.Searches[0].Row != 2 || len(f.Searches[0].Curve()) != 3 {
		t.Errorf("the table is to have %+v, the searches are %+v", f.Rows, f.Searches)
	}
}

// TestSharedSearch: a search that two rows share belongs to the time of both, and counts once in all.
func TestSharedSearch(t *testing.T) {
	s := sample(t)
	s.rows = append(s.rows, Row{Key: "shuffled", Title: "shuffled", Kind: sheet.Shuffled, Shares: "auto"})
	s.findings = func() []*finding[Pattern] {
		return []*finding[Pattern]{{row: s.rows[2], seconds: 100, failed: "so that there is no pattern"}}
	}
	for _, method := range []string{"auto", "shuffled"} {
		if err := s.folder.Append(runfolder.Unit{Method: method, Seconds: 5}); err != nil {
			t.Fatal(err)
		}
	}
	r := s.facts().Result
	if len(r.Rows) != 2 || r.Rows[0].Seconds != 105 || r.Rows[1].Seconds != 105 || r.Seconds != 110 {
		t.Errorf("the rows are %+v, and all of it took %v s", r.Rows, r.Seconds)
	}
}

func TestLivePage(t *testing.T) {
	s := sample(t)
	before := s.status().Version
	if page := s.livePage(); page.State != "The run goes on." {
		t.Errorf("the page while the run goes on says %q", page.State)
	}
	s.record.end()
	if after := s.status().Version; after <= before {
		t.Errorf("the end is nothing new: version %d after %d", after, before)
	}
	if page := s.livePage(); page.State != "" {
		t.Errorf("the last page says %q", page.State)
	}
}
