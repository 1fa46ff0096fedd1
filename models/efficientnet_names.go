package models

import (
	"fmt"
	"strings"
)

// TorchvisionEfficientNet returns the name that a parameter or buffer of
// torchvision's EfficientNets has in an [EfficientNet], whose names are timm's:
// "conv_stem.weight" for "features.0.0.weight". Other names come back as they
// are. It is made for the option Rename of weights.Load. The networks are the same up to B4; from B5
// on, torchvision's normalisations add 0.001 to variances where these add
// 0.00001.
func TorchvisionEfficientNet(name string) string {
	if rest, ok := strings.CutPrefix(name, "classifier.1."); ok {
		return "classifier." + rest
	}
	rest, ok := strings.CutPrefix(name, "features.")
	if !ok {
		return name
	}
	for from, to := range map[string]string{"0.0.": "conv_stem.", "0.1.": "bn1.", "8.0.": "conv_head.", "8.1.": "bn2."} {
		if parameter, ok := strings.CutPrefix(rest, from); ok {
			return to + parameter
		}
	}
	var stage, block int
	var part string
	if _, err := fmt.Sscanf(strings.Replace(rest, ".block.", " ", 1), "%d.%d %s", &stage, &block, &part); err != nil {
		return name
	}
	if stage > 1 { // the first stage does not widen: its parts begin with the second
		for from, to := range map[string]string{"0.0.": "conv_pw.", "0.1.": "bn1."} {
			if parameter, ok := strings.CutPrefix(part, from); ok {
				return fmt.Sprintf("blocks.%d.%d.%s%s", stage-1, block, to, parameter)
			}
		}
		part = fmt.Sprintf("%c%s", part[0]-1, part[1:])
	}
	parts := map[string]string{"0.0.": "conv_dw.", "0.1.": "bn2.", "1.fc1.": "se.conv_reduce.", "1.fc2.": "se.conv_expand.", "2.0.": "conv_pwl.", "2.1.": "bn3."}
	if stage == 1 {
		parts["0.1."], parts["2.0."], parts["2.1."] = "bn1.", "conv_pw.", "bn2."
	}
	for from, to := range parts {
		if parameter, ok := strings.CutPrefix(part, from); ok {
			return fmt.Sprintf("blocks.%d.%d.%s%s", stage-1, block, to, parameter)
		}
	}
	return name
}
