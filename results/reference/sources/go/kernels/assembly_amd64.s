// The micro-kernels of the rung assembly. Each holds its tile of C in registers for the whole depth: a step
// loads one row of the strip of B and multiplies it by each number of one column of the strip of A.
// Meanwhile they ask for the tile's rows of C, one before each of as many shares of the steps: fetching all
// of them from memory at once would hold up the loads of A and B.

#include "textflag.h"

// ENTER takes the arguments of a tile of 1 << log rows, others + 1: SI, DI and DX point into A, B and C, BX to the
// fifth row of A; R13 and AX are one and three rows of A, R12 is a step along them, R15 a row of B and R8 one of C.
// CX counts the steps of a share, of which the first has the odd ones, R11 is their number in the others, R10 counts
// the shares, and R9 points to the next row of C to fetch.
#define ENTER(log, others) \
	MOVQ depth+0(FP), CX; \
	MOVQ a_first+8(FP), SI; \
	MOVQ a_row+16(FP), R13; \
	MOVQ b_first+32(FP), DI; \
	MOVQ b_row+40(FP), R15; \
	MOVQ c_first+56(FP), DX; \
	MOVQ c_row+64(FP), R8; \
	LEAQ (R13)(R13*2), AX; LEAQ (SI)(R13*4), BX; \
	MOVQ DX, R9; MOVQ $(others+1), R10; \
	MOVQ CX, R11; SHRQ $log, R11; \
	IMUL3Q $others, R11, R12; SUBQ R12, CX; \
	MOVQ a_step+24(FP), R12

// ZERO clears a row of the tile.
#define ZERO(c0, c1, c2) \
	VXORPD c0, c0, c0; \
	VXORPD c1, c1, c1; \
	VXORPD c2, c2, c2

// ROW512 adds to a row of the tile: one number of A, broadcast, times three vectors of B.
#define ROW512(from, c0, c1, c2) \
	VBROADCASTSD from, Z27; \
	VFMADD231PD Z24, Z27, c0; \
	VFMADD231PD Z25, Z27, c1; \
	VFMADD231PD Z26, Z27, c2

// ADD512 adds a row of the tile to C and goes down to the next one.
#define ADD512(c0, c1, c2) \
	VADDPD 0(DX), c0, c0; \
	VADDPD 64(DX), c1, c1; \
	VADDPD 128(DX), c2, c2; \
	VMOVUPD c0, 0(DX); \
	VMOVUPD c1, 64(DX); \
	VMOVUPD c2, 128(DX); \
	ADDQ R8, DX

// func avx512x8x24(depth int, a, b, c strided)
TEXT ·avx512x8x24(SB), NOSPLIT, $0-80
	ENTER(3, 7)
	ZERO(Z0, Z1, Z2)
	ZERO(Z3, Z4, Z5)
	ZERO(Z6, Z7, Z8)
	ZERO(Z9, Z10, Z11)
	ZERO(Z12, Z13, Z14)
	ZERO(Z15, Z16, Z17)
	ZERO(Z18, Z19, Z20)
	ZERO(Z21, Z22, Z23)
share:
	PREFETCHT0 0(R9)
	PREFETCHT0 64(R9)
	PREFETCHT0 184(R9)
	ADDQ R8, R9
	TESTQ CX, CX
	JZ next
step:
	VMOVUPD 0(DI), Z24
	VMOVUPD 64(DI), Z25
	VMOVUPD 128(DI), Z26
	ROW512((SI), Z0, Z1, Z2)
	ROW512((SI)(R13*1), Z3, Z4, Z5)
	ROW512((SI)(R13*2), Z6, Z7, Z8)
	ROW512((SI)(AX*1), Z9, Z10, Z11)
	ROW512((BX), Z12, Z13, Z14)
	ROW512((BX)(R13*1), Z15, Z16, Z17)
	ROW512((BX)(R13*2), Z18, Z19, Z20)
	ROW512((BX)(AX*1), Z21, Z22, Z23)
	ADDQ R12, SI
	ADDQ R12, BX
	ADDQ R15, DI
	DECQ CX
	JNZ step
next:
	MOVQ R11, CX
	DECQ R10
	JNZ share
	ADD512(Z0, Z1, Z2)
	ADD512(Z3, Z4, Z5)
	ADD512(Z6, Z7, Z8)
	ADD512(Z9, Z10, Z11)
	ADD512(Z12, Z13, Z14)
	ADD512(Z15, Z16, Z17)
	ADD512(Z18, Z19, Z20)
	ADD512(Z21, Z22, Z23)
	VZEROUPPER
	RET

// ROW256 and ADD256 do the same with vectors of half the size, of which there are half as many.
#define ROW256(from, c0, c1, c2) \
	VBROADCASTSD from, Y15; \
	VFMADD231PD Y12, Y15, c0; \
	VFMADD231PD Y13, Y15, c1; \
	VFMADD231PD Y14, Y15, c2

#define ADD256(c0, c1, c2) \
	VADDPD 0(DX), c0, c0; \
	VADDPD 32(DX), c1, c1; \
	VADDPD 64(DX), c2, c2; \
	VMOVUPD c0, 0(DX); \
	VMOVUPD c1, 32(DX); \
	VMOVUPD c2, 64(DX); \
	ADDQ R8, DX

// func avx2x4x12(depth int, a, b, c strided)
TEXT ·avx2x4x12(SB), NOSPLIT, $0-80
	ENTER(2, 3)
	ZERO(Y0, Y1, Y2)
	ZERO(Y3, Y4, Y5)
	ZERO(Y6, Y7, Y8)
	ZERO(Y9, Y10, Y11)
share:
	PREFETCHT0 0(R9)
	PREFETCHT0 32(R9)
	PREFETCHT0 88(R9)
	ADDQ R8, R9
	TESTQ CX, CX
	JZ next
step:
	VMOVUPD 0(DI), Y12
	VMOVUPD 32(DI), Y13
	VMOVUPD 64(DI), Y14
	ROW256((SI), Y0, Y1, Y2)
	ROW256((SI)(R13*1), Y3, Y4, Y5)
	ROW256((SI)(R13*2), Y6, Y7, Y8)
	ROW256((SI)(AX*1), Y9, Y10, Y11)
	ADDQ R12, SI
	ADDQ R15, DI
	DECQ CX
	JNZ step
next:
	MOVQ R11, CX
	DECQ R10
	JNZ share
	ADD256(Y0, Y1, Y2)
	ADD256(Y3, Y4, Y5)
	ADD256(Y6, Y7, Y8)
	ADD256(Y9, Y10, Y11)
	VZEROUPPER
	RET
