//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// Registers:
//
//	R0, R1        group of dst and of src
//	R2, R3        distances of vectors, in bytes
//	R4, R5        distances of groups
//	R6, R7, R8    elements of a vector, groups left, elements left
//	R9 to R14     vectors of src
//	R15 to R21    vectors of dst; not R18, which is the system's
//	R22, R23      row of dst and of src
//	R24, R25      distances of rows
//	R26           rows left
//	V0 to V11     elements of src's vectors, two registers each
//	V12 to V19    others
//	V28 to V31    constants

// The constants' places in winogradConstants.
#define kA 0
#define kB 1
#define kP 2
#define kQ 3
#define kAP 4
#define kBQ 5
#define kPQ 6 // 1 / (p * q)
#define kHALF 7
#define kALPHA 8
#define kALPHAA 9
#define kALPHAP 10
#define kBETA 12
#define kBETAB 13
#define kBETAQ 14

// The steps of a transform, for four elements and for eight.
#define LOAD4(R, F, G) FMOVQ.P 16(R), F
#define LOAD8(R, F, G) FLDPQ.P 32(R), (F, G)
#define STORE4(F, G, R) FMOVQ.P F, 16(R)
#define STORE8(F, G, R) FSTPQ.P (F, G), 32(R)
#define ADD4(m, n, d) FADD(m, n, d)
#define ADD8(m, n, d) FADD(m, n, d); FADD((m)+1, (n)+1, (d)+1)
#define SUB4(m, n, d) FSUB(m, n, d)
#define SUB8(m, n, d) FSUB(m, n, d); FSUB((m)+1, (n)+1, (d)+1)
#define MUL4(k, n, d) FMULE((k)&3, 28+((k)>>2), n, d)
#define MUL8(k, n, d) MUL4(k, n, d); MUL4(k, (n)+1, (d)+1)

#define READ2(LOAD) LOAD(R9, F0, F1); LOAD(R10, F2, F3)
#define READ3(LOAD) READ2(LOAD); LOAD(R11, F4, F5)
#define READ4(LOAD) READ3(LOAD); LOAD(R12, F6, F7)
#define READ6(LOAD) READ4(LOAD); LOAD(R13, F8, F9); LOAD(R14, F10, F11)

#define INPUT2(LOAD, ADD, SUB, MUL, STORE) \
	READ4(LOAD) \
	SUB(4, 0, 0) \
	STORE(F0, F1, R15) \
	ADD(2, 4, 12) \
	STORE(F12, F13, R16) \
	SUB(2, 4, 4) \
	STORE(F4, F5, R17) \
	SUB(2, 6, 6) \
	STORE(F6, F7, R19)

#define KERNEL2(LOAD, ADD, SUB, MUL, STORE) \
	READ3(LOAD) \
	STORE(F0, F1, R15) \
	STORE(F4, F5, R19) \
	ADD(4, 0, 0) \
	MUL(kHALF, 0, 0) \
	MUL(kHALF, 2, 2) \
	ADD(2, 0, 4) \
	STORE(F4, F5, R16) \
	SUB(2, 0, 0) \
	STORE(F0, F1, R17)

#define OUTPUT2(LOAD, ADD, SUB, MUL, STORE) \
	READ4(LOAD) \
	ADD(2, 0, 0) \
	ADD(4, 0, 0) \
	STORE(F0, F1, R15) \
	SUB(4, 2, 2) \
	ADD(6, 2, 2) \
	STORE(F2, F3, R16)

#define OUTPUTGRAD2(LOAD, ADD, SUB, MUL, STORE) \
	READ2(LOAD) \
	STORE(F0, F1, R15) \
	STORE(F2, F3, R19) \
	ADD(2, 0, 4) \
	STORE(F4, F5, R16) \
	SUB(2, 0, 0) \
	STORE(F0, F1, R17)

#define KERNELGRAD2(LOAD, ADD, SUB, MUL, STORE) \
	READ4(LOAD) \
	ADD(4, 2, 12) \
	MUL(kHALF, 12, 12) \
	ADD(12, 0, 0) \
	STORE(F0, F1, R15) \
	SUB(4, 2, 2) \
	MUL(kHALF, 2, 2) \
	STORE(F2, F3, R16) \
	ADD(6, 12, 12) \
	STORE(F12, F13, R17)

