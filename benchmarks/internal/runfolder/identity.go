package runfolder

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"autodropout/benchmarks/internal/usage"
	"autodropout/internal/atomicfile"
	"autodropout/internal/disk"
	"autodropout/internal/sealed"
)

// Identity is what a run computes with: names of files and programs can come to
// mean other things.
type Identity struct {
	Settings string `json:"settings,omitempty"` // as a configuration file
	Pattern  string `json:"pattern,omitempty"`  // a checksum of what was given; "" where nothing was
	Data     string `json:"data,omitempty"`     // a checksum of all that was read; "" where there is none
	SIMD     string `json:"simd,omitempty"`     // the instruction set, on which the last bits depend
	Build    string `json:"build,omitempty"`    // what tells the program from others

	// Unknown is the sum of an identity of which nothing else is known, where Settings
	// is "": work with it was found in the folder.
	Unknown string `json:"unknown,omitempty"`
}

// identity is the file with the identities that the run has had, the first one first.
const identity = "identity.json"

// Sum returns the identity in a word, which all work of the run carries: final
// trainings, trials and checkpoints. It is "" for work of before 2026-11-29.
func (i Identity) Sum() string {
	if i.Settings == "" {
		return i.Unknown
	}
	text, err := json.Marshal(i)
	if err != nil {
		panic(err) // a struct of strings has a JSON form
	}
	return fmt.Sprintf("%x", sha256.Sum256(text))[:12]
}

// changes says in words how an identity differs from another one.
func (i Identity) changes(now Identity) (list []string) {
	switch {
	case i.Settings == "" && i.Unknown == "":
		return []string{"a part of its work does not say what it was computed with"}
	case i.Settings == "":
		return []string{fmt.Sprintf("a part of its work has the identity %s, and is of another run", i.Unknown)}
	}
	list = settingsChanges(i.Settings, now.Settings)
	for _, part := range []struct{ what, was, is string }{
		{"the given pattern had the checksum %s and has %s", i.Pattern, now.Pattern},
		{"the data had the checksum %s and has %s", i.Data, now.Data},
		{"the instruction set was %s and is %s", i.SIMD, now.SIMD},
		{"the program was built from %s and is built from %s", i.Build, now.Build},
	} {
		if part.was != part.is {
			list = append(list, fmt.Sprintf(part.what, cmp.Or(part.was, "none"), cmp.Or(part.is, "none")))
		}
	}
	return list
}

// settingsChanges says which settings differ.
func settingsChanges(was, is string) (list []string) {
	keys := func(text string) map[string]string {
		values := map[string]string{}
		for line := range strings.Lines(text) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), " = ")
			values[key] = value
		}
		return values
	}
	before, after := keys(was), keys(is)
	for _, key := range slices.Sorted(maps.Keys(after)) {
		if value, ok := before[key]; !ok {
			list = append(list, fmt.Sprintf("the setting %s = %s is new", key, after[key]))
		} else if value != after[key] {
			list = append(list, fmt.Sprintf("the setting %s was %s and is %s", key, value, after[key]))
		}
		delete(before, key)
	}
	for _, key := range slices.Sorted(maps.Keys(before)) {
		list = append(list, fmt.Sprintf("the setting %s is gone", key))
	}
	return list
}

// Identities returns those that the run has had, the first one first; none: it does
// not say.
func (f Folder) Identities() (all []Identity, err error) {
	text, err := os.ReadFile(f.Path(identity))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		if err = json.Unmarshal(text, &all); err != nil {
			err = &damagedIdentity{fmt.Errorf("%s does not say what the run began with, it is damaged: %w", f.Path(identity), err)}
		}
	}
	return all, err
}

type damagedIdentity struct{ error }

// CheckData returns a *[usage.Error] where the data of the run in the folder, as far
// as that is known, was other data than one with the given checksum.
func (f Folder) CheckData(checksum string) error {
	all, err := f.Identities()
	if err != nil || len(all) == 0 {
		return err
	}
	if last := all[len(all)-1]; last.Data != checksum {
		return usage.Errorf("the run in %s was trained on other data: it had the checksum %s, and this data has %s; name that data with -data, or use this all the same with -accept-changes",
			f, cmp.Or(last.Data, "none"), cmp.Or(checksum, "none"))
	}
	return nil
}

