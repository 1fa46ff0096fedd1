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

// d += n * m[0], rounded once
#define FMLA0(m, n, d) WORD $(0x4f801000 | (m)<<16 | (n)<<5 | (d)) // VFMLA Vm.S[0], Vn.S4, Vd.S4

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
