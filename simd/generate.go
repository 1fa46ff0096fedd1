package simd

//go:generate go -C _asm run ./gemm -out ../gemm_amd64.s
//go:generate go -C _asm run ./vectors -family arith -out ../arith_amd64.s
//go:generate go -C _asm run ./vectors -family ends -out ../ends_amd64.s
//go:generate go -C _asm run ./vectors -family exp -out ../exp_amd64.s
//go:generate go -C _asm run ./vectors -family mask -out ../mask_amd64.s
//go:generate go -C _asm run ./vectors -family optim -out ../optim_amd64.s
//go:generate go -C _asm run ./vectors -family philox -out ../philox_amd64.s
//go:generate go -C _asm run ./vectors -family pool -out ../pool_amd64.s
//go:generate go -C _asm run ./vectors -family reduce -out ../reduce_amd64.s
//go:generate go -C _asm run ./vectors -family rows -out ../rows_amd64.s
//go:generate go -C _asm run ./vectors -family rowsums -out ../rowsums_amd64.s
//go:generate go -C _asm run ./vectors -family taps -out ../taps_amd64.s
//go:generate go -C _asm run ./vectors -family softmax -out ../softmax_amd64.s
//go:generate go -C _asm run ./vectors -family winograd -out ../winograd_amd64.s
//go:generate go -C _asm run ./dispatch -for amd64 -out ../dispatch_amd64.go
//go:generate go -C _asm run ./dispatch -for arm64 -out ../dispatch_arm64.go
//go:generate go -C _asm run ./dispatch -for noasm -out ../dispatch_noasm.go
//go:generate go test -run TestAssemblyIsCurrent -update-sums .
