// Package patterns holds dropout patterns that the controller of this module
// learned, inside the program: one JSON file each. Its README.md says where each comes from and what it
// gained there; doc/pattern-format.md says what a pattern does, bit for
// bit, for programs in other languages.
package patterns

import (
	"embed"
	"fmt"
	"strings"

	"autodropout/dropout"
)

//go:embed *.json
var files embed.FS

// Names returns the names of all patterns in alphabetical order.
func Names() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err) // the files are part of the program
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".json"))
	}
	return names
}

// Load returns the pattern of that name. It is an error when the name is none of [Names].
func Load(name string) (dropout.Pattern, error) {
	data, err := files.ReadFile(name + ".json")
	if err != nil {
		return nil, fmt.Errorf("there is no learned pattern %q; there are %s, and dropout.LoadPattern reads files", name, strings.Join(Names(), ", "))
	}
	return dropout.ParsePattern(data)
}
