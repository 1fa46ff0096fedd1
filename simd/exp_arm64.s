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

// HORNER sets p to p*x + c.
#define HORNER(c, x, p) FMUL(x, p, p); FADD(c, p, p)

// EXP sets V2 to e**V0, as expOf does. It uses V0, V1 and V3: for x, t and n.
#define EXP \
	FMAX(16, 0, 0) \
	FMIN(17, 0, 0) \
	FMUL(18, 0, 1) \
	FADD(19, 1, 1) \
	FSUB(19, 1, 3) \
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
	FADD(27, 2, 2) \
	VSUB V19.S4, V1.S4, V1.S4 \
	SSHR(1, 1, 3) \
	VSUB V3.S4, V1.S4, V1.S4 \
	VADD V28.S4, V3.S4, V3.S4 \
	VADD V28.S4, V1.S4, V1.S4 \
	VSHL $23, V3.S4, V3.S4 \
	VSHL $23, V1.S4, V1.S4 \
	FMUL(3, 2, 2) \
	FMUL(1, 2, 2)

// func expNEON(dst, x []float32, constants *[19]float32)
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

// func sigmoidNEON(dst, x []float32, constants *[19]float32)
TEXT ·sigmoidNEON(SB), NOSPLIT, $0-56
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R3
	MOVD x_base+24(FP), R1
	MOVD constants+48(FP), R2
	EXPCONSTANTS
	SUBS $4, R3
	BLT  done

loop:
	FMOVQ.P 16(R1), F0
	FNEG(0, 0)
	EXP
	FADD(27, 2, 2)
	FDIV(2, 27, 2)
	FMOVQ.P F2, 16(R0)
	SUBS $4, R3
	BGE  loop

done:
	RET

// func tanhNEON(dst, x []float32, constants *[19]float32)
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
