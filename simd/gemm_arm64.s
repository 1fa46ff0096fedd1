//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// Registers of the micro-kernel:
//
//	R0 to R5    rows of A
//	R6, R7      offset of the column of A, distance of columns, in elements
//	R8, R9      row of B, and its last four columns
//	R10         distance of the rows of B, in bytes
//	R11         how many rows of B are left in the run
//	R12, R13    rows and columns of the tile
//	R14, R15    tile of A, distance of its rows, in bytes
//	R16, R17    offset of the run, runs left
//	R19, R20    tiles left, tile of C
//	R21         what is left of R10 behind half a row
//	R22         distance of the columns of A, in bytes
//	R23         0 if alpha is 1 and beta is 0
//	R24, R25    rows of C left, distance of its rows, in bytes
//	R26         distance of the tiles of A, in bytes
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
#define ROW1(row, F, x, c) FMOVS (row)(R6<<2), F; FMLAE(0, x, 0, c)
#define ROW2(row, F, x, c) ROW1(row, F, x, c); FMLAE(0, x, 1, (c)+1)
#define ROW3(row, F, x, c) ROW2(row, F, x, c); FMLAE(0, x, 2, (c)+2)
#define ROW4(row, F, x, c) ROW3(row, F, x, c); FMLAE(0, x, 3, (c)+3)

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
	JMP  endRun

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

// Where all 16 columns are wanted and rows of A are contiguous, four of their
// elements are read at once, to V0 to V5, and half a row of B to V6 and V7.
// HALFn multiplies it with element k of n rows; c is 0 or 2.
#define HALF1(k, c) FMLAE(k, 0, 6, 8+c); FMLAE(k, 0, 7, 9+c)
#define HALF2(k, c) HALF1(k, c); FMLAE(k, 1, 6, 12+c); FMLAE(k, 1, 7, 13+c)
#define HALF3(k, c) HALF2(k, c); FMLAE(k, 2, 6, 16+c); FMLAE(k, 2, 7, 17+c)
#define HALF4(k, c) HALF3(k, c); FMLAE(k, 3, 6, 20+c); FMLAE(k, 3, 7, 21+c)
#define HALF5(k, c) HALF4(k, c); FMLAE(k, 4, 6, 24+c); FMLAE(k, 4, 7, 25+c)
#define HALF6(k, c) HALF5(k, c); FMLAE(k, 5, 6, 28+c); FMLAE(k, 5, 7, 29+c)
#define HALVES(HALF, k) \
	VLD1.P 32(R8), [V6.S4, V7.S4] \
	HALF(k, 0) \
	VLD1.P (R8)(R21), [V6.S4, V7.S4] \
	HALF(k, 2)

// QUADn reads four elements of n rows of A.
#define QUAD1 FMOVQ.P 16(R0), F0
#define QUAD2 QUAD1; FMOVQ.P 16(R1), F1
#define QUAD3 QUAD2; FMOVQ.P 16(R2), F2
#define QUAD4 QUAD3; FMOVQ.P 16(R3), F3
#define QUAD5 QUAD4; FMOVQ.P 16(R4), F4
#define QUAD6 QUAD5; FMOVQ.P 16(R5), F5

#define ALONG(label, QUAD, HALF) \
label: \
	QUAD \
	HALVES(HALF, 0) \
	HALVES(HALF, 1) \
	HALVES(HALF, 2) \
	HALVES(HALF, 3) \
	SUBS $4, R11 \
	BGE  label \
	JMP  alongRest

// Where all 16 columns are wanted and columns of A are contiguous, one is read at
// once, to V0 and V1. TIMES multiplies a row of B with one of its elements.
#define TIMES(index, m, c) \
	FMLAE(index, m, 4, c) \
	FMLAE(index, m, 5, (c)+1) \
	FMLAE(index, m, 6, (c)+2) \
	FMLAE(index, m, 7, (c)+3)
#define TIMES4 TIMES(0, 0, 8); TIMES(1, 0, 12); TIMES(2, 0, 16); TIMES(3, 0, 20)
#define TIMES5 TIMES4; TIMES(0, 1, 24)
#define TIMES6 TIMES5; TIMES(1, 1, 28)

