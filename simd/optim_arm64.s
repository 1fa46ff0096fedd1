//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// Registers:
//
//	R0, R1, R2, R4    w, g, m, v
//	V0, V1, V2, V3    four elements of each
//	V28 to V31        wd, lr, momentum, negligible

// NEGLIGIBLE sets V31 to 2**-100.
#define NEGLIGIBLE \
	MOVD $0x0d800000, R5 \
	VDUP R5, V31.S4

// DECAY adds the weight decay to the gradient.
#define DECAY FMUL(28, 0, 4); FADD(4, 1, 1)

// FLUSHED makes negligible elements 0.
#define FLUSHED(x) \
	FABS(x, 4) \
	CMHI(4, 31, 4) \
	BIC(4, x, x)

// func sgdNEON(w, g []float32, lr, wd float32)
TEXT ·sgdNEON(SB), NOSPLIT, $0-56
	MOVD w_base+0(FP), R0
	MOVD w_len+8(FP), R3
	MOVD g_base+24(FP), R1
	CONSTANT(lr+48(FP), F29, V29)
	CONSTANT(wd+52(FP), F28, V28)
	SUBS $4, R3
	BLT  done

loop:
	FMOVQ   (R0), F0
	FMOVQ.P 16(R1), F1
	DECAY
	FMUL(29, 1, 1)
	FSUB(1, 0, 0)
	FMOVQ.P F0, 16(R0)
	SUBS    $4, R3
	BGE     loop

done:
	RET

// func sgdMomentumNEON(w, g, m []float32, lr, momentum, wd float32)
TEXT ·sgdMomentumNEON(SB), NOSPLIT, $0-84
	MOVD w_base+0(FP), R0
	MOVD w_len+8(FP), R3
	MOVD g_base+24(FP), R1
	MOVD m_base+48(FP), R2
	CONSTANT(lr+72(FP), F29, V29)
	CONSTANT(momentum+76(FP), F30, V30)
	CONSTANT(wd+80(FP), F28, V28)
	NEGLIGIBLE
	SUBS $4, R3
	BLT  done

loop:
	FMOVQ   (R0), F0
	FMOVQ.P 16(R1), F1
	FMOVQ   (R2), F2
	DECAY
	FMUL(30, 2, 2)
	FADD(1, 2, 2)
	FLUSHED(2)
	FMUL(29, 2, 4)
	FSUB(4, 0, 0)
	FMOVQ.P F2, 16(R2)
	FMOVQ.P F0, 16(R0)
	SUBS    $4, R3
	BGE     loop

done:
	RET

// func sgdNesterovNEON(w, g, m []float32, lr, momentum, wd float32)
TEXT ·sgdNesterovNEON(SB), NOSPLIT, $0-84
	MOVD w_base+0(FP), R0
	MOVD w_len+8(FP), R3
	MOVD g_base+24(FP), R1
	MOVD m_base+48(FP), R2
	CONSTANT(lr+72(FP), F29, V29)
	CONSTANT(momentum+76(FP), F30, V30)
	CONSTANT(wd+80(FP), F28, V28)
	NEGLIGIBLE
	SUBS $4, R3
	BLT  done

loop:
	FMOVQ   (R0), F0
	FMOVQ.P 16(R1), F1
	FMOVQ   (R2), F2
	DECAY
	FMUL(30, 2, 2)
	FADD(1, 2, 2)
	FLUSHED(2)
	FMUL(30, 2, 4)
	FADD(4, 1, 1)
	FMUL(29, 1, 1)
	FSUB(1, 0, 0)
	FMOVQ.P F2, 16(R2)
	FMOVQ.P F0, 16(R0)
	SUBS    $4, R3
	BGE     loop

done:
	RET

// func adamNEON(w, g, m, v []float32, k *adamFactors)
TEXT ·adamNEON(SB), NOSPLIT, $0-104
	MOVD    w_base+0(FP), R0
	MOVD    w_len+8(FP), R3
	MOVD    g_base+24(FP), R1
	MOVD    m_base+48(FP), R2
	MOVD    v_base+72(FP), R4
	MOVD    k+96(FP), R6
	VLD1R.P 4(R6), [V28.S4] // wd
	VLD1R.P 4(R6), [V21.S4] // oneBeta1
	VLD1R.P 4(R6), [V22.S4] // beta2
	VLD1R.P 4(R6), [V23.S4] // oneBeta2
	VLD1R.P 4(R6), [V24.S4] // correctV
	VLD1R.P 4(R6), [V25.S4] // eps
	VLD1R.P 4(R6), [V26.S4] // stepWidth
	NEGLIGIBLE
	SUBS    $4, R3
	BLT     done

loop:
	FMOVQ   (R0), F0
	FMOVQ.P 16(R1), F1
	FMOVQ   (R2), F2
	FMOVQ   (R4), F3
	DECAY
	FSUB(2, 1, 4)
	FMUL(21, 4, 4)
	FADD(4, 2, 2)
	FLUSHED(2)
	FMUL(22, 3, 3)
	FMUL(23, 1, 4)
	FMUL(1, 4, 4)
	FADD(4, 3, 3)
	FLUSHED(3)
	FSQRT(3, 4)
	FMUL(24, 4, 4)
	FADD(25, 4, 4)
	FMUL(26, 2, 5)
	FDIV(4, 5, 5)
	FSUB(5, 0, 0)
	FMOVQ.P F3, 16(R4)
	FMOVQ.P F2, 16(R2)
	FMOVQ.P F0, 16(R0)
	SUBS    $4, R3
	BGE     loop

done:
	RET

// func rmsPropNEON(w, g, v, m []float32, k *rmsPropFactors)
TEXT ·rmsPropNEON(SB), NOSPLIT, $0-104
	MOVD    w_base+0(FP), R0
	MOVD    w_len+8(FP), R3
	MOVD    g_base+24(FP), R1
	MOVD    v_base+48(FP), R2
	MOVD    m_base+72(FP), R4
	MOVD    k+96(FP), R6
	VLD1R.P 4(R6), [V28.S4] // wd
	VLD1R.P 4(R6), [V21.S4] // rho
	VLD1R.P 4(R6), [V22.S4] // oneRho
	VLD1R.P 4(R6), [V23.S4] // momentum
	VLD1R.P 4(R6), [V24.S4] // eps
	VLD1R.P 4(R6), [V25.S4] // lr
	NEGLIGIBLE
	SUBS    $4, R3
	BLT     done

loop:
	FMOVQ   (R0), F0
	FMOVQ.P 16(R1), F1
	FMOVQ   (R2), F2
	FMOVQ   (R4), F3
	DECAY
	FMUL(21, 2, 2)
	FMUL(22, 1, 4)
	FMUL(1, 4, 4)
	FADD(4, 2, 2)
	FLUSHED(2)
	FADD(24, 2, 4)
	FSQRT(4, 4)
	FMUL(25, 1, 1)
	FDIV(4, 1, 1)
	FMUL(23, 3, 3)
	FADD(1, 3, 3)
	FLUSHED(3)
	FSUB(3, 0, 0)
	FMOVQ.P F2, 16(R2)
	FMOVQ.P F3, 16(R4)
	FMOVQ.P F0, 16(R0)
	SUBS    $4, R3
	BGE     loop

done:
	RET
