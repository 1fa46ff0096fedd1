//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// TAKE sets the elements of best and from for which that of x is larger or NaN.
// The place is in V31.
#define TAKE(x, best, X, BEST, FROM) \
	FCMGT(best, x, 20) \
	FCMEQ(x, x, 21) \
	VBIT V20.B16, X.B16, BEST.B16 \
	VBIF V21.B16, X.B16, BEST.B16 \
	VBIT V20.B16, V31.B16, FROM.B16 \
	VBIF V21.B16, V31.B16, FROM.B16
#define TAKE16 \
	VLD1.P 64(R2), [V0.S4, V1.S4, V2.S4, V3.S4] \
	VLD1 (R0), [V4.S4, V5.S4, V6.S4, V7.S4] \
	VLD1 (R1), [V16.S4, V17.S4, V18.S4, V19.S4] \
	TAKE(0, 4, V0, V4, V16) \
	TAKE(1, 5, V1, V5, V17) \
	TAKE(2, 6, V2, V6, V18) \
	TAKE(3, 7, V3, V7, V19) \
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(R0) \
	VST1.P [V16.S4, V17.S4, V18.S4, V19.S4], 64(R1)
#define TAKE4 \
	FMOVQ.P 16(R2), F0 \
	FMOVQ (R0), F4 \
	FMOVQ (R1), F16 \
	TAKE(0, 4, V0, V4, V16) \
	FMOVQ.P F4, 16(R0) \
	FMOVQ.P F16, 16(R1)

// func maxFromNEON(best []float32, from []uint32, x []float32, place uint32)
TEXT ·maxFromNEON(SB), NOSPLIT, $0-76
	MOVD best_base+0(FP), R0
	MOVD best_len+8(FP), R3
	MOVD from_base+24(FP), R1
	MOVD x_base+48(FP), R2
	MOVWU place+72(FP), R4
	VDUP R4, V31.S4
	ELEMENTS(TAKE16, TAKE4)
	RET
