//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// Registers:
//
//	R0, R1, R2      where to write, and the matrices to read
//	R3              elements left of a row
//	R4, R5          rows left, elements in a row
//	R6, R7, R8      vectors with one element a column
//	R9, R10, R11    the same, as far as a row has got
//	R12             bits
//	V12             factor where there are bits

// ADDROW16 and ADDROW4 add a vector.
#define ADDROW16 \
	VLD1.P 64(R1), [V0.S4, V1.S4, V2.S4, V3.S4] \
	VLD1.P 64(R9), [V4.S4, V5.S4, V6.S4, V7.S4] \
	FADD(4, 0, 0); FADD(5, 1, 1); FADD(6, 2, 2); FADD(7, 3, 3) \
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R0)
#define ADDROW4 \
	FMOVQ.P 16(R1), F0 \
	FMOVQ.P 16(R9), F4 \
	FADD(4, 0, 0) \
	FMOVQ.P F0, 16(R0)

// SCALESHIFT16 leaves 16 elements in V0 to V3, SCALESHIFT4 writes four.
#define SCALESHIFT16 \
	VLD1.P 64(R1), [V0.S4, V1.S4, V2.S4, V3.S4] \
	VLD1.P 64(R9), [V4.S4, V5.S4, V6.S4, V7.S4] \
	VLD1.P 64(R10), [V16.S4, V17.S4, V18.S4, V19.S4] \
	FMUL(4, 0, 0); FMUL(5, 1, 1); FMUL(6, 2, 2); FMUL(7, 3, 3) \
	FADD(16, 0, 0); FADD(17, 1, 1); FADD(18, 2, 2); FADD(19, 3, 3)
#define SCALESHIFT4 \
	FMOVQ.P 16(R1), F0 \
	FMOVQ.P 16(R9), F4 \
	FMOVQ.P 16(R10), F16 \
	FMUL(4, 0, 0); FADD(16, 0, 0) \
	FMOVQ.P F0, 16(R0)

#define STORE16 VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R0)
#define SCALESHIFTSTORE16 SCALESHIFT16; STORE16

// TIMESFACTOR multiplies V0 to V3 by V12 and then by the masks in V28 to V31.
#define TIMESFACTOR \
	FMUL(12, 0, 0); FMUL(12, 1, 1); FMUL(12, 2, 2); FMUL(12, 3, 3) \
	VAND V28.B16, V0.B16, V0.B16 \
	VAND V29.B16, V1.B16, V1.B16 \
	VAND V30.B16, V2.B16, V2.B16 \
	VAND V31.B16, V3.B16, V3.B16

// BACKWARD16 takes dy from V0 to V3, BACKWARD4 from V0.
#define BACKWARD16 \
	VLD1.P 64(R2), [V4.S4, V5.S4, V6.S4, V7.S4] \
	VLD1.P 64(R9), [V16.S4, V17.S4, V18.S4, V19.S4] \
	VLD1.P 64(R10), [V20.S4, V21.S4, V22.S4, V23.S4] \
	FMUL(16, 0, 0); FMUL(17, 1, 1); FMUL(18, 2, 2); FMUL(19, 3, 3) \
	VLD1.P 64(R11), [V16.S4, V17.S4, V18.S4, V19.S4] \
	FMUL(20, 4, 4); FMUL(21, 5, 5); FMUL(22, 6, 6); FMUL(23, 7, 7) \
	FADD(4, 0, 0); FADD(5, 1, 1); FADD(6, 2, 2); FADD(7, 3, 3) \
	FADD(16, 0, 0); FADD(17, 1, 1); FADD(18, 2, 2); FADD(19, 3, 3) \
	STORE16
#define BACKWARD4 \
	FMOVQ.P 16(R2), F4 \
	FMOVQ.P 16(R9), F16 \
	FMOVQ.P 16(R10), F20 \
	FMOVQ.P 16(R11), F24 \
	FMUL(16, 0, 0); FMUL(20, 4, 4); FADD(4, 0, 0); FADD(24, 0, 0) \
	FMOVQ.P F0, 16(R0)

#define LOADBACKWARD16 VLD1.P 64(R1), [V0.S4, V1.S4, V2.S4, V3.S4]; BACKWARD16
#define LOADBACKWARD4 FMOVQ.P 16(R1), F0; BACKWARD4

