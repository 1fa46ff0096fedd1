//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// Registers of the micro-kernel:
//
//	R0 to R5    rows of A
//	R6, R7      offset of the column of A, distance of columns, in elements
//	R8, R9      row of B, and its last four columns
//	R10         distance of the rows of B, in bytes
//	R11         how many rows of B are left
//	V0 to V3    row of B
//	V4 to V7    elements of A
//	V8 to V31   tile of C, row after row
//
// B and C cannot be read beyond their last column. So the last vector of a row
// starts four columns before its end, wherever the one before it ends: columns
// in both are computed twice, to the same result.

// LOADn reads a row of B of n vectors, LOAD0 of one element.
#define LOAD0 FMOVS (R8), F0
#define LOAD1 FMOVQ (R9), F0
#define LOAD2 FMOVQ (R8), F0; FMOVQ (R9), F1
#define LOAD3 FLDPQ (R8), (F0, F1); FMOVQ (R9), F2
#define LOAD4 FLDPQ (R8), (F0, F1); FMOVQ 32(R8), F2; FMOVQ (R9), F3

// ROWn multiplies an element of A, which it reads to Fx, with n vectors of B.
#define ROW1(row, F, x, c) FMOVS (row)(R6<<2), F; FMLA0(x, 0, c)
#define ROW2(row, F, x, c) ROW1(row, F, x, c); FMLA0(x, 1, (c)+1)
#define ROW3(row, F, x, c) ROW2(row, F, x, c); FMLA0(x, 2, (c)+2)
#define ROW4(row, F, x, c) ROW3(row, F, x, c); FMLA0(x, 3, (c)+3)

// ROWSn does so for n rows of A.
#define ROWS1(ROW, n) ROW(R0, F4, 4, 8)
#define ROWS2(ROW, n) ROWS1(ROW, n); ROW(R1, F5, 5, 8+n)
#define ROWS3(ROW, n) ROWS2(ROW, n); ROW(R2, F6, 6, 8+2*n)
#define ROWS4(ROW, n) ROWS3(ROW, n); ROW(R3, F7, 7, 8+3*n)
#define ROWS5(ROW, n) ROWS4(ROW, n); ROW(R4, F4, 4, 8+4*n)
#define ROWS6(ROW, n) ROWS5(ROW, n); ROW(R5, F5, 5, 8+5*n)

// LOOP multiplies rows of A with n vectors of B.
#define LOOP(label, LOAD, ROWS, ROW, n) \
label: \
	LOAD \
	ROWS(ROW, n) \
	ADD  R7, R6 \
	ADD  R10, R8 \
	ADD  R10, R9 \
	SUBS $1, R11 \
	BNE  label \
	JMP  update

// LOOPS has a loop for every number of rows, and goes to that for R12 rows.
#define LOOPS(l1, l2, l3, l4, l5, l6, LOAD, ROW, n) \
	CMP $2, R12 \
	BLT l1 \
	BEQ l2 \
	CMP $4, R12 \
	BLT l3 \
	BEQ l4 \
	CMP $6, R12 \
	BLT l5 \
	LOOP(l6, LOAD, ROWS6, ROW, n) \
	LOOP(l5, LOAD, ROWS5, ROW, n) \
	LOOP(l4, LOAD, ROWS4, ROW, n) \
	LOOP(l3, LOAD, ROWS3, ROW, n) \
	LOOP(l2, LOAD, ROWS2, ROW, n) \
	LOOP(l1, LOAD, ROWS1, ROW, n)

// ZEROTILE sets the tile of C to zero.
#define ZEROTILE \
	ZERO4(V8, V9, V10, V11) \
	ZERO4(V12, V13, V14, V15) \
	ZERO4(V16, V17, V18, V19) \
	ZERO4(V20, V21, V22, V23) \
	ZERO4(V24, V25, V26, V27) \
	ZERO4(V28, V29, V30, V31)

// SCALE multiplies a vector with alpha.
#define SCALE(x, y) WORD $(0x4f809000 | 30<<16 | (x)<<5 | (y)) // VFMUL V30.S[0], Vx.S4, Vy.S4

