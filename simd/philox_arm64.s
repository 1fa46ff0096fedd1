//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// Registers:
//
//	V0 to V3      words of four blocks
//	V4 to V9      products
//	V12 to V15    the next counters of the four blocks
//	V16, V17      key of the round
//	V18, V19      key
//	V20, V21      philoxM0, philoxM1
//	V22, V23      philoxW0, philoxW1
//	V24           four, in the first word of the counter

// BROADCAST sets all lanes of V to a word, which MOVE reads.
#define BROADCAST(MOVE, word, V) \
	MOVE word, R5 \
	VDUP R5, V.S4

// SETUP reads the counter at R1 and the key at R2.
#define SETUP \
	BROADCAST(MOVWU, (R1), V12) \
	BROADCAST(MOVWU, 4(R1), V13) \
	BROADCAST(MOVWU, 8(R1), V14) \
	BROADCAST(MOVWU, 12(R1), V15) \
	BROADCAST(MOVWU, (R2), V18) \
	BROADCAST(MOVWU, 4(R2), V19) \
	BROADCAST(MOVD, $0xd2511f53, V20) \
	BROADCAST(MOVD, $0xcd9e8d57, V21) \
	BROADCAST(MOVD, $0x9e3779b9, V22) \
	BROADCAST(MOVD, $0xbb67ae85, V23) \
	BROADCAST(MOVD, $4, V24) \
	MOVD $0x100000000, R5 \
	VMOV R5, V4.D[0] \
	MOVD $0x300000002, R5 \
	VMOV R5, V4.D[1] \
	VADD V4.S4, V12.S4, V12.S4

// ROUND multiplies the first and third words: V4, V5 and V6, V7 are the
// products, V8 and V9 their upper halves, V1 and V3 the lower ones.
#define ROUND \
	UMULL(20, 0, 4) \
	UMULL2(20, 0, 5) \
	UMULL(21, 2, 6) \
	UMULL2(21, 2, 7) \
	VUZP2 V5.S4, V4.S4, V8.S4 \
	VUZP2 V7.S4, V6.S4, V9.S4 \
	VEOR  V1.B16, V9.B16, V0.B16 \
	VEOR  V3.B16, V8.B16, V2.B16 \
	VEOR  V16.B16, V0.B16, V0.B16 \
	VEOR  V17.B16, V2.B16, V2.B16 \
	VUZP1 V7.S4, V6.S4, V1.S4 \
	VUZP1 V5.S4, V4.S4, V3.S4 \
	VADD  V22.S4, V16.S4, V16.S4 \
	VADD  V23.S4, V17.S4, V17.S4

// BLOCKS sets V0 to V3 to the next four blocks.
#define BLOCKS \
	VMOV V12.B16, V0.B16 \
	VMOV V13.B16, V1.B16 \
	VMOV V14.B16, V2.B16 \
	VMOV V15.B16, V3.B16 \
	VMOV V18.B16, V16.B16 \
	VMOV V19.B16, V17.B16 \
	VADD V24.S4, V12.S4, V12.S4 \
	ROUND \
	ROUND \
	ROUND \
	ROUND \
	ROUND \
	ROUND \
	ROUND \
	ROUND \
	ROUND \
	ROUND

// func philoxFillNEON(dst []uint32, ctr *[4]uint32, key *[2]uint32)
TEXT ·philoxFillNEON(SB), NOSPLIT, $0-40
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R3
	MOVD ctr+24(FP), R1
	MOVD key+32(FP), R2
	SETUP
	SUBS $16, R3
	BLT  done

loop:
	BLOCKS
	VST4.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R0)
	SUBS   $16, R3
	BGE    loop

done:
	RET

// KEEP leaves in the halves of V, which is register v, the bits of V by the
// values in W of those that are at least the threshold in V25.
#define KEEP(v, V, W) \
	CMHS16(25, v, v) \
	VAND W.B16, V.B16, V.B16

// func bernoulliNEON(bits []uint32, threshold uint16, key *[2]uint32, ctr *[4]uint32)
TEXT ·bernoulliNEON(SB), NOSPLIT, $0-48
	MOVD  bits_base+0(FP), R0
	MOVD  bits_len+8(FP), R3
	MOVHU threshold+24(FP), R5
	MOVD  key+32(FP), R2
	MOVD  ctr+40(FP), R1
	VDUP  R5, V25.H8
	SETUP

	// Word i of a block has bits 2i, from its low half, and 2i+1.
	BROADCAST(MOVD, $0x00020001, V28)
	VSHL $2, V28.S4, V29.S4
	VSHL $4, V28.S4, V30.S4
	VSHL $6, V28.S4, V31.S4
	CBZ  R3, done

loop:
	BLOCKS
	KEEP(0, V0, V28)
	KEEP(1, V1, V29)
	KEEP(2, V2, V30)
	KEEP(3, V3, V31)
	VORR  V1.B16, V0.B16, V0.B16
	VORR  V3.B16, V2.B16, V2.B16
	VORR  V2.B16, V0.B16, V0.B16
	VUSHR $16, V0.S4, V1.S4
	VORR  V1.B16, V0.B16, V0.B16

	// The lowest byte of every block's four is its part of the word.
	VUZP1  V0.H8, V0.H8, V0.H8
	VUZP1  V0.B16, V0.B16, V0.B16
	VMOV   V0.S[0], R5
	MOVW.P R5, 4(R0)
	SUBS   $1, R3
	BNE    loop

done:
	RET
