//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// FMAXNM is FMAX, but takes the other element if one is NaN.
#define FMAXNM(m, n, d) WORD $(0x4e20c400 | (m)<<16 | (n)<<5 | (d)) // VFMAXNM Vm.S4, Vn.S4, Vd.S4

// func largestNEON(lanes *[16]float32, x []float32)
TEXT ·largestNEON(SB), NOSPLIT, $0-32
	MOVD lanes+0(FP), R0
	MOVD x_base+8(FP), R1
	MOVD x_len+16(FP), R3
	VLD1 (R0), [V0.S4, V1.S4, V2.S4, V3.S4]
	SUBS $16, R3
	BLT  done

loop:
	VLD1.P 64(R1), [V16.S4, V17.S4, V18.S4, V19.S4]
	FMAXNM(16, 0, 0)
	FMAXNM(17, 1, 1)
	FMAXNM(18, 2, 2)
	FMAXNM(19, 3, 3)
	SUBS $16, R3
	BGE  loop

done:
	VST1 [V0.S4, V1.S4, V2.S4, V3.S4], (R0)
	RET

// func sumLanesNEON(sums *sumLanes, x []float32)
TEXT ·sumLanesNEON(SB), NOSPLIT, $0-32
	MOVD sums+0(FP), R0
	MOVD x_base+8(FP), R1
	MOVD x_len+16(FP), R3
	VLD1 (R0), [V0.S4, V1.S4, V2.S4, V3.S4]
	SUBS $16, R3
	BLT  done

loop:
	VLD1.P 64(R1), [V16.S4, V17.S4, V18.S4, V19.S4]
	FADD(16, 0, 0)
	FADD(17, 1, 1)
	FADD(18, 2, 2)
	FADD(19, 3, 3)
	SUBS $16, R3
	BGE  loop

done:
	VST1 [V0.S4, V1.S4, V2.S4, V3.S4], (R0)
	RET
