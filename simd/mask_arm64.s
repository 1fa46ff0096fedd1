//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// MAX16 and MAX4 take the larger of elements and V20.
#define MAX16 \
	VLD1.P 64(R1), [V0.S4, V1.S4, V2.S4, V3.S4] \
	FMAX(20, 0, 0); FMAX(20, 1, 1); FMAX(20, 2, 2); FMAX(20, 3, 3) \
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R0)
#define MAX4 \
	FMOVQ.P 16(R1), F0 \
	FMAX(20, 0, 0) \
	FMOVQ.P F0, 16(R0)

// func reluNEON(dst, x []float32)
TEXT ·reluNEON(SB), NOSPLIT, $0-48
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R3
	MOVD x_base+24(FP), R1
	VEOR V20.B16, V20.B16, V20.B16
	ELEMENTS(MAX16, MAX4)
	RET

// func reluBitsNEON(dst, x []float32, bits []uint32)
TEXT ·reluBitsNEON(SB), NOSPLIT, $0-72
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R3
	MOVD x_base+24(FP), R1
	MOVD bits_base+48(FP), R2
	AND  $~31, R3
	CBZ  R3, done
	POWERS
	VEOR V20.B16, V20.B16, V20.B16

loop:
	VLD1.P 64(R1), [V0.S4, V1.S4, V2.S4, V3.S4]
	RELU16
	MOVH.P R26, 2(R2)
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R0)
	SUBS   $16, R3
	BNE    loop

done:
	RET

// func maskScaleNEON(dst, x []float32, bits []uint32, c float32)
TEXT ·maskScaleNEON(SB), NOSPLIT, $0-76
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R3
	MOVD x_base+24(FP), R1
	MOVD bits_base+48(FP), R2
	AND  $~31, R3
	CBZ  R3, done
	CONSTANT(c+72(FP), F20, V20)
	POWERS

loop:
	READMASK(MOVHU.P, 2(R2))
	VLD1.P 64(R1), [V0.S4, V1.S4, V2.S4, V3.S4]
	FMUL(20, 0, 0); FMUL(20, 1, 1); FMUL(20, 2, 2); FMUL(20, 3, 3)
	VAND   V28.B16, V0.B16, V0.B16
	VAND   V29.B16, V1.B16, V1.B16
	VAND   V30.B16, V2.B16, V2.B16
	VAND   V31.B16, V3.B16, V3.B16
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R0)
	SUBS   $16, R3
	BNE    loop

done:
	RET
