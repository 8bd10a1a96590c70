#ifndef INVITRO_BFLOAT16_H
#define INVITRO_BFLOAT16_H

#include <stdint.h>

// Matrix products of bfloat16 numbers with float sums, for processors with AVX-512 BF16.
//
// Swift has no way to name the instruction (vdpbf16ps), and the OpenBLAS of common distributions is
// built without its bfloat16 routines; hence this file. All memory is the caller's, nothing is
// allocated, and every function runs on the calling thread.
//
// Numbers are rounded to nearest even on packing. The instruction adds products of two neighbours
// along K at once, so operands are stored in pairs: a word holds k = 2p in its low half and
// k = 2p + 1 in its high half, and P = (K + 1) / 2 words cover K numbers (the last half is 0 where
// K is odd).

enum {
  // Columns of a panel of the right operand, and rows of a panel of the left one.
  BFLOAT16_COLUMNS = 48,
  BFLOAT16_ROWS = 8
};

// 1 where the processor and the system support the instructions, else 0; without it, no other
// function here may be called.
int bfloat16_is_supported(void);

// Rows for the left operand: out (rows, P) words from x (rows, K), row strides ldOut words and ldX
// floats.
void bfloat16_pack_rows(
    uint32_t *out, int64_t ldOut, const float *x, int64_t ldX, int64_t rows, int64_t K);

// Panels for the transposed left operand: from x (K, M), out[panel][p][8] with 8 of M a panel,
// zeros behind M.
void bfloat16_pack_left(uint32_t *out, const float *x, int64_t ldX, int64_t K, int64_t M);

// Panels for the right operand: from x (K, N), out[panel][p][48] with 48 of N a panel, zeros behind
// N.
void bfloat16_pack_right(uint32_t *out, const float *x, int64_t ldX, int64_t K, int64_t N);

// The same panels from the transpose, x (N, K).
void bfloat16_pack_right_transposed(
    uint32_t *out, const float *x, int64_t ldX, int64_t N, int64_t K);

// out (M, N) = beta·out + scale·(left · right), row stride ldOut floats, beta 0 or 1.
//
// `left` is rows (panels = 0) or panels of 8 (panels = 1), `right` panels of 48; both have P words
// along K.
void bfloat16_multiply(
    float *out, int64_t ldOut, int64_t M, int64_t N, int64_t P, const uint32_t *left, int panels,
    const uint32_t *right, float scale, int beta);

#endif
