//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// Registers:
//
//	R0, R1, R2            sums to add to, and vector of shifts
//	R3                    columns left
//	R4, R5                distance of rows in bytes, number of rows
//	R6, R7                matrices
//	R8, R9, R10           the same, as far as a group of columns has got, and rows left
//	R11, R12, R13         bits of the group, of the row, distance of rows
//	V0 to V3, V4 to V7    first and second sums of the rows
//	V16 to V19            elements of the first matrix
//	V20 to V23            elements of the second
//	V24 to V27            shifts
//	V12                   factor of the first matrix where there are bits

// TOP starts a group of columns.
#define TOP \
	MOVD R6, R8 \
	MOVD R7, R9 \
	MOVD R5, R10 \
	ZERO4(V0, V1, V2, V3) \
	ZERO4(V4, V5, V6, V7)

// COLUMNS runs ROW16 on every row of every 16 of R3 columns, with START16 and
// END16 before and after, and likewise on every four of the rest.
#define COLUMNS(START16, ROW16, END16, START4, ROW4, END4) \
	SUBS $16, R3 \
	BLT  narrow \
wide: \
	TOP \
	START16 \
wideRow: \
	ROW16 \
	ADD  R4, R8 \
	ADD  R4, R9 \
	SUBS $1, R10 \
	BNE  wideRow \
	END16 \
	ADD  $64, R6 \
	ADD  $64, R7 \
	SUBS $16, R3 \
	BGE  wide \
narrow: \
	ADDS $12, R3 \
	BLT  done \
quad: \
	TOP \
	START4 \
quadRow: \
	ROW4 \
	ADD  R4, R8 \
	ADD  R4, R9 \
	SUBS $1, R10 \
	BNE  quadRow \
	END4 \
	ADD  $16, R6 \
	ADD  $16, R7 \
	SUBS $4, R3 \
	BGE  quad \
done: \
	RET

#define LOADX16 VLD1 (R8), [V16.S4, V17.S4, V18.S4, V19.S4]
#define LOADX4 FMOVQ (R8), F16
#define LOADY16 VLD1 (R9), [V20.S4, V21.S4, V22.S4, V23.S4]
#define LOADY4 FMOVQ (R9), F20
#define LOADSHIFT16 VLD1.P 64(R2), [V24.S4, V25.S4, V26.S4, V27.S4]
#define LOADSHIFT4 FMOVQ.P 16(R2), F24

// NOSHIFT is for kernels without one.
#define NOSHIFT

// END adds the first sums, ENDS both.
#define END16 \
	VLD1 (R0), [V16.S4, V17.S4, V18.S4, V19.S4] \
	FADD(0, 16, 16); FADD(1, 17, 17); FADD(2, 18, 18); FADD(3, 19, 19) \
	VST1.P [V16.S4, V17.S4, V18.S4, V19.S4], 64(R0)
#define END4 \
	FMOVQ (R0), F16 \
	FADD(0, 16, 16) \
	FMOVQ.P F16, 16(R0)
#define ENDS16 \
	END16 \
	VLD1 (R1), [V16.S4, V17.S4, V18.S4, V19.S4] \
	FADD(4, 16, 16); FADD(5, 17, 17); FADD(6, 18, 18); FADD(7, 19, 19) \
	VST1.P [V16.S4, V17.S4, V18.S4, V19.S4], 64(R1)
#define ENDS4 \
	END4 \
	FMOVQ (R1), F16 \
	FADD(4, 16, 16) \
	FMOVQ.P F16, 16(R1)

// EACH does TERM to vectors 0 to 3 of a row.
#define EACH(TERM) TERM(0); TERM(1); TERM(2); TERM(3)

#define SUM(i) FADD(16+i, 0+i, 0+i)
#define MOMENTS(i) \
	FSUB(24+i, 16+i, 16+i); FADD(16+i, 0+i, 0+i) \
	FMUL(16+i, 16+i, 16+i); FADD(16+i, 4+i, 4+i)
#define SUMDOT(i) \
	FADD(16+i, 0+i, 0+i); FSUB(24+i, 20+i, 20+i) \
	FMUL(16+i, 20+i, 20+i); FADD(20+i, 4+i, 4+i)

