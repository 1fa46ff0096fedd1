// Vector instructions that Go's assembler does not know. Operands are register
// numbers, in the assembler's order: the destination comes last, and FSUB, FDIV
// and the comparisons take their second source first, as VSUB does. Unless the
// name says otherwise, a register holds four float32.

#define FADD(m, n, d) WORD $(0x4e20d400 | (m)<<16 | (n)<<5 | (d)) // VFADD Vm.S4, Vn.S4, Vd.S4: d = n + m
#define FSUB(m, n, d) WORD $(0x4ea0d400 | (m)<<16 | (n)<<5 | (d)) // VFSUB Vm.S4, Vn.S4, Vd.S4: d = n - m
#define FMUL(m, n, d) WORD $(0x6e20dc00 | (m)<<16 | (n)<<5 | (d)) // VFMUL Vm.S4, Vn.S4, Vd.S4: d = n * m
#define FDIV(m, n, d) WORD $(0x6e20fc00 | (m)<<16 | (n)<<5 | (d)) // VFDIV Vm.S4, Vn.S4, Vd.S4: d = n / m
#define FMAX(m, n, d) WORD $(0x4e20f400 | (m)<<16 | (n)<<5 | (d)) // VFMAX Vm.S4, Vn.S4, Vd.S4
#define FMIN(m, n, d) WORD $(0x4ea0f400 | (m)<<16 | (n)<<5 | (d)) // VFMIN Vm.S4, Vn.S4, Vd.S4
#define FABS(n, d) WORD $(0x4ea0f800 | (n)<<5 | (d)) // VFABS Vn.S4, Vd.S4
#define FNEG(n, d) WORD $(0x6ea0f800 | (n)<<5 | (d)) // VFNEG Vn.S4, Vd.S4
#define FSQRT(n, d) WORD $(0x6ea1f800 | (n)<<5 | (d)) // VFSQRT Vn.S4, Vd.S4

// With one element of m. FMLAE rounds once.
#define FMULE(index, m, n, d) WORD $(0x4f809000 | ((index)&1)<<21 | ((index)>>1)<<11 | (m)<<16 | (n)<<5 | (d)) // VFMUL Vm.S[index], Vn.S4, Vd.S4: d = n * m[index]
#define FMLAE(index, m, n, d) WORD $(0x4f801000 | ((index)&1)<<21 | ((index)>>1)<<11 | (m)<<16 | (n)<<5 | (d)) // VFMLA Vm.S[index], Vn.S4, Vd.S4: d += n * m[index]

// Comparisons set a lane to ones or zeros. Those with NaN are false.
#define FCMEQ(m, n, d) WORD $(0x4e20e400 | (m)<<16 | (n)<<5 | (d)) // VFCMEQ Vm.S4, Vn.S4, Vd.S4: n == m
#define FCMGT(m, n, d) WORD $(0x6ea0e400 | (m)<<16 | (n)<<5 | (d)) // VFCMGT Vm.S4, Vn.S4, Vd.S4: n > m
#define FCMLE0(n, d) WORD $(0x6ea0d800 | (n)<<5 | (d)) // VFCMLE $0, Vn.S4, Vd.S4: n <= 0
#define CMHI(m, n, d) WORD $(0x6ea03400 | (m)<<16 | (n)<<5 | (d)) // VCMHI Vm.S4, Vn.S4, Vd.S4: n > m, unsigned integers
#define CMHS16(m, n, d) WORD $(0x6e603c00 | (m)<<16 | (n)<<5 | (d)) // VCMHS Vm.H8, Vn.H8, Vd.H8: n >= m, unsigned integers

#define BIC(m, n, d) WORD $(0x4e601c00 | (m)<<16 | (n)<<5 | (d)) // VBIC Vm.B16, Vn.B16, Vd.B16: d = n &^ m
#define SSHR(shift, n, d) WORD $(0x4f000400 | (64-(shift))<<16 | (n)<<5 | (d)) // VSSHR $shift, Vn.S4, Vd.S4: arithmetic shift

// Two float64.
#define FADD64(m, n, d) WORD $(0x4e60d400 | (m)<<16 | (n)<<5 | (d)) // VFADD Vm.D2, Vn.D2, Vd.D2: d = n + m
#define FCVTL(n, d) WORD $(0x0e617800 | (n)<<5 | (d)) // VFCVTL Vn.S2, Vd.D2: widens the lower half
#define FCVTL2(n, d) WORD $(0x4e617800 | (n)<<5 | (d)) // VFCVTL2 Vn.S4, Vd.D2: widens the upper half

// Products of unsigned 32-bit integers.
#define UMULL(m, n, d) WORD $(0x2ea0c000 | (m)<<16 | (n)<<5 | (d)) // VUMULL Vm.S2, Vn.S2, Vd.D2: of the lower halves
#define UMULL2(m, n, d) WORD $(0x6ea0c000 | (m)<<16 | (n)<<5 | (d)) // VUMULL2 Vm.S4, Vn.S4, Vd.D2: of the upper halves

// ZERO4 sets four registers to zero.
#define ZERO4(a, b, c, d) \
	VEOR a.B16, a.B16, a.B16 \
	VEOR b.B16, b.B16, b.B16 \
	VEOR c.B16, c.B16, c.B16 \
	VEOR d.B16, d.B16, d.B16

// CONSTANT sets all lanes of V to F, its lowest one, as just read from memory.
#define CONSTANT(address, F, V) \
	FMOVS address, F \
	VDUP  V.S[0], V.S4

// ELEMENTS runs WIDE for every 16 of R3 elements and QUAD for every four of the
// rest. Up to three elements are left over.
#define ELEMENTS(WIDE, QUAD) \
	SUBS $16, R3 \
	BLT  narrow \
wide: \
	WIDE \
	SUBS $16, R3 \
	BGE  wide \
narrow: \
	ADDS $12, R3 \
	BLT  done \
quad: \
	QUAD \
	SUBS $4, R3 \
	BGE  quad \
done:

// POWERS sets V24 to V27 to the values of 16 bits, to test them by.
#define POWERS \
	MOVD $0x200000001, R26 \
	VMOV R26, V24.D[0] \
	MOVD $0x800000004, R26 \
	VMOV R26, V24.D[1] \
	VSHL $4, V24.S4, V25.S4 \
	VSHL $8, V24.S4, V26.S4 \
	VSHL $12, V24.S4, V27.S4

// READMASK sets the lanes of V28 to V31 to ones or zeros, as the next 16 bits at
// the address say.
#define READMASK(read, address) \
	read   address, R26 \
	VDUP   R26, V31.S4 \
	VCMTST V24.S4, V31.S4, V28.S4 \
	VCMTST V25.S4, V31.S4, V29.S4 \
	VCMTST V26.S4, V31.S4, V30.S4 \
	VCMTST V27.S4, V31.S4, V31.S4

// RELU16 makes V0 to V3 their positive part, by the zero in V20, and sets R26 to
// their 16 bits. It uses V16 to V19.
#define RELU16 \
	FCMLE0(0, 16); FCMLE0(1, 17); FCMLE0(2, 18); FCMLE0(3, 19) \
	FMAX(20, 0, 0); FMAX(20, 1, 1); FMAX(20, 2, 2); FMAX(20, 3, 3) \
	BIC(16, 24, 16); BIC(17, 25, 17); BIC(18, 26, 18); BIC(19, 27, 19) \
	VORR  V17.B16, V16.B16, V16.B16 \
	VORR  V19.B16, V18.B16, V18.B16 \
	VORR  V18.B16, V16.B16, V16.B16 \
	VADDV V16.S4, V16 \
	VMOV  V16.S[0], R26
