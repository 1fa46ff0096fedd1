package models

import (
	"fmt"
	"math/bits"
)

// maxParameters is the size of a network whose weights alone take 64 GB, with 32
// bits 512 MB: training needs room for gradients and momentum as well, and 4 GB can
// be addressed. Larger networks are mistakes, which must not come as far as the
// memory for them.
const maxParameters = 1 << (20 + 7*bits.UintSize/32)

// checkSize returns an error where a network has too many parameters. The number
// may be a part of them, those that grow the most.
func checkSize(kind string, parameters float64) error {
	if parameters > maxParameters {
		return fmt.Errorf("a %s of this size would have more than %.2g parameters: at most %.2g are possible on a machine of %d bits",
			kind, parameters, float64(maxParameters), bits.UintSize)
	}
	return nil
}