// RESTn reads what V1 has.
#define REST4
#define REST5 VLD1.P (R1)(R22), V1.S[0]
#define REST6 VLD1.P (R1)(R22), [V1.S2]

#define ACROSS(label, REST, TIMESn) \
label: \
	VLD1.P (R8)(R10), [V4.S4, V5.S4, V6.S4, V7.S4] \
	VLD1.P (R0)(R22), [V0.S4] \
	REST \
	TIMESn \
	SUBS $1, R11 \
	BNE  label \
	JMP  endRun

// ZEROTILE sets the tile of C to zero.
#define ZEROTILE \
	ZERO4(V8, V9, V10, V11) \
	ZERO4(V12, V13, V14, V15) \
	ZERO4(V16, V17, V18, V19) \
	ZERO4(V20, V21, V22, V23) \
	ZERO4(V24, V25, V26, V27) \
	ZERO4(V28, V29, V30, V31)

// SCALE multiplies a vector with alpha.
#define SCALE(x, y) FMULE(0, 30, x, y)

// func gemmTilesNEON(tiles, rows, cols, taps, run int, a *float32, offsets *int, aTile, aRow, aCol int, b *float32, bRow int, c *float32, ldc int, alpha, beta float32)
TEXT ·gemmTilesNEON(SB), NOSPLIT, $384-120
	MOVD tiles+0(FP), R19
	MOVD rows+8(FP), R12
	MOVD cols+16(FP), R13
	MOVD a+40(FP), R14
	MOVD aTile+56(FP), R26
	MOVD aRow+64(FP), R15
	MOVD aCol+72(FP), R7
	MOVD bRow+88(FP), R10
	MOVD c+96(FP), R20
	MOVD ldc+104(FP), R25
	LSL  $2, R26
	LSL  $2, R15
	LSL  $2, R7, R22
	LSL  $2, R10
	LSL  $2, R25
	SUB  $32, R10, R21
	MOVD alpha+112(FP), R0 // and beta, whose bits are the upper ones
	MOVD $0x3f800000, R1
	EOR  R1, R0, R23

tile:
	MOVD offsets+48(FP), R16
	MOVD taps+24(FP), R17
	MOVD b+80(FP), R8
	ADD  R13<<2, R8, R9
	SUB  $16, R9
	ZEROTILE

run:
	MOVD.P 8(R16), R0
	MOVD run+32(FP), R11
	MOVD ZR, R6
	ADD  R0<<2, R14, R0
	ADD  R15, R0, R1
	ADD  R15, R1, R2
	ADD  R15, R2, R3
	ADD  R15, R3, R4
	ADD  R15, R4, R5
	CMP  $4, R13
	BLT  column
	BEQ  vectors1
	CMP  $8, R13
	BLE  vectors2
	CMP  $12, R13
	BLE  vectors3
	CMP  $16, R13
	BNE  vectors4
	CMP  $1, R7
	BEQ  along
	CMP  $4, R15
	BNE  vectors4
	CMP  $4, R12
	BLT  vectors4
	ADD  $16, R0, R1
	BEQ  across4
	CMP  $6, R12
	BLT  across5
	ACROSS(across6, REST6, TIMES6)
	ACROSS(across5, REST5, TIMES5)
	ACROSS(across4, REST4, TIMES4)

along:
	SUBS $4, R11
	BLT  alongRest
	CMP  $2, R12
	BLT  along1
	BEQ  along2
	CMP  $4, R12
	BLT  along3
	BEQ  along4
	CMP  $6, R12
	BLT  along5
	ALONG(along6, QUAD6, HALF6)
	ALONG(along5, QUAD5, HALF5)
	ALONG(along4, QUAD4, HALF4)
	ALONG(along3, QUAD3, HALF3)
	ALONG(along2, QUAD2, HALF2)
	ALONG(along1, QUAD1, HALF1)

alongRest:
	ADDS $4, R11
	BEQ  endRun
	ADD  $48, R8, R9

vectors4:
	LOOPS(loop1x4, loop2x4, loop3x4, loop4x4, loop5x4, loop6x4, LOAD4, ROW4, 4)

vectors3:
	LOOPS(loop1x3, loop2x3, loop3x3, loop4x3, loop5x3, loop6x3, LOAD3, ROW3, 3)