// func gemmTileNEON(rows, cols, k int, a *float32, aRow, aCol int, b *float32, bRow int, c *float32, ldc int, alpha, beta float32)
TEXT ·gemmTileNEON(SB), NOSPLIT, $384-88
	MOVD rows+0(FP), R12
	MOVD cols+8(FP), R13
	MOVD k+16(FP), R11
	MOVD a+24(FP), R0
	MOVD aRow+32(FP), R1
	MOVD aCol+40(FP), R7
	MOVD b+48(FP), R8
	MOVD bRow+56(FP), R10
	LSL  $2, R1, R2
	ADD  R2, R0, R1
	ADD  R2, R1, R3
	ADD  R2, R3, R4
	ADD  R2, R4, R5
	ADD  R2, R5, R6
	MOVD R3, R2
	MOVD R4, R3
	MOVD R5, R4
	MOVD R6, R5
	MOVD ZR, R6
	LSL  $2, R10
	ADD  R13<<2, R8, R9
	SUB  $16, R9
	ZEROTILE
	CMP  $4, R13
	BLT  column
	BEQ  vectors1
	CMP  $8, R13
	BLE  vectors2
	CMP  $12, R13
	BLE  vectors3
	LOOPS(loop1x4, loop2x4, loop3x4, loop4x4, loop5x4, loop6x4, LOAD4, ROW4, 4)

vectors3:
	LOOPS(loop1x3, loop2x3, loop3x3, loop4x3, loop5x3, loop6x3, LOAD3, ROW3, 3)

vectors2:
	LOOPS(loop1x2, loop2x2, loop3x2, loop4x2, loop5x2, loop6x2, LOAD2, ROW2, 2)

vectors1:
	LOOPS(loop1x1, loop2x1, loop3x1, loop4x1, loop5x1, loop6x1, LOAD1, ROW1, 1)

column:
	LOOPS(loop1x0, loop2x0, loop3x0, loop4x0, loop5x0, loop6x0, LOAD0, ROW1, 1)

// From memory, the rows of the tile can be reached in a loop. R0 is the row of
// the tile, R1 that of C, and R2 its last four columns.
update:
	MOVD $tile-384(SP), R0
	MOVD R0, R3
	VST1.P [V8.S4, V9.S4, V10.S4, V11.S4], 64(R3)
	VST1.P [V12.S4, V13.S4, V14.S4, V15.S4], 64(R3)
	VST1.P [V16.S4, V17.S4, V18.S4, V19.S4], 64(R3)
	VST1.P [V20.S4, V21.S4, V22.S4, V23.S4], 64(R3)
	VST1.P [V24.S4, V25.S4, V26.S4, V27.S4], 64(R3)
	VST1.P [V28.S4, V29.S4, V30.S4, V31.S4], 64(R3)
	MOVD c+64(FP), R1
	MOVD ldc+72(FP), R10
	LSL  $2, R10
	ADD  R13<<2, R1, R2
	SUB  $16, R2
	FMOVS alpha+80(FP), F30
	MOVW beta+84(FP), R4
	VDUP R4, V31.S4
	LSLW $1, R4 // drops the sign: -0 is 0
	CMP  $4, R13
	BLT  update0
	BEQ  update1
	CMP  $8, R13
	BLE  update2
	CMP  $12, R13
	BLE  update3

update4:
	VLD1.P 64(R0), [V0.S4, V1.S4, V2.S4, V3.S4]
	SCALE(0, 8)
	SCALE(1, 9)
	SCALE(2, 10)
	SCALE(3, 11)
	CBZW R4, store4
	FLDPQ (R1), (F0, F1)
	FMOVQ 32(R1), F2
	FMOVQ (R2), F3
	VFMLA V0.S4, V31.S4, V8.S4
	VFMLA V1.S4, V31.S4, V9.S4
	VFMLA V2.S4, V31.S4, V10.S4
	VFMLA V3.S4, V31.S4, V11.S4
store4:
	FSTPQ (F8, F9), (R1)
	FMOVQ F10, 32(R1)
	FMOVQ F11, (R2)
	ADD   R10, R1
	ADD   R10, R2
	SUBS  $1, R12
	BNE   update4
	RET

update3:
	VLD1.P 48(R0), [V0.S4, V1.S4, V2.S4]
	SCALE(0, 8)
	SCALE(1, 9)
	SCALE(2, 10)
	CBZW R4, store3
	FLDPQ (R1), (F0, F1)
	FMOVQ (R2), F2
	VFMLA V0.S4, V31.S4, V8.S4
	VFMLA V1.S4, V31.S4, V9.S4
	VFMLA V2.S4, V31.S4, V10.S4
store3:
	FSTPQ (F8, F9), (R1)
	FMOVQ F10, (R2)
	ADD   R10, R1
	ADD   R10, R2
	SUBS  $1, R12
	BNE   update3
	RET

