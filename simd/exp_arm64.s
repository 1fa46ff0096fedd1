//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// EXPCONSTANTS sets V16 to V27 to the constants of expOf, and V28 to the bias of
// a float32's exponent.
#define EXPCONSTANTS \
	VLD1R.P 4(R2), [V16.S4] /* expMin */ \
	VLD1R.P 4(R2), [V17.S4] /* expMax */ \
	VLD1R.P 4(R2), [V18.S4] /* log2E */ \
	VLD1R.P 4(R2), [V19.S4] /* rounder; as an integer, rounderBits */ \
	VLD1R.P 4(R2), [V20.S4] /* ln2Hi */ \
	VLD1R.P 4(R2), [V21.S4] /* ln2Lo */ \
	VLD1R.P 4(R2), [V22.S4] /* expC2 */ \
	VLD1R.P 4(R2), [V23.S4] /* expC3 */ \
	VLD1R.P 4(R2), [V24.S4] /* expC4 */ \
	VLD1R.P 4(R2), [V25.S4] /* expC5 */ \
	VLD1R.P 4(R2), [V26.S4] /* expC6 */ \
	VLD1R.P 4(R2), [V27.S4] /* 1 */ \
	MOVD    $127, R4 \
	VDUP    R4, V28.S4

// TANHCONSTANTS sets V8 to V14 to those of tanhOf, V15 to the sign bit.
#define TANHCONSTANTS \
	VLD1R.P 4(R2), [V8.S4] /* 2 */ \
	VLD1R.P 4(R2), [V9.S4] /* tanhSmall */ \
	VLD1R.P 4(R2), [V10.S4] /* tanhC0 */ \
	VLD1R.P 4(R2), [V11.S4] /* tanhC1 */ \
	VLD1R.P 4(R2), [V12.S4] /* tanhC2 */ \
	VLD1R.P 4(R2), [V13.S4] /* tanhC3 */ \
	VLD1R.P 4(R2), [V14.S4] /* tanhC4 */ \
	MOVD    $1<<31, R4 \
	VDUP    R4, V15.S4

// NORMALCONSTANTS sets V8 to V15 to normalC1 to normalC8 of normalOf, V29 to
// normalC0, V30 to its factors, and V31 to 0.
#define NORMALCONSTANTS \
	ADD     $28, R2 /* behind those of tanhOf */ \
	VLD1R.P 4(R2), [V8.S4] \
	VLD1R.P 4(R2), [V9.S4] \
	VLD1R.P 4(R2), [V10.S4] \
	VLD1R.P 4(R2), [V11.S4] \
	VLD1R.P 4(R2), [V12.S4] \
	VLD1R.P 4(R2), [V13.S4] \
	VLD1R.P 4(R2), [V14.S4] \
	VLD1R.P 4(R2), [V15.S4] \
	VLD1R.P 4(R2), [V29.S4] \
	FMOVQ   (R2), F30 /* normalC9, 1/4, -1/2, normalDensity */ \
	VEOR    V31.B16, V31.B16, V31.B16

// HORNER sets p to p*x + c.
#define HORNER(c, x, p) FMUL(x, p, p); FADD(c, p, p)

// EXPPARTS sets V2 to e**r, V3 to n and V1 to n plus the rounder, as expParts does of
// x in V0, which it overwrites.
#define EXPPARTS(rounder) \
	FMUL(18, 0, 1) \
	FADD(rounder, 1, 1) \
	FSUB(rounder, 1, 3) \
	FMUL(20, 3, 2) \
	FSUB(2, 0, 0) \
	FMUL(21, 3, 2) \
	FSUB(2, 0, 0) \
	FMUL(26, 0, 2) \
	FADD(25, 2, 2) \
	HORNER(24, 0, 2) \
	HORNER(23, 0, 2) \
	HORNER(22, 0, 2) \
	FMUL(0, 2, 2) \
	HORNER(0, 0, 2) \
	FADD(27, 2, 2)

