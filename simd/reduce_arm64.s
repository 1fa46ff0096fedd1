//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// SUM4 adds four float32 to four float64.
#define SUM4(x, p) \
	FCVTL(x, 20) \
	FCVTL2(x, 21) \
	FADD64(20, p, p) \
	FADD64(21, (p)+1, (p)+1)

// DOT4 adds four products, P and Q being registers p and p+1. A product of two
// float32 is exact in float64, so fusing it with the addition changes nothing.
#define DOT4(x, y, P, Q) \
	FCVTL(x, 24) \
	FCVTL2(x, 25) \
	FCVTL(y, 26) \
	FCVTL2(y, 27) \
	VFMLA V26.D2, V24.D2, P.D2 \
	VFMLA V27.D2, V25.D2, Q.D2

// func sumNEON(p *partials, x []float32)
TEXT ·sumNEON(SB), NOSPLIT, $0-32
	MOVD p+0(FP), R0
	MOVD x_base+8(FP), R1
	MOVD x_len+16(FP), R3
	ADD  $64, R0, R2
	VLD1 (R0), [V0.D2, V1.D2, V2.D2, V3.D2]
	VLD1 (R2), [V4.D2, V5.D2, V6.D2, V7.D2]
	SUBS $16, R3
	BLT  done

loop:
	VLD1.P 64(R1), [V16.S4, V17.S4, V18.S4, V19.S4]
	SUM4(16, 0)
	SUM4(17, 2)
	SUM4(18, 4)
	SUM4(19, 6)
	SUBS $16, R3
	BGE  loop

done:
	VST1 [V0.D2, V1.D2, V2.D2, V3.D2], (R0)
	VST1 [V4.D2, V5.D2, V6.D2, V7.D2], (R2)
	RET

// func dotNEON(p *partials, a, b []float32)
TEXT ·dotNEON(SB), NOSPLIT, $0-56
	MOVD p+0(FP), R0
	MOVD a_base+8(FP), R1
	MOVD a_len+16(FP), R3
	MOVD b_base+32(FP), R4
	ADD  $64, R0, R2
	VLD1 (R0), [V0.D2, V1.D2, V2.D2, V3.D2]
	VLD1 (R2), [V4.D2, V5.D2, V6.D2, V7.D2]
	SUBS $16, R3
	BLT  done

loop:
	VLD1.P 64(R1), [V16.S4, V17.S4, V18.S4, V19.S4]
	VLD1.P 64(R4), [V20.S4, V21.S4, V22.S4, V23.S4]
	DOT4(16, 20, V0, V1)
	DOT4(17, 21, V2, V3)
	DOT4(18, 22, V4, V5)
	DOT4(19, 23, V6, V7)
	SUBS $16, R3
	BGE  loop

done:
	VST1 [V0.D2, V1.D2, V2.D2, V3.D2], (R0)
	VST1 [V4.D2, V5.D2, V6.D2, V7.D2], (R2)
	RET