// func addRowNEON(dst, x, v []float32, rows int)
TEXT ·addRowNEON(SB), NOSPLIT, $0-80
	MOVD dst_base+0(FP), R0
	MOVD x_base+24(FP), R1
	MOVD v_base+48(FP), R6
	MOVD v_len+56(FP), R5
	MOVD rows+72(FP), R4

row:
	MOVD R6, R9
	MOVD R5, R3
	ELEMENTS(ADDROW16, ADDROW4)
	SUBS $1, R4
	BNE  row
	RET

// func scaleShiftRowsNEON(dst, x, scale, shift []float32, rows int)
TEXT ·scaleShiftRowsNEON(SB), NOSPLIT, $0-104
	MOVD dst_base+0(FP), R0
	MOVD x_base+24(FP), R1
	MOVD scale_base+48(FP), R6
	MOVD scale_len+56(FP), R5
	MOVD shift_base+72(FP), R7
	MOVD rows+96(FP), R4

row:
	MOVD R6, R9
	MOVD R7, R10
	MOVD R5, R3
	ELEMENTS(SCALESHIFTSTORE16, SCALESHIFT4)
	SUBS $1, R4
	BNE  row
	RET

// func scaleShiftReLURowsNEON(dst, x, scale, shift []float32, bits []uint32, factor float32, rows int)
TEXT ·scaleShiftReLURowsNEON(SB), NOSPLIT, $0-136
	MOVD dst_base+0(FP), R0
	MOVD x_base+24(FP), R1
	MOVD scale_base+48(FP), R6
	MOVD scale_len+56(FP), R5
	MOVD shift_base+72(FP), R7
	MOVD bits_base+96(FP), R12
	MOVD rows+128(FP), R4
	CBZ  R5, done
	CONSTANT(factor+120(FP), F12, V12)
	POWERS
	VEOR V20.B16, V20.B16, V20.B16

row:
	MOVD R6, R9
	MOVD R7, R10
	MOVD R5, R3

columns:
	SCALESHIFT16
	RELU16
	MOVD R26, R13
	READMASK(MOVHU, (R12))
	AND  R13, R26
	MOVH.P R26, 2(R12)
	TIMESFACTOR
	STORE16
	SUBS $16, R3
	BNE  columns
	SUBS $1, R4
	BNE  row

done:
	RET

// func bnBackwardRowsNEON(dx, dy, x, a, b, c []float32, rows int)
TEXT ·bnBackwardRowsNEON(SB), NOSPLIT, $0-152
	MOVD dx_base+0(FP), R0
	MOVD dy_base+24(FP), R1
	MOVD x_base+48(FP), R2
	MOVD a_base+72(FP), R6
	MOVD a_len+80(FP), R5
	MOVD b_base+96(FP), R7
	MOVD c_base+120(FP), R8
	MOVD rows+144(FP), R4

row:
	MOVD R6, R9
	MOVD R7, R10
	MOVD R8, R11
	MOVD R5, R3
	ELEMENTS(LOADBACKWARD16, LOADBACKWARD4)
	SUBS $1, R4
	BNE  row
	RET

// func bnReLUBackwardRowsNEON(dx, dy, x, a, b, c []float32, bits []uint32, factor float32, rows int)
TEXT ·bnReLUBackwardRowsNEON(SB), NOSPLIT, $0-184
	MOVD dx_base+0(FP), R0
	MOVD dy_base+24(FP), R1
	MOVD x_base+48(FP), R2
	MOVD a_base+72(FP), R6
	MOVD a_len+80(FP), R5
	MOVD b_base+96(FP), R7
	MOVD c_base+120(FP), R8
	MOVD bits_base+144(FP), R12
	MOVD rows+176(FP), R4
	CBZ  R5, done
	CONSTANT(factor+168(FP), F12, V12)
	POWERS

row:
	MOVD R6, R9
	MOVD R7, R10
	MOVD R8, R11
	MOVD R5, R3

columns:
	READMASK(MOVHU.P, 2(R12))
	VLD1.P 64(R1), [V0.S4, V1.S4, V2.S4, V3.S4]
	TIMESFACTOR
	BACKWARD16
	SUBS $16, R3
	BNE  columns
	SUBS $1, R4
	BNE  row

done:
	RET
