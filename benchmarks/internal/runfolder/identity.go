package runfolder

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"autodropout/benchmarks/internal/usage"
	"autodropout/internal/atomicfile"
)

// Identity is what a run computes with, beside its settings: names of files and
// programs can come to mean other things.
type Identity struct {
	Data  string `json:"data,omitempty"` // a checksum of all that was read; "" where there is none
	SIMD  string `json:"simd"`           // the instruction set, on which the last bits depend
	Build string `json:"build"`          // a checksum of the program; "" where it cannot be read
}

// identity is the file with the identities that the run has had, the first one first.
const identity = "identity.json"

// changes says in words how an identity differs from another one. The first ones
// change what a run computes, the rest may.
func (i Identity) changes(now Identity) (certain, possible []string) {
	if i.Data != now.Data {
		certain = append(certain, fmt.Sprintf("the data had the checksum %s and has %s", i.Data, now.Data))
	}
	if i.SIMD != now.SIMD {
		certain = append(certain, fmt.Sprintf("the instruction set was %s and is %s", i.SIMD, now.SIMD))
	}
	if i.Build != now.Build {
		possible = append(possible, "the program was built from something else")
	}
	return certain, possible
}

// Identify compares what the run computes with now to what it began with, and keeps
// it. It returns a sentence for every change that the run has gone through. What gives other
// results is a *[usage.Error], unless it is accepted.
func (h *Held) Identify(now Identity, accept bool) (sentences []string, err error) {
	var all []Identity
	text, err := os.ReadFile(h.Path(identity))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = nil
	case err == nil:
		if err = json.Unmarshal(text, &all); err != nil {
			err = fmt.Errorf("%s does not say what the run began with, it is damaged: %w", h.Path(identity), err)
		}
	}
	if err != nil {
		return nil, err
	}
	if len(all) > 0 {
		certain, _ := all[len(all)-1].changes(now)
		if len(certain) > 0 && !accept {
			return nil, usage.Errorf("the run in %s cannot be continued as it began: %s now; bring that back, or go on all the same with -accept-changes, which the results will say",
				h.Folder, strings.Join(certain, ", and "))
		}
	}
	if len(all) == 0 || all[len(all)-1] != now {
		all = append(all, now)
		if text, err = json.MarshalIndent(all, "", "  "); err == nil {
			err = atomicfile.WriteBytes(h.Path(identity), append(text, '\n'))
		}
	}
	for i := range all[1:] {
		certain, possible := all[i].changes(all[i+1])
		sentences = append(sentences, fmt.Sprintf("The run was continued although it had begun with something else: %s since then.", strings.Join(append(certain, possible...), ", and ")))
	}
	return sentences, err
}
