package simd

//go:generate go -C _asm run ./gemm -out ../gemm_amd64.s