update2:
	VLD1.P 32(R0), [V0.S4, V1.S4]
	SCALE(0, 8)
	SCALE(1, 9)
	CBZW R4, store2
	FMOVQ (R1), F0
	FMOVQ (R2), F1
	VFMLA V0.S4, V31.S4, V8.S4
	VFMLA V1.S4, V31.S4, V9.S4
store2:
	FMOVQ F8, (R1)
	FMOVQ F9, (R2)
	ADD   R10, R1
	ADD   R10, R2
	SUBS  $1, R12
	BNE   update2
	RET

update1:
	FMOVQ.P 16(R0), F0
	SCALE(0, 8)
	CBZW R4, store1
	FMOVQ (R1), F0
	VFMLA V0.S4, V31.S4, V8.S4
store1:
	FMOVQ F8, (R1)
	ADD   R10, R1
	SUBS  $1, R12
	BNE   update1
	RET

update0:
	FMOVQ.P 16(R0), F0
	SCALE(0, 8)
	CBZW R4, store0
	FMOVS (R1), F0
	VFMLA V0.S4, V31.S4, V8.S4
store0:
	FMOVS F8, (R1)
	ADD   R10, R1
	SUBS  $1, R12
	BNE   update0
	RET

// TRANSPOSE4 sets d0 to d3 to the columns of the rows a0 to a3, by way of t0 to
// t3.
#define TRANSPOSE4(a0, a1, a2, a3, t0, t1, t2, t3, d0, d1, d2, d3) \
	VTRN1 a1.S4, a0.S4, t0.S4 \
	VTRN2 a1.S4, a0.S4, t1.S4 \
	VTRN1 a3.S4, a2.S4, t2.S4 \
	VTRN2 a3.S4, a2.S4, t3.S4 \
	VTRN1 t2.D2, t0.D2, d0.D2 \
	VTRN1 t3.D2, t1.D2, d1.D2 \
	VTRN2 t2.D2, t0.D2, d2.D2 \
	VTRN2 t3.D2, t1.D2, d3.D2

// func gemmTranspose8NEON(dst *float32, dstRow int, src *float32, srcRow int, quads int)
TEXT ·gemmTranspose8NEON(SB), NOSPLIT, $0-40
	MOVD dst+0(FP), R0
	MOVD dstRow+8(FP), R1
	MOVD src+16(FP), R2
	MOVD srcRow+24(FP), R3
	MOVD quads+32(FP), R4
	LSL  $2, R1
	LSL  $2, R3
	ADD  R3, R2, R5
	ADD  R3, R5, R6
	ADD  R3, R6, R7
	ADD  R3, R7, R8
	ADD  R3, R8, R9
	ADD  R3, R9, R10
	ADD  R3, R10, R11

transpose:
	FMOVQ.P 16(R2), F0
	FMOVQ.P 16(R5), F1
	FMOVQ.P 16(R6), F2
	FMOVQ.P 16(R7), F3
	FMOVQ.P 16(R8), F4
	FMOVQ.P 16(R9), F5
	FMOVQ.P 16(R10), F6
	FMOVQ.P 16(R11), F7
	TRANSPOSE4(V0, V1, V2, V3, V8, V9, V10, V11, V16, V17, V18, V19)
	TRANSPOSE4(V4, V5, V6, V7, V12, V13, V14, V15, V20, V21, V22, V23)
	FSTPQ   (F16, F20), (R0)
	ADD     R1, R0
	FSTPQ   (F17, F21), (R0)
	ADD     R1, R0
	FSTPQ   (F18, F22), (R0)
	ADD     R1, R0
	FSTPQ   (F19, F23), (R0)
	ADD     R1, R0
	SUBS    $1, R4
	BNE     transpose
	RET

// FMLAS multiplies an element with four vectors.
#define FMLAS(x, c) \
	FMLA0(x, 0, c) \
	FMLA0(x, 1, (c)+1) \
	FMLA0(x, 2, (c)+2) \
	FMLA0(x, 3, (c)+3)

// func fmaLoopNEON(iterations int)
TEXT ·fmaLoopNEON(SB), NOSPLIT, $0-8
	MOVD iterations+0(FP), R11
	ZERO4(V0, V1, V2, V3)
	ZERO4(V4, V5, V6, V7)
	ZEROTILE

fma:
	FMLAS(4, 8)
	FMLAS(5, 12)
	FMLAS(6, 16)
	FMLAS(7, 20)
	FMLAS(4, 24)
	FMLAS(5, 28)
	SUBS $1, R11
	BNE  fma
	RET
