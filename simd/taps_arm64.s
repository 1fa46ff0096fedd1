//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// Registers:
//
//	R0, R1, R2    rows of A, distance of rows and of columns, in bytes
//	R3, R4, R5    offsets, how many they are, length of a run
//	R6, R7        B, distance of its rows
//	R8, R9        rows of C, and their distance
//	R10, R11      rows and channels left
//	R12 to R14    A, B and C, as far as a group of channels has got
//	R15, R16      offset of the run, runs left
//	R17           columns left
//	R19 to R22    a column of four rows of A
//	R23           row of B
//	R24, R25      whether to add to C, number of channels
//	R26           row of C
//	V0 to V15     sums of four rows
//	V16 to V23    elements of A and of B

// Steps for groups of 16 channels, of four and of one.
#define READ16(at, by, a, b, c, d) VLD1.P (at)(by), [a.S4, b.S4, c.S4, d.S4]
#define READ4(at, by, a, b, c, d) VLD1.P (at)(by), [a.S4]
#define READ1(at, by, a, b, c, d) VLD1.P (at)(by), a.S[0]
#define WRITE16(at, by, a, b, c, d) VST1.P [a.S4, b.S4, c.S4, d.S4], (at)(by)
#define WRITE4(at, by, a, b, c, d) VST1.P [a.S4], (at)(by)
#define WRITE1(at, by, a, b, c, d) VST1.P a.S[0], (at)(by)
#define ADD16(a, b, c, d) ADD4(a, b, c, d); VFMLA V21.S4, V17.S4, b.S4; VFMLA V22.S4, V18.S4, c.S4; VFMLA V23.S4, V19.S4, d.S4
#define ADD4(a, b, c, d) VFMLA V20.S4, V16.S4, a.S4

// The parts of GROUP for one row and for four.
#define POINT1
#define POINT4 ADD R1, R19, R20; ADD R1, R20, R21; ADD R1, R21, R22
#define CLEAR1 ZERO4(V0, V1, V2, V3)
#define CLEAR4 CLEAR1; ZERO4(V4, V5, V6, V7); ZERO4(V8, V9, V10, V11); ZERO4(V12, V13, V14, V15)
#define SUMS1(DO) DO(R26, R9, V0, V1, V2, V3)
#define SUMS4(DO) SUMS1(DO); DO(R26, R9, V4, V5, V6, V7); DO(R26, R9, V8, V9, V10, V11); DO(R26, R9, V12, V13, V14, V15)
#define PIXEL1(READ, ADDUP) \
	READ(R23, R7, V20, V21, V22, V23) \
	READ(R19, R2, V16, V17, V18, V19) \
	ADDUP(V0, V1, V2, V3)
#define PIXEL4(READ, ADDUP) \
	PIXEL1(READ, ADDUP) \
	READ(R20, R2, V16, V17, V18, V19) \
	ADDUP(V4, V5, V6, V7) \
	READ(R21, R2, V16, V17, V18, V19) \
	ADDUP(V8, V9, V10, V11) \
	READ(R22, R2, V16, V17, V18, V19) \
	ADDUP(V12, V13, V14, V15)

// GROUP sums up a group of channels, which takes so many bytes.
#define GROUP(sum, tap, pixel, READ, WRITE, ADDUP, POINT, CLEAR, SUMS, PIXEL, bytes) \
	CLEAR \
	CBZ  R24, sum \
	MOVD R14, R26 \
	SUMS(READ) \
sum: \
	MOVD R3, R15 \
	MOVD R4, R16 \
	MOVD R13, R23 \
tap: \
	MOVD.P 8(R15), R19 \
	MOVD R5, R17 \
	ADD  R19<<2, R12, R19 \
	POINT \
pixel: \
	PIXEL(READ, ADDUP) \
	SUBS $1, R17 \
	BNE  pixel \
	SUBS $1, R16 \
	BNE  tap \
	MOVD R14, R26 \
	SUMS(WRITE) \
	ADD  $bytes, R12 \
	ADD  $bytes, R13 \
	ADD  $bytes, R14

// DEPTHWISE sums up all channels of R10 rows, of which it takes so many at once.
#define DEPTHWISE(POINT, CLEAR, SUMS, PIXEL, rows, shift) \
	MOVD count+0(FP), R10 \
	MOVD cols+8(FP), R25 \
	MOVD taps+16(FP), R4 \
	MOVD run+24(FP), R5 \
	MOVD a+32(FP), R0 \
	MOVD offsets+40(FP), R3 \
	MOVD row+48(FP), R1 \
	MOVD col+56(FP), R2 \
	MOVD b+64(FP), R6 \
	MOVD ldb+72(FP), R7 \
	MOVD c+80(FP), R8 \
	MOVD ldc+88(FP), R9 \
	MOVBU accumulate+96(FP), R24 \
	LSL  $2, R1 \
	LSL  $2, R2 \
	LSL  $2, R7 \
	LSL  $2, R9 \
block: \
	MOVD R0, R12 \
	MOVD R6, R13 \
	MOVD R8, R14 \
	SUBS $16, R25, R11 \
	BLT  narrow \
wide: \
	GROUP(sum16, tap16, pixel16, READ16, WRITE16, ADD16, POINT, CLEAR, SUMS, PIXEL, 64) \
	SUBS $16, R11 \
	BGE  wide \
narrow: \
	ADDS $12, R11 \
	BLT  last \
quad: \
	GROUP(sum4, tap4, pixel4, READ4, WRITE4, ADD4, POINT, CLEAR, SUMS, PIXEL, 16) \
	SUBS $4, R11 \
	BGE  quad \
last: \
	ADDS $4, R11 \
	BEQ  next \
single: \
	GROUP(sum1, tap1, pixel1, READ1, WRITE1, ADD4, POINT, CLEAR, SUMS, PIXEL, 4) \
	SUBS $1, R11 \
	BNE  single \
next: \
	ADD  R1<<shift, R0 \
	ADD  R9<<shift, R8 \
	SUBS $rows, R10 \
	BNE  block \
	RET

// func depthwiseTapsNEON(count, cols, taps, run int, a *float32, offsets *int, row, col int, b *float32, ldb int, c *float32, ldc int, accumulate bool)
TEXT ·depthwiseTapsNEON(SB), NOSPLIT, $0-97
	DEPTHWISE(POINT1, CLEAR1, SUMS1, PIXEL1, 1, 0)

// func depthwiseTaps4NEON(count, cols, taps, run int, a *float32, offsets *int, row, col int, b *float32, ldb int, c *float32, ldc int, accumulate bool)
TEXT ·depthwiseTaps4NEON(SB), NOSPLIT, $0-97
	DEPTHWISE(POINT4, CLEAR4, SUMS4, PIXEL4, 4, 2)