vectors2:
	LOOPS(loop1x2, loop2x2, loop3x2, loop4x2, loop5x2, loop6x2, LOAD2, ROW2, 2)

vectors1:
	LOOPS(loop1x1, loop2x1, loop3x1, loop4x1, loop5x1, loop6x1, LOAD1, ROW1, 1)

column:
	LOOPS(loop1x0, loop2x0, loop3x0, loop4x0, loop5x0, loop6x0, LOAD0, ROW1, 1)

endRun:
	SUBS $1, R17
	BNE  run
	MOVD R20, R1
	CBNZ R23, update
	CMP  $16, R13
	BNE  update
	VST1.P [V8.S4, V9.S4, V10.S4, V11.S4], (R1)(R25)
	CMP  $2, R12
	BLT  endTile
	VST1.P [V12.S4, V13.S4, V14.S4, V15.S4], (R1)(R25)
	BEQ  endTile
	VST1.P [V16.S4, V17.S4, V18.S4, V19.S4], (R1)(R25)
	CMP  $4, R12
	BLT  endTile
	VST1.P [V20.S4, V21.S4, V22.S4, V23.S4], (R1)(R25)
	BEQ  endTile
	VST1.P [V24.S4, V25.S4, V26.S4, V27.S4], (R1)(R25)
	CMP  $6, R12
	BLT  endTile
	VST1.P [V28.S4, V29.S4, V30.S4, V31.S4], (R1)(R25)

endTile:
	MOVD R1, R20
	ADD  R26, R14
	SUBS $1, R19
	BNE  tile
	RET

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
	MOVD R12, R24
	ADD  R13<<2, R1, R2
	SUB  $16, R2
	FMOVS alpha+112(FP), F30
	MOVW beta+116(FP), R4
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
	ADD   R25, R1
	ADD   R25, R2
	SUBS  $1, R24
	BNE   update4
	B     endTile

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
	ADD   R25, R1
	ADD   R25, R2
	SUBS  $1, R24
	BNE   update3
	B     endTile

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
	ADD   R25, R1
	ADD   R25, R2
	SUBS  $1, R24
	BNE   update2
	B     endTile

update1:
	FMOVQ.P 16(R0), F0
	SCALE(0, 8)
	CBZW R4, store1
	FMOVQ (R1), F0
	VFMLA V0.S4, V31.S4, V8.S4
store1:
	FMOVQ F8, (R1)
	ADD   R25, R1
	SUBS  $1, R24
	BNE   update1
	B     endTile

update0:
	FMOVQ.P 16(R0), F0
	SCALE(0, 8)
	CBZW R4, store0
	FMOVS (R1), F0
	VFMLA V0.S4, V31.S4, V8.S4
store0:
	FMOVS F8, (R1)
	ADD   R25, R1
	SUBS  $1, R24
	BNE   update0
	B     endTile

// func gemmCopyRowsNEON(dst *float32, dstRow int, src *float32, srcRow int, rows, n int)
TEXT ·gemmCopyRowsNEON(SB), NOSPLIT, $0-48
	MOVD dst+0(FP), R0
	MOVD dstRow+8(FP), R1
	MOVD src+16(FP), R2
	MOVD srcRow+24(FP), R3
	MOVD rows+32(FP), R4
	MOVD n+40(FP), R5
	LSL  $2, R1
	LSL  $2, R3
	CMP  $8, R5
	BLE  ends

copy16:
	VLD1.P (R2)(R3), [V0.S4, V1.S4, V2.S4, V3.S4]
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], (R0)(R1)
	SUBS   $1, R4
	BNE    copy16
	RET

// The first and the last four elements of a row, which may overlap.
ends:
	SUB $4, R5
	ADD R5<<2, R2, R6
	ADD R5<<2, R0, R7

copyEnds:
	VLD1.P (R2)(R3), [V0.S4]
	VLD1.P (R6)(R3), [V1.S4]
	VST1.P [V0.S4], (R0)(R1)
	VST1.P [V1.S4], (R7)(R1)
	SUBS   $1, R4
	BNE    copyEnds
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
	FMLAE(0, x, 0, c) \
	FMLAE(0, x, 1, (c)+1) \
	FMLAE(0, x, 2, (c)+2) \
	FMLAE(0, x, 3, (c)+3)

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