// Identify compares what the run computes with now to what it began with, and to
// what all work in the folder says it was computed with. What differs is a
// *[usage.Error], unless it is accepted. From then on the run has the identity: what
// [Held.Append] adds carries it. It returns the sums of the earlier ones, whose work
// belongs to the run as well, and a sentence for each change that the run has gone through.
func (h *Held) Identify(now Identity, accept bool) (earlier, sentences []string, err error) {
	all, err := h.Identities()
	if damaged := (*damagedIdentity)(nil); errors.As(err, &damaged) {
		// What work says of itself will do.
		aside := disk.Aside(disk.OS{}, h.Path(identity))
		if err = os.Rename(h.Path(identity), aside); err == nil {
			h.damage = append(h.damage, fmt.Sprintf("%v; it is set aside as %s", damaged, filepath.Base(aside)))
		}
	}
	if err != nil {
		return nil, nil, err
	}
	known := append(slices.Clone(all), now)
	foreign, err := h.foreign(known)
	if err != nil {
		return nil, nil, err
	}
	var changes []string
	if len(all) > 0 {
		changes = all[len(all)-1].changes(now)
	}
	for _, i := range foreign {
		changes = append(changes, i.changes(now)...)
	}
	if len(changes) > 0 && !accept {
		return nil, nil, usage.Errorf("the run in %s cannot be continued as it began: %s; restore that, or continue all the same with -accept-changes, which the results will mention",
			h.Folder, strings.Join(changes, ", and "))
	}
	if len(changes) > 0 || len(all) == 0 {
		if len(all) == 0 || all[len(all)-1] != now {
			all = append(all, now)
		}
		all = slices.Concat(foreign, all)
		text, err := json.MarshalIndent(all, "", "  ")
		if err == nil {
			err = atomicfile.WriteBytes(h.Path(identity), append(text, '\n'))
		}
		if err != nil {
			return nil, nil, err
		}
	}
	h.sum = now.Sum()
	for i, before := range all[:len(all)-1] {
		earlier = append(earlier, before.Sum())
		sentences = append(sentences, fmt.Sprintf("The run was continued although something had changed: %s.", strings.Join(before.changes(all[i+1]), ", and ")))
	}
	return earlier, sentences, nil
}

// foreign returns the identities of work in the folder that are not known.
func (h *Held) foreign(known []Identity) (list []Identity, err error) {
	sums := map[string]bool{}
	for _, i := range known {
		sums[i.Sum()] = true
	}
	take := func(sum string) {
		if !sums[sum] {
			sums[sum] = true
			list = append(list, Identity{Unknown: sum})
		}
	}
	for _, u := range h.Finished() {
		take(u.Identity)
	}
	folders, err := os.ReadDir(string(h.Folder))
	if err != nil {
		return nil, err
	}
	for _, folder := range folders {
		for _, name := range []string{Trials, Finalists} {
			// What cannot be read is for the search to say.
			text, _ := os.ReadFile(h.Search(folder.Name()).Path(name))
			_, trials, _ := bytes.Cut(text, []byte("\n")) // the first line is of all
			for line := range bytes.Lines(trials) {
				if sum, ok := trialIdentity(line); ok {
					take(sum)
				}
			}
		}
	}
	return list, nil
}

// trialIdentity returns what the line of a trial carries; ok is false where the line
// is not whole.
func trialIdentity(line []byte) (sum string, ok bool) {
	object, err := sealed.Open(bytes.TrimSuffix(line, []byte("\n")))
	if err != nil {
		return "", false
	}
	type carrier struct {
		Identity string `json:"identity"`
	}
	var record struct{ Sampled, Finished *carrier }
	if json.Unmarshal(object, &record) != nil {
		return "", false
	}
	switch {
	case record.Sampled != nil:
		return record.Sampled.Identity, true
	case record.Finished != nil:
		return record.Finished.Identity, true
	}
	return "", false
}