#define INPUT4(LOAD, ADD, SUB, MUL, STORE) \
	READ6(LOAD) \
	MUL(kQ, 4, 12) \
	SUB(12, 8, 12) /* even */ \
	MUL(kQ, 2, 14) \
	SUB(14, 6, 14) /* odd */ \
	MUL(kQ, 0, 0) \
	SUB(0, 4, 0) \
	MUL(kP, 0, 0) \
	SUB(0, 12, 0) \
	STORE(F0, F1, R15) \
	MUL(kQ, 6, 16) \
	SUB(16, 10, 10) \
	MUL(kP, 14, 16) \
	SUB(16, 10, 10) \
	STORE(F10, F11, R21) \
	MUL(kA, 14, 14) \
	ADD(14, 12, 16) \
	STORE(F16, F17, R16) \
	SUB(14, 12, 12) \
	STORE(F12, F13, R17) \
	MUL(kP, 4, 4) \
	SUB(4, 8, 8) \
	MUL(kP, 2, 2) \
	SUB(2, 6, 6) \
	MUL(kB, 6, 6) \
	ADD(6, 8, 2) \
	STORE(F2, F3, R19) \
	SUB(6, 8, 8) \
	STORE(F8, F9, R20)

#define KERNEL4(LOAD, ADD, SUB, MUL, STORE) \
	READ3(LOAD) \
	STORE(F4, F5, R21) \
	MUL(kALPHA, 0, 6) \
	MUL(kALPHAP, 4, 8) \
	ADD(8, 6, 6) \
	MUL(kALPHAA, 2, 8) \
	ADD(8, 6, 10) \
	STORE(F10, F11, R16) \
	SUB(8, 6, 6) \
	STORE(F6, F7, R17) \
	MUL(kBETA, 0, 6) \
	MUL(kBETAQ, 4, 8) \
	ADD(8, 6, 6) \
	MUL(kBETAB, 2, 8) \
	ADD(8, 6, 10) \
	STORE(F10, F11, R19) \
	SUB(8, 6, 6) \
	STORE(F6, F7, R20) \
	MUL(kPQ, 0, 0) \
	STORE(F0, F1, R15)

// SUMS4 makes V2, V4, V6 and V8 the sum and the difference of vectors 1 and 2,
// and those of 3 and 4.
#define SUMS4(ADD, SUB) \
	SUB(4, 2, 12) \
	ADD(4, 2, 2) \
	SUB(8, 6, 14) \
	ADD(8, 6, 6)

#define OUTPUT4(LOAD, ADD, SUB, MUL, STORE) \
	READ6(LOAD) \
	SUMS4(ADD, SUB) \
	ADD(2, 0, 0) \
	ADD(6, 0, 0) \
	STORE(F0, F1, R15) \
	MUL(kP, 2, 2) \
	MUL(kQ, 6, 6) \
	ADD(6, 2, 2) \
	STORE(F2, F3, R17) \
	MUL(kA, 12, 16) \
	MUL(kB, 14, 18) \
	ADD(18, 16, 16) \
	STORE(F16, F17, R16) \
	MUL(kAP, 12, 12) \
	MUL(kBQ, 14, 14) \
	ADD(14, 12, 12) \
	ADD(10, 12, 12) \
	STORE(F12, F13, R19)

#define OUTPUTGRAD4(LOAD, ADD, SUB, MUL, STORE) \
	READ4(LOAD) \
	STORE(F0, F1, R15) \
	STORE(F6, F7, R21) \
	MUL(kP, 4, 8) \
	ADD(8, 0, 8) \
	MUL(kA, 2, 10) \
	MUL(kAP, 6, 12) \
	ADD(12, 10, 10) \
	ADD(10, 8, 12) \
	STORE(F12, F13, R16) \
	SUB(10, 8, 8) \
	STORE(F8, F9, R17) \
	MUL(kQ, 4, 4) \
	ADD(4, 0, 0) \
	MUL(kB, 2, 2) \
	MUL(kBQ, 6, 6) \
	ADD(6, 2, 2) \
	ADD(2, 0, 4) \
	STORE(F4, F5, R19) \
	SUB(2, 0, 0) \
	STORE(F0, F1, R20)

#define KERNELGRAD4(LOAD, ADD, SUB, MUL, STORE) \
	READ6(LOAD) \
	SUMS4(ADD, SUB) \
	MUL(kPQ, 0, 0) \
	MUL(kALPHA, 2, 16) \
	ADD(16, 0, 0) \
	MUL(kBETA, 6, 16) \
	ADD(16, 0, 0) \
	STORE(F0, F1, R15) \
	MUL(kALPHAA, 12, 12) \
	MUL(kBETAB, 14, 14) \
	ADD(14, 12, 12) \
	STORE(F12, F13, R16) \
	MUL(kALPHAP, 2, 2) \
	MUL(kBETAQ, 6, 6) \
	ADD(6, 2, 2) \
	ADD(10, 2, 2) \
	STORE(F2, F3, R17)

