//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// The loops below do OP to every element. Its operands are the numbers of
// registers; the first is the destination too.

// UNARY has the operand x at R1.
#define UNARY(OP) ELEMENTS(UNARY16(OP), UNARY4(OP)); RET
#define UNARY16(OP) \
	VLD1.P 64(R1), [V0.S4, V1.S4, V2.S4, V3.S4] \
	OP(0); OP(1); OP(2); OP(3) \
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R0)
#define UNARY4(OP) \
	FMOVQ.P 16(R1), F0 \
	OP(0) \
	FMOVQ.P F0, 16(R0)

// BINARY has the operands at R1 and R2.
#define BINARY(OP) ELEMENTS(BINARY16(OP), BINARY4(OP)); RET
#define BINARY16(OP) \
	VLD1.P 64(R1), [V0.S4, V1.S4, V2.S4, V3.S4] \
	VLD1.P 64(R2), [V4.S4, V5.S4, V6.S4, V7.S4] \
	OP(0, 4); OP(1, 5); OP(2, 6); OP(3, 7) \
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R0)
#define BINARY4(OP) \
	FMOVQ.P 16(R1), F0 \
	FMOVQ.P 16(R2), F4 \
	OP(0, 4) \
	FMOVQ.P F0, 16(R0)

// MULADD16 and MULADD4 have the operands at R0, R1 and R2.
#define MULADD16 \
	VLD1   (R0), [V0.S4, V1.S4, V2.S4, V3.S4] \
	VLD1.P 64(R1), [V4.S4, V5.S4, V6.S4, V7.S4] \
	VLD1.P 64(R2), [V16.S4, V17.S4, V18.S4, V19.S4] \
	FMUL(16, 4, 4); FMUL(17, 5, 5); FMUL(18, 6, 6); FMUL(19, 7, 7) \
	FADD(4, 0, 0); FADD(5, 1, 1); FADD(6, 2, 2); FADD(7, 3, 3) \
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R0)
#define MULADD4 \
	FMOVQ   (R0), F0 \
	FMOVQ.P 16(R1), F4 \
	FMOVQ.P 16(R2), F16 \
	FMUL(16, 4, 4); FADD(4, 0, 0) \
	FMOVQ.P F0, 16(R0)

// FILL16 and FILL4 write V0 to V3.
#define FILL16 VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R0)
#define FILL4 FMOVQ.P F0, 16(R0)

// The constant of an operation is in V31.
#define ADD2(x, y) FADD(y, x, x)
#define SUB2(x, y) FSUB(y, x, x)
#define MUL2(x, y) FMUL(y, x, x)
#define SCALE1(x) FMUL(31, x, x)
#define SHIFT1(x) FADD(31, x, x)
#define AXPY2(x, y) FMUL(31, y, y); FADD(y, x, x)
#define LERP2(x, y) FSUB(x, y, y); FMUL(31, y, y); FADD(y, x, x)

// The processor's own maximum of zeros of different signs is +0, not the second
// of them. PICK2 takes x where COMPARE holds or x is NaN. VBIT and VBIF write by
// name, so this is for one pair of registers, with V16 and V17 to help.
#define PICK2(COMPARE, x, y, X, Y) \
	COMPARE(y, x, 16) \
	FCMEQ(x, x, 17) \
	VBIT V16.B16, X.B16, Y.B16 \
	VBIF V17.B16, X.B16, Y.B16
#define PICK16(COMPARE) \
	VLD1.P 64(R1), [V0.S4, V1.S4, V2.S4, V3.S4] \
	VLD1.P 64(R2), [V4.S4, V5.S4, V6.S4, V7.S4] \
	PICK2(COMPARE, 0, 4, V0, V4) \
	PICK2(COMPARE, 1, 5, V1, V5) \
	PICK2(COMPARE, 2, 6, V2, V6) \
	PICK2(COMPARE, 3, 7, V3, V7) \
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(R0)
#define PICK4(COMPARE) \
	FMOVQ.P 16(R1), F0 \
	FMOVQ.P 16(R2), F4 \
	PICK2(COMPARE, 0, 4, V0, V4) \
	FMOVQ.P F4, 16(R0)
#define GREATER(y, x, d) FCMGT(y, x, d)
#define LESS(y, x, d) FCMGT(x, y, d)

// func addNEON(dst, a, b []float32)
TEXT ·addNEON(SB), NOSPLIT, $0-72
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R3
	MOVD a_base+24(FP), R1
	MOVD b_base+48(FP), R2
	BINARY(ADD2)

// func subNEON(dst, a, b []float32)
TEXT ·subNEON(SB), NOSPLIT, $0-72
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R3
	MOVD a_base+24(FP), R1
	MOVD b_base+48(FP), R2
	BINARY(SUB2)

// func mulNEON(dst, a, b []float32)
TEXT ·mulNEON(SB), NOSPLIT, $0-72
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R3
	MOVD a_base+24(FP), R1
	MOVD b_base+48(FP), R2
	BINARY(MUL2)

// func mulAddNEON(dst, a, b []float32)
TEXT ·mulAddNEON(SB), NOSPLIT, $0-72
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R3
	MOVD a_base+24(FP), R1
	MOVD b_base+48(FP), R2
	ELEMENTS(MULADD16, MULADD4)
	RET

// func maximumNEON(dst, a, b []float32)
TEXT ·maximumNEON(SB), NOSPLIT, $0-72
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R3
	MOVD a_base+24(FP), R1
	MOVD b_base+48(FP), R2
	ELEMENTS(PICK16(GREATER), PICK4(GREATER))
	RET

// func minimumNEON(dst, a, b []float32)
TEXT ·minimumNEON(SB), NOSPLIT, $0-72
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R3
	MOVD a_base+24(FP), R1
	MOVD b_base+48(FP), R2
	ELEMENTS(PICK16(LESS), PICK4(LESS))
	RET

// func scaleNEON(dst, x []float32, c float32)
TEXT ·scaleNEON(SB), NOSPLIT, $0-52
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R3
	MOVD x_base+24(FP), R1
	CONSTANT(c+48(FP), F31, V31)
	UNARY(SCALE1)

// func addScalarNEON(dst, x []float32, c float32)
TEXT ·addScalarNEON(SB), NOSPLIT, $0-52
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R3
	MOVD x_base+24(FP), R1
	CONSTANT(c+48(FP), F31, V31)
	UNARY(SHIFT1)

// func axpyNEON(dst, x []float32, a float32)
TEXT ·axpyNEON(SB), NOSPLIT, $0-52
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R3
	MOVD R0, R1
	MOVD x_base+24(FP), R2
	CONSTANT(a+48(FP), F31, V31)
	BINARY(AXPY2)

// func lerpNEON(dst, x []float32, t float32)
TEXT ·lerpNEON(SB), NOSPLIT, $0-52
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R3
	MOVD R0, R1
	MOVD x_base+24(FP), R2
	CONSTANT(t+48(FP), F31, V31)
	BINARY(LERP2)

// func fillNEON(dst []float32, c float32)
TEXT ·fillNEON(SB), NOSPLIT, $0-28
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R3
	CONSTANT(c+24(FP), F0, V0)
	VMOV V0.B16, V1.B16
	VMOV V0.B16, V2.B16
	VMOV V0.B16, V3.B16
	ELEMENTS(FILL16, FILL4)
	RET
