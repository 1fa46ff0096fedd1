package simd

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// An instructionSet is what the kernels of a tier may use.
type instructionSet struct {
	words     map[string]bool
	registers *regexp.Regexp
	refused   *regexp.Regexp // forms of these instructions that the set has not
}

// vexLacks are forms that only EVEX has of instructions that AVX2 has too. There
// are no others in the assembler's tables.
var vexLacks = regexp.MustCompile(`VPBROADCAST[BWDQ]\s+(R\d|[A-DSB][XIP]\b)|VPERM(PD|Q)\s+[^\s$]|VPS[LR][LA]\w+\s+\$\w+, [^XY]`)

func instructionSets(t *testing.T) map[string]instructionSet {
	const general = `[A-D][LX]|[SD]I|BP|SP|FP|SB|R[89]|R1[0-5]`
	return map[string]instructionSet{
		"":       {listed(t, "amd64"), regexp.MustCompile(`^(` + general + `)$`), nil},
		"AVX2":   {listed(t, "amd64", "avx2"), regexp.MustCompile(`^(` + general + `|[XY](\d|1[0-5]))$`), vexLacks},
		"AVX512": {listed(t, "amd64", "avx2", "avx512"), regexp.MustCompile(`^(` + general + `|[XYZ]([12]?\d|3[01])|K[0-7])$`), nil},
		"NEON":   {listed(t, "arm64"), regexp.MustCompile(`^([RFV]([12]?\d|3[01])|ZR|RSP|SP|FP|SB)$`), nil},
	}
}

// listed returns the words of lists and those that are no instructions.
func listed(t *testing.T, lists ...string) map[string]bool {
	words := map[string]bool{"TEXT": true, "DATA": true, "GLOBL": true, "NOSPLIT": true, "NOPTR": true, "RODATA": true}
	for _, list := range lists {
		text, err := os.ReadFile("testdata/instructions/" + list + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if !strings.HasPrefix(line, "#") {
				for _, word := range strings.Fields(line) {
					words[word] = true
				}
			}
		}
	}
	return words
}

var (
	comment  = regexp.MustCompile(`//.*`)
	asmWord  = regexp.MustCompile(`[\w·.]+`)
	asmText  = regexp.MustCompile(`^TEXT ·\w*?(AVX2|AVX512|NEON|)\(`)
	asmMacro = regexp.MustCompile(`^#define (\w+)(?:\(([\w, ]*)\))?`)
	encoded  = regexp.MustCompile(`\bWORD \$\(?(0x[0-9a-f]+)`)
)

// TestInstructions looks at every instruction of the committed assembly: the
// assembler takes those that dispatch did not ask the processor for, and encodes
// AVX with AVX-512 when a register needs it.
func TestInstructions(t *testing.T) {
	sets := instructionSets(t)
	kernels := map[string]int{}
	for _, path := range sources(t, "*_amd64.s") {
		tier := ""
		for number, line := range codeLines(t, path) {
			if text := asmText.FindStringSubmatch(line); text != nil {
				tier = text[1]
				kernels[tier]++
			}
			sets[tier].check(t, path, number+1, line)
		}
	}
	paths := sources(t, "*_arm64.[sh]")
	for _, path := range paths {
		sets["NEON"].defineMacros(codeLines(t, path))
	}
	for _, path := range paths {
		for number, line := range codeLines(t, path) {
			if text := asmText.FindStringSubmatch(line); text != nil {
				kernels[text[1]]++
			}
			sets["NEON"].check(t, path, number+1, line)
		}
	}
	for _, tier := range []string{"AVX2", "AVX512", "NEON"} {
		if kernels[tier] == 0 {
			t.Errorf("no kernels found for %s", tier)
		}
	}
}

func TestInstructionsAreRefused(t *testing.T) {
	sets := instructionSets(t)
	for _, test := range []struct{ tier, line, want string }{
		{"AVX2", "VMULPS Y2, Y14, Y15", ""},
		{"AVX2", "VMULPS Y2, Y14, Y16", "Y16"},
		{"AVX2", "VMULPS Z2, Z14, Z15", "Z2"},
		{"AVX2", "VMOVUPS.Z (AX), K1, Y2", "K1"},
		{"AVX2", "VPDPBUSD Y1, Y2, Y3", "VPDPBUSD"}, // AVX-VNNI, but encoded with EVEX
		{"AVX2", "VCVTPH2PS X1, Y2", "VCVTPH2PS"},
		{"AVX2", "SHLXQ AX, BX, CX", "SHLXQ"},
		{"AVX2", "VPBROADCASTD X1, Y2", ""},
		{"AVX2", "VPBROADCASTD R8, Y2", "form"},
		{"AVX2", "VPERMQ   $0x1b, Y1, Y2", ""},
		{"AVX2", "VPERMQ   Y0, Y1, Y2", "form"},
		{"AVX2", "VPSRAD $0x04, Y1, Y2", ""},
		{"AVX2", "VPSRAD $0x04, (AX), Y2", "form"},
		{"AVX2", "BYTE $0xc5", "BYTE"},
		{"AVX512", "VPBROADCASTD R8, Z31", ""},
		{"AVX512", "VADDPS.RN_SAE Z1, Z2, Z3", ""},
		{"AVX512", "VPDPBUSD Z1, Z2, Z3", "VPDPBUSD"},
		{"AVX512", "VPOPCNTD Z1, Z2", "VPOPCNTD"},
		{"", "VZEROUPPER", "VZEROUPPER"},
		{"NEON", "VLD1.P 16(R0), [V0.S4]; WORD $(0x4e20d400 | 1<<16)", ""},
		{"NEON", "VEOR3 V0.B16, V1.B16, V2.B16, V3.B16", "VEOR3"},
		{"NEON", "WORD $(0x4e809400 | 1<<16)", "0x4e809400"}, // SDOT
	} {
		got := sets[test.tier].problem(test.line)
		if (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: the problem of %q is %q, want %q", test.tier, test.line, got, test.want)
		}
	}
}

func sources(t *testing.T, pattern string) []string {
	paths, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// codeLines returns the lines of a file without comments.
func codeLines(t *testing.T, path string) []string {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(comment.ReplaceAllString(string(text), ""), "\n")
}

// defineMacros adds the macros that are defined in lines, and their parameters.
func (s instructionSet) defineMacros(lines []string) {
	for _, line := range lines {
		if macro := asmMacro.FindStringSubmatch(line); macro != nil {
			s.words[macro[1]] = true
			for _, parameter := range strings.Split(macro[2], ",") {
				s.words[strings.TrimSpace(parameter)] = true
			}
		}
	}
}

func (s instructionSet) check(t *testing.T, path string, number int, line string) {
	if problem := s.problem(line); problem != "" {
		t.Errorf("%s:%d: %s: %s", path, number, strings.TrimSpace(line), problem)
	}
}

// problem says what the set does not have. Words with a capital are instructions,
// registers or macros, wherever they are.
func (s instructionSet) problem(line string) string {
	for _, encoding := range encoded.FindAllStringSubmatch(line, -1) {
		if !s.words[encoding[1]] {
			return encoding[1] + " is not an encoding on the list"
		}
	}
	for _, word := range asmWord.FindAllString(encoded.ReplaceAllString(line, ""), -1) {
		name, _, _ := strings.Cut(word, ".")
		if name != "" && name[0] >= 'A' && name[0] <= 'Z' && !s.words[name] && !s.registers.MatchString(name) {
			return name + " is not on the list of what these processors have"
		}
	}
	if s.refused != nil && s.refused.MatchString(line) {
		return "only AVX-512 has this form"
	}
	return ""
}