// EXP sets V2 to e**V0, as expOf does. It uses V0, V1 and V3: for x, t and n.
#define EXP \
	FMAX(16, 0, 0) \
	FMIN(17, 0, 0) \
	EXPPARTS(19) \
	VSUB V19.S4, V1.S4, V1.S4 \
	SSHR(1, 1, 3) \
	VSUB V3.S4, V1.S4, V1.S4 \
	VADD V28.S4, V3.S4, V3.S4 \
	VADD V28.S4, V1.S4, V1.S4 \
	VSHL $23, V3.S4, V3.S4 \
	VSHL $23, V1.S4, V1.S4 \
	FMUL(3, 2, 2) \
	FMUL(1, 2, 2)

// NORMAL sets V2 to e**(-V4*V4/2), as normalOf does, and V7 to the distribution
// function at V4. It uses V0 to V3 and V5 to V7.
#define NORMAL \
	FMULE(2, 30, 4, 0) \
	FMUL(4, 0, 0) \
	EXP \
	FABS(4, 5) \
	FMULE(1, 30, 5, 5) \
	FADD(27, 5, 5) \
	FDIV(5, 27, 5) \
	FMULE(0, 30, 5, 6) \
	FADD(15, 6, 6) \
	HORNER(14, 5, 6) \
	HORNER(13, 5, 6) \
	HORNER(12, 5, 6) \
	HORNER(11, 5, 6) \
	HORNER(10, 5, 6) \
	HORNER(9, 5, 6) \
	HORNER(8, 5, 6) \
	HORNER(29, 5, 6) \
	FMUL(5, 6, 6) \
	FMUL(2, 6, 6) \
	FSUB(6, 27, 7) \
	FCMGT(4, 31, 3) /* x < 0 */ \
	VBIT V3.B16, V6.B16, V7.B16

// SIGMOIDCONSTANTS sets V16, V17 and V19 to sigmoidMin, sigmoidMax and halfRounder, and V8
// to 1/2.
#define SIGMOIDCONSTANTS \
	ADD     $80, R2 /* behind those of normalOf */ \
	VLD1R.P 4(R2), [V16.S4] \
	VLD1R.P 4(R2), [V17.S4] \
	VLD1R.P 4(R2), [V19.S4] \
	VLD1R.P 4(R2), [V8.S4]

// SIGMOID sets V2 to 1/(1+e**-V0), as sigmoidOf does.
#define SIGMOID \
	FNEG(0, 0) \
	FMAX(16, 0, 0) \
	FMIN(17, 0, 0) \
	EXPPARTS(19) \
	VSHL $23, V1.S4, V1.S4 \
	FMUL(1, 2, 2) \
	FADD(8, 2, 2) \
	FDIV(2, 8, 2)

// func expNEON(dst, x []float32, constants *[36]float32)
TEXT ·expNEON(SB), NOSPLIT, $0-56
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R3
	MOVD x_base+24(FP), R1
	MOVD constants+48(FP), R2
	EXPCONSTANTS
	SUBS $4, R3
	BLT  done

loop:
	FMOVQ.P 16(R1), F0
	EXP
	FMOVQ.P F2, 16(R0)
	SUBS $4, R3
	BGE  loop

done:
	RET

// func sigmoidNEON(dst, x []float32, constants *[36]float32)
TEXT ·sigmoidNEON(SB), NOSPLIT, $0-56
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R3
	MOVD x_base+24(FP), R1
	MOVD constants+48(FP), R2
	EXPCONSTANTS
	SIGMOIDCONSTANTS
	SUBS $4, R3
	BLT  done

loop:
	FMOVQ.P 16(R1), F0
	SIGMOID
	FMOVQ.P F2, 16(R0)
	SUBS $4, R3
	BGE  loop

done:
	RET

// func tanhNEON(dst, x []float32, constants *[36]float32)
TEXT ·tanhNEON(SB), NOSPLIT, $0-56
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R3
	MOVD x_base+24(FP), R1
	MOVD constants+48(FP), R2
	EXPCONSTANTS
	TANHCONSTANTS
	SUBS $4, R3
	BLT  done

