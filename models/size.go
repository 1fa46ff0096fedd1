package models

import "fmt"

// maxParameters is the size of a network whose weights alone take 64 GB. Larger
// ones are mistakes, which must not come as far as the memory for them.
const maxParameters = 1 << 34

// checkSize returns an error where a network has too many parameters. The number
// may be a part of them, those that grow the most.
func checkSize(kind string, parameters float64) error {
	if parameters > maxParameters {
		return fmt.Errorf("a %s of this size would have more than %.2g parameters: at most %.2g are possible", kind, parameters, float64(maxParameters))
	}
	return nil
}