// SRCn and DSTn point to the vectors of a group.
#define SRC2 MOVD R1, R9; ADD R3, R9, R10
#define SRC3 SRC2; ADD R3, R10, R11
#define SRC4 SRC3; ADD R3, R11, R12
#define SRC6 SRC4; ADD R3, R12, R13; ADD R3, R13, R14
#define DST2 MOVD R0, R15; ADD R2, R15, R16
#define DST3 DST2; ADD R2, R16, R17
#define DST4 DST3; ADD R2, R17, R19
#define DST6 DST4; ADD R2, R19, R20; ADD R2, R20, R21

// LOOPS runs a transform on all elements of rows of groups of vectors.
#define LOOPS(SRC, DST, TRANSFORM) \
	MOVD dst+8(FP), R22 \
	MOVD dstStep+16(FP), R2 \
	MOVD dstNext+24(FP), R4 \
	MOVD dstRow+32(FP), R24 \
	MOVD src+40(FP), R23 \
	MOVD srcStep+48(FP), R3 \
	MOVD srcNext+56(FP), R5 \
	MOVD srcRow+64(FP), R25 \
	MOVD n+72(FP), R6 \
	MOVD rows+88(FP), R26 \
	MOVD constants+96(FP), R9 \
	VLD1 (R9), [V28.S4, V29.S4, V30.S4, V31.S4] \
	LSL  $2, R2 \
	LSL  $2, R3 \
	LSL  $2, R4 \
	LSL  $2, R5 \
	LSL  $2, R24 \
	LSL  $2, R25 \
row: \
	MOVD R22, R0 \
	MOVD R23, R1 \
	MOVD count+80(FP), R7 \
group: \
	SRC \
	DST \
	SUBS $8, R6, R8 \
	BLT  narrow \
wide: \
	TRANSFORM(LOAD8, ADD8, SUB8, MUL8, STORE8) \
	SUBS $8, R8 \
	BGE  wide \
narrow: \
	TBZ  $2, R6, next \
	TRANSFORM(LOAD4, ADD4, SUB4, MUL4, STORE4) \
next: \
	ADD  R4, R0 \
	ADD  R5, R1 \
	SUBS $1, R7 \
	BNE  group \
	ADD  R24, R22 \
	ADD  R25, R23 \
	SUBS $1, R26 \
	BNE  row \
	RET

// func winogradNEON(transform int, dst *float32, dstStep, dstNext, dstRow int, src *float32, srcStep, srcNext, srcRow int, n, count, rows int, constants *[16]float32)
TEXT ·winogradNEON(SB), NOSPLIT, $0-104
	MOVD transform+0(FP), R0
	CMP  $2, R0
	BLT  small
	BEQ  output2
	CMP  $4, R0
	BLT  outputGrad2
	BEQ  kernelGrad2
	CMP  $6, R0
	BLT  input4
	BEQ  kernel4
	CMP  $8, R0
	BLT  output4
	BEQ  outputGrad4
	JMP  winogradKernelGrad4<>(SB)

outputGrad4:
	JMP winogradOutputGrad4<>(SB)

output4:
	JMP winogradOutput4<>(SB)

kernel4:
	JMP winogradKernel4<>(SB)

input4:
	JMP winogradInput4<>(SB)

kernelGrad2:
	JMP winogradKernelGrad2<>(SB)

outputGrad2:
	JMP winogradOutputGrad2<>(SB)

output2:
	JMP winogradOutput2<>(SB)

small:
	CBZ R0, input2
	JMP winogradKernel2<>(SB)

input2:
	JMP winogradInput2<>(SB)

TEXT winogradInput2<>(SB), NOSPLIT, $0-104
	LOOPS(SRC4, DST4, INPUT2)

TEXT winogradKernel2<>(SB), NOSPLIT, $0-104
	LOOPS(SRC3, DST4, KERNEL2)

TEXT winogradOutput2<>(SB), NOSPLIT, $0-104
	LOOPS(SRC4, DST2, OUTPUT2)

TEXT winogradOutputGrad2<>(SB), NOSPLIT, $0-104
	LOOPS(SRC2, DST4, OUTPUTGRAD2)

TEXT winogradKernelGrad2<>(SB), NOSPLIT, $0-104
	LOOPS(SRC4, DST3, KERNELGRAD2)

TEXT winogradInput4<>(SB), NOSPLIT, $0-104
	LOOPS(SRC6, DST6, INPUT4)

TEXT winogradKernel4<>(SB), NOSPLIT, $0-104
	LOOPS(SRC3, DST6, KERNEL4)

TEXT winogradOutput4<>(SB), NOSPLIT, $0-104
	LOOPS(SRC6, DST4, OUTPUT4)

TEXT winogradOutputGrad4<>(SB), NOSPLIT, $0-104
	LOOPS(SRC4, DST6, OUTPUTGRAD4)

TEXT winogradKernelGrad4<>(SB), NOSPLIT, $0-104
	LOOPS(SRC6, DST3, KERNELGRAD4)