loop:
	FMOVQ.P 16(R1), F0
	VMOV V0.B16, V4.B16
	FABS(0, 5)
	FADD(5, 5, 0)
	EXP
	FADD(27, 2, 2)
	FDIV(2, 8, 2)
	FSUB(2, 27, 2)
	VBIT V15.B16, V4.B16, V2.B16 // the sign

	FMUL(4, 4, 6)
	FMUL(14, 6, 7)
	FADD(13, 7, 7)
	HORNER(12, 6, 7)
	HORNER(11, 6, 7)
	HORNER(10, 6, 7)
	FMUL(6, 7, 7)
	HORNER(4, 4, 7)
	FCMGT(5, 9, 5) // small > |x|
	VBIT V5.B16, V7.B16, V2.B16
	FMOVQ.P F2, 16(R0)
	SUBS $4, R3
	BGE  loop

done:
	RET

// func geluNEON(dst, x []float32, constants *[36]float32)
TEXT ·geluNEON(SB), NOSPLIT, $0-56
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R3
	MOVD x_base+24(FP), R1
	MOVD constants+48(FP), R2
	EXPCONSTANTS
	NORMALCONSTANTS
	SUBS $4, R3
	BLT  done

loop:
	FMOVQ.P 16(R1), F4
	NORMAL
	FMUL(7, 4, 2)
	FMOVQ.P F2, 16(R0)
	SUBS $4, R3
	BGE  loop

done:
	RET

// func geluGradNEON(dx, dy, x []float32, constants *[36]float32)
TEXT ·geluGradNEON(SB), NOSPLIT, $0-80
	MOVD dx_base+0(FP), R0
	MOVD dx_len+8(FP), R3
	MOVD dy_base+24(FP), R5
	MOVD x_base+48(FP), R1
	MOVD constants+72(FP), R2
	EXPCONSTANTS
	NORMALCONSTANTS
	SUBS $4, R3
	BLT  done

loop:
	FMOVQ.P 16(R1), F4
	NORMAL
	FMUL(2, 4, 2)
	FMULE(3, 30, 2, 2)
	FADD(7, 2, 2)
	FMOVQ.P 16(R5), F4
	FMUL(2, 4, 2)
	FMOVQ.P F2, 16(R0)
	SUBS $4, R3
	BGE  loop

done:
	RET

// func siluNEON(dst, x []float32, constants *[36]float32)
TEXT ·siluNEON(SB), NOSPLIT, $0-56
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R3
	MOVD x_base+24(FP), R1
	MOVD constants+48(FP), R2
	EXPCONSTANTS
	SIGMOIDCONSTANTS
	SUBS $4, R3
	BLT  done

loop:
	FMOVQ.P 16(R1), F4
	VMOV V4.B16, V0.B16
	SIGMOID
	FMUL(2, 4, 2)
	FMOVQ.P F2, 16(R0)
	SUBS $4, R3
	BGE  loop

done:
	RET

// func siluGradNEON(dx, dy, x []float32, constants *[36]float32)
TEXT ·siluGradNEON(SB), NOSPLIT, $0-80
	MOVD dx_base+0(FP), R0
	MOVD dx_len+8(FP), R3
	MOVD dy_base+24(FP), R5
	MOVD x_base+48(FP), R1
	MOVD constants+72(FP), R2
	EXPCONSTANTS
	SIGMOIDCONSTANTS
	SUBS $4, R3
	BLT  done

loop:
	FMOVQ.P 16(R1), F4
	VMOV V4.B16, V0.B16
	SIGMOID
	FSUB(2, 27, 5)
	FMUL(5, 4, 5)
	FADD(27, 5, 5)
	FMUL(5, 2, 2)
	FMOVQ.P 16(R5), F4
	FMUL(2, 4, 2)
	FMOVQ.P F2, 16(R0)
	SUBS $4, R3
	BGE  loop

done:
	RET
