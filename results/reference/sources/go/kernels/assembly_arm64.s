// The micro-kernel of the rung assembly. It holds its tile of C in registers for the whole depth: a step
// loads one row of the strip of B and multiplies it by each number of one column of the strip of A.

#include "textflag.h"

// ZERO clears a row of the tile.
#define ZERO(c0, c1, c2, c3) \
	VEOR c0, c0, c0; \
	VEOR c1, c1, c1; \
	VEOR c2, c2, c2; \
	VEOR c3, c3, c3

// ROW adds to a row of the tile: one number of A, broadcast, times four vectors of B.
#define ROW(from, c0, c1, c2, c3) \
	VLD1R.P (from)(R9), [V20.D2]; \
	VFMLA V16.D2, V20.D2, c0; \
	VFMLA V17.D2, V20.D2, c1; \
	VFMLA V18.D2, V20.D2, c2; \
	VFMLA V19.D2, V20.D2, c3

// ADDROW adds a row of the tile to C and goes down to the next one: there is no instruction for the addition
// of vectors but as a product, here with ones.
#define ADDROW(c0, c1, c2, c3) \
	VLD1 (R3), [V16.D2, V17.D2, V18.D2, V19.D2]; \
	VFMLA V21.D2, c0, V16.D2; \
	VFMLA V21.D2, c1, V17.D2; \
	VFMLA V21.D2, c2, V18.D2; \
	VFMLA V21.D2, c3, V19.D2; \
	VST1 [V16.D2, V17.D2, V18.D2, V19.D2], (R3); \
	ADD R4, R3

// func neon4x8(depth int, a, b, c strided)
TEXT ·neon4x8(SB), NOSPLIT, $0-80
	MOVD depth+0(FP), R0
	MOVD a_first+8(FP), R1
	MOVD a_row+16(FP), R8
	MOVD a_step+24(FP), R9
	MOVD b_first+32(FP), R2
	MOVD b_row+40(FP), R10
	MOVD c_first+56(FP), R3
	MOVD c_row+64(FP), R4
	ADD R8, R1, R5
	ADD R8, R5, R6
	ADD R8, R6, R7
	FMOVD $1.0, F21
	VDUP V21.D[0], V21.D2
	ZERO(V0.B16, V1.B16, V2.B16, V3.B16)
	ZERO(V4.B16, V5.B16, V6.B16, V7.B16)
	ZERO(V8.B16, V9.B16, V10.B16, V11.B16)
	ZERO(V12.B16, V13.B16, V14.B16, V15.B16)
step:
	VLD1.P (R2)(R10), [V16.D2, V17.D2, V18.D2, V19.D2]
	ROW(R1, V0.D2, V1.D2, V2.D2, V3.D2)
	ROW(R5, V4.D2, V5.D2, V6.D2, V7.D2)
	ROW(R6, V8.D2, V9.D2, V10.D2, V11.D2)
	ROW(R7, V12.D2, V13.D2, V14.D2, V15.D2)
	SUB $1, R0
	CBNZ R0, step
	ADDROW(V0.D2, V1.D2, V2.D2, V3.D2)
	ADDROW(V4.D2, V5.D2, V6.D2, V7.D2)
	ADDROW(V8.D2, V9.D2, V10.D2, V11.D2)
	ADDROW(V12.D2, V13.D2, V14.D2, V15.D2)
	RET