// MASKSUMDOT has the shifts in V8 to V11, for V24 to V27 hold values of bits.
#define MASKSUMDOT(i) \
	FADD(16+i, 0+i, 0+i); FSUB(8+i, 20+i, 20+i) \
	FMUL(16+i, 20+i, 20+i); FADD(20+i, 4+i, 4+i)

#define SUMROW16 LOADX16; EACH(SUM)
#define SUMROW4 LOADX4; SUM(0)
#define MOMENTSROW16 LOADX16; EACH(MOMENTS)
#define MOMENTSROW4 LOADX4; MOMENTS(0)
#define SUMDOTROW16 LOADX16; LOADY16; EACH(SUMDOT)
#define SUMDOTROW4 LOADX4; LOADY4; SUMDOT(0)

// func sumBlockNEON(sum, x []float32, stride, rows int)
TEXT ·sumBlockNEON(SB), NOSPLIT, $0-64
	MOVD sum_base+0(FP), R0
	MOVD sum_len+8(FP), R3
	MOVD x_base+24(FP), R6
	MOVD stride+48(FP), R4
	MOVD rows+56(FP), R5
	LSL  $2, R4
	COLUMNS(NOSHIFT, SUMROW16, END16, NOSHIFT, SUMROW4, END4)

// func momentsBlockNEON(sum, sumsq, x, shift []float32, stride, rows int)
TEXT ·momentsBlockNEON(SB), NOSPLIT, $0-112
	MOVD sum_base+0(FP), R0
	MOVD sum_len+8(FP), R3
	MOVD sumsq_base+24(FP), R1
	MOVD x_base+48(FP), R6
	MOVD shift_base+72(FP), R2
	MOVD stride+96(FP), R4
	MOVD rows+104(FP), R5
	LSL  $2, R4
	COLUMNS(LOADSHIFT16, MOMENTSROW16, ENDS16, LOADSHIFT4, MOMENTSROW4, ENDS4)

// func sumDotBlockNEON(sum, dot, dy, x, shift []float32, stride, rows int)
TEXT ·sumDotBlockNEON(SB), NOSPLIT, $0-136
	MOVD sum_base+0(FP), R0
	MOVD sum_len+8(FP), R3
	MOVD dot_base+24(FP), R1
	MOVD dy_base+48(FP), R6
	MOVD x_base+72(FP), R7
	MOVD shift_base+96(FP), R2
	MOVD stride+120(FP), R4
	MOVD rows+128(FP), R5
	LSL  $2, R4
	COLUMNS(LOADSHIFT16, SUMDOTROW16, ENDS16, LOADSHIFT4, SUMDOTROW4, ENDS4)

// func maskSumDotBlockNEON(sum, dot, dy, x, shift []float32, bits []uint32, factor float32, stride, rows int)
TEXT ·maskSumDotBlockNEON(SB), NOSPLIT, $0-168
	MOVD sum_base+0(FP), R0
	MOVD sum_len+8(FP), R3
	MOVD dot_base+24(FP), R1
	MOVD dy_base+48(FP), R6
	MOVD x_base+72(FP), R7
	MOVD shift_base+96(FP), R2
	MOVD bits_base+120(FP), R11
	MOVD stride+152(FP), R4
	MOVD rows+160(FP), R5
	LSR  $3, R4, R13
	LSL  $2, R4
	CBZ  R3, done
	CONSTANT(factor+144(FP), F12, V12)
	POWERS

columns:
	TOP
	MOVD R11, R12
	VLD1.P 64(R2), [V8.S4, V9.S4, V10.S4, V11.S4]

row:
	READMASK(MOVHU, (R12))
	LOADX16
	LOADY16
	FMUL(12, 16, 16); FMUL(12, 17, 17); FMUL(12, 18, 18); FMUL(12, 19, 19)
	VAND V28.B16, V16.B16, V16.B16
	VAND V29.B16, V17.B16, V17.B16
	VAND V30.B16, V18.B16, V18.B16
	VAND V31.B16, V19.B16, V19.B16
	EACH(MASKSUMDOT)
	ADD  R4, R8
	ADD  R4, R9
	ADD  R13, R12
	SUBS $1, R10
	BNE  row
	ENDS16
	ADD  $64, R6
	ADD  $64, R7
	ADD  $2, R11
	SUBS $16, R3
	BNE  columns

done:
	RET
