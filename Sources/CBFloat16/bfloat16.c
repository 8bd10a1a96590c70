#include "bfloat16.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))
#define INLINE static inline __attribute__((always_inline)) TARGET

int bfloat16_is_supported(void) {
  return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}

// The first `count` of 16 lanes; none below 0, all from 16 on.
INLINE __mmask16 lanes(int64_t count) {
  return count >= 16 ? (__mmask16)0xFFFF : count <= 0 ? 0 : (__mmask16)((1u << count) - 1);
}

// 32 numbers of a row as 16 words, zeros from `count` on.
INLINE __m512i row_words(const float *x, int64_t count) {
  __m512 low = _mm512_maskz_loadu_ps(lanes(count), x);
  __m512 high = _mm512_maskz_loadu_ps(lanes(count - 16), x + (count > 16 ? 16 : 0));
  return (__m512i)_mm512_cvtne2ps_pbh(high, low);
}

// 16 columns of two rows as 16 words.
INLINE __m512i column_words(__m512 even, __m512 odd) {
  __m512i low = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(even));
  __m512i high = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(odd));
  return _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
}

// Columns n... of rows 2p and 2p + 1 of x (K, N).
INLINE __m512i pair_words(
    const float *x, int64_t ldX, int64_t K, int64_t N, int64_t p, int64_t n) {
  __mmask16 mask = lanes(N - n);
  const float *even = x + 2 * p * ldX + n;
  __m512 first = _mm512_maskz_loadu_ps(mask, even);
  __m512 second =
      2 * p + 1 < K ? _mm512_maskz_loadu_ps(mask, even + ldX) : _mm512_setzero_ps();
  return column_words(first, second);
}

TARGET void bfloat16_pack_rows(
    uint32_t *out, int64_t ldOut, const float *x, int64_t ldX, int64_t rows, int64_t K) {
  int64_t P = (K + 1) / 2;
  for (int64_t row = 0; row < rows; row++) {
    for (int64_t p = 0; p < P; p += 16) {
      _mm512_mask_storeu_epi32(
          out + row * ldOut + p, lanes(P - p), row_words(x + row * ldX + 2 * p, K - 2 * p));
    }
  }
}

TARGET void bfloat16_pack_left(uint32_t *out, const float *x, int64_t ldX, int64_t K, int64_t M) {
  int64_t P = (K + 1) / 2;
  int64_t panels = (M + BFLOAT16_ROWS - 1) / BFLOAT16_ROWS;
  for (int64_t p = 0; p < P; p++) {
    for (int64_t panel = 0; panel < panels; panel += 2) {
      __m512i words = pair_words(x, ldX, K, M, p, panel * BFLOAT16_ROWS);
      uint32_t *target = out + (panel * P + p) * BFLOAT16_ROWS;
      _mm256_storeu_si256((__m256i *)target, _mm512_castsi512_si256(words));
      if (panel + 1 < panels) {
        _mm256_storeu_si256(
            (__m256i *)(target + P * BFLOAT16_ROWS), _mm512_extracti64x4_epi64(words, 1));
      }
    }
  }
}

TARGET void bfloat16_pack_right(uint32_t *out, const float *x, int64_t ldX, int64_t K, int64_t N) {
  int64_t P = (K + 1) / 2;
  for (int64_t start = 0; start < N; start += BFLOAT16_COLUMNS) {
    for (int64_t p = 0; p < P; p++) {
      for (int64_t n = 0; n < BFLOAT16_COLUMNS; n += 16) {
        // Behind N nothing is read: the mask is empty and the address is not used.
        __m512i words = start + n < N ? pair_words(x, ldX, K, N, p, start + n)
                                      : _mm512_setzero_si512();
        _mm512_storeu_si512(out + n, words);
      }
      out += BFLOAT16_COLUMNS;
    }
  }
}

// Turns 16 registers of 16 words into their transpose.
INLINE void transpose(__m512i r[16]) {
  __m512i t[16];
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  // Now quarter q of r[4·g + c] holds column 4·q + c of the rows 4·g to 4·g + 3.
  for (int c = 0; c < 4; c++) {
    __m512i low01 = _mm512_shuffle_i32x4(r[c], r[4 + c], 0x44);
    __m512i high01 = _mm512_shuffle_i32x4(r[c], r[4 + c], 0xEE);
    __m512i low23 = _mm512_shuffle_i32x4(r[8 + c], r[12 + c], 0x44);
    __m512i high23 = _mm512_shuffle_i32x4(r[8 + c], r[12 + c], 0xEE);
    t[c] = _mm512_shuffle_i32x4(low01, low23, 0x88);
    t[4 + c] = _mm512_shuffle_i32x4(low01, low23, 0xDD);
    t[8 + c] = _mm512_shuffle_i32x4(high01, high23, 0x88);
    t[12 + c] = _mm512_shuffle_i32x4(high01, high23, 0xDD);
  }
  for (int i = 0; i < 16; i++) r[i] = t[i];
}

TARGET void bfloat16_pack_right_transposed(
    uint32_t *out, const float *x, int64_t ldX, int64_t N, int64_t K) {
  int64_t P = (K + 1) / 2;
  for (int64_t start = 0; start < N; start += BFLOAT16_COLUMNS) {
    for (int64_t n = 0; n < BFLOAT16_COLUMNS; n += 16) {
      for (int64_t p = 0; p < P; p += 16) {
        __m512i block[16];
        for (int row = 0; row < 16; row++) {
          int64_t at = start + n + row;
          block[row] = at < N ? row_words(x + at * ldX + 2 * p, K - 2 * p)
                              : _mm512_setzero_si512();
        }
        transpose(block);
        int64_t columns = P - p < 16 ? P - p : 16;
        for (int64_t column = 0; column < columns; column++) {
          _mm512_storeu_si512(out + (p + column) * BFLOAT16_COLUMNS + n, block[column]);
        }
      }
    }
    out += P * BFLOAT16_COLUMNS;
  }
}

// A tile of 8 rows and `width` times 16 columns: up to 24 sums in registers. `rows` and `columns` of
// it are stored; word (r, p) of the left operand stands at row[r] + p·stride.
INLINE void tile(
    const int width, float *out, int64_t ldOut, int64_t rows, int64_t columns, int64_t P,
    const uint32_t *const row[8], int64_t stride, const uint32_t *right, float scale, int beta) {
  if (beta) {
    // The sums of a long product lie in the outer caches until they are added to.
    for (int r = 0; r < 8 && r < rows; r++) {
      for (int c = 0; c < width; c++) __builtin_prefetch(out + r * ldOut + 16 * c, 1);
    }
  }
  __m512 sum[8][3];
  for (int r = 0; r < 8; r++) {
    for (int c = 0; c < width; c++) sum[r][c] = _mm512_setzero_ps();
  }
  for (int64_t p = 0; p < P; p++) {
    __m512bh b[3];
    for (int c = 0; c < width; c++) {
      b[c] = (__m512bh)_mm512_loadu_si512(right + p * BFLOAT16_COLUMNS + 16 * c);
    }
    for (int r = 0; r < 8; r++) {
      __m512bh a = (__m512bh)_mm512_set1_epi32((int)row[r][p * stride]);
      for (int c = 0; c < width; c++) sum[r][c] = _mm512_dpbf16_ps(sum[r][c], a, b[c]);
    }
  }
  __m512 factor = _mm512_set1_ps(scale);
  // Unrolled, so that the sums stay in registers.
#pragma clang loop unroll(full)
  for (int r = 0; r < 8; r++) {
    if (r >= rows) continue;
    for (int c = 0; c < width; c++) {
      __mmask16 mask = lanes(columns - 16 * c);
      float *target = out + r * ldOut + 16 * c;
      __m512 value = _mm512_mul_ps(sum[r][c], factor);
      if (beta) value = _mm512_add_ps(value, _mm512_maskz_loadu_ps(mask, target));
      _mm512_mask_storeu_ps(target, mask, value);
    }
  }
}

// The tiles of a panel of the right operand: all rows, `P` words from the first one of `left`,
// whose rows, or panels of rows, are `ldLeft` words long.
INLINE void panel(
    const int width, const int64_t stride, float *out, int64_t ldOut, int64_t M, int64_t columns,
    int64_t P, const uint32_t *left, int64_t ldLeft, const uint32_t *right, float scale, int beta) {
  for (int64_t m = 0; m < M; m += BFLOAT16_ROWS) {
    const uint32_t *row[8];
    for (int64_t r = 0; r < 8; r++) {
      // Behind M a row of plain rows repeats the last one; it is computed and not stored.
      int64_t at = m + r < M ? m + r : M - 1;
      row[r] = stride == 1 ? left + at * ldLeft : left + m * ldLeft + r;
    }
    tile(width, out + m * ldOut, ldOut, M - m, columns, P, row, stride, right, scale, beta);
  }
}

TARGET void bfloat16_multiply(
    float *out, int64_t ldOut, int64_t M, int64_t N, int64_t P, const uint32_t *left, int panels,
    const uint32_t *right, float scale, int beta) {
  // A long K is cut so that the words of a panel (24 kB) stay in the first cache for all rows. The
  // sums then go through memory once a block, so as many columns are done as stay in the second
  // one (512 kB).
  int64_t blocks = (P + 127) / 128;
  int64_t length = (P + blocks - 1) / blocks;
  int64_t strip = blocks == 1 ? N : 131072 / (BFLOAT16_COLUMNS * M) * BFLOAT16_COLUMNS;
  if (strip < BFLOAT16_COLUMNS) strip = BFLOAT16_COLUMNS;
  for (int64_t start = 0; start < N; start += strip) {
    int64_t end = N - start < strip ? N : start + strip;
    for (int64_t p = 0; p < P; p += length) {
      int64_t words = P - p < length ? P - p : length;
      int adds = beta || p > 0;
      for (int64_t n = start; n < end; n += BFLOAT16_COLUMNS) {
        const uint32_t *column = right + n * P + p * BFLOAT16_COLUMNS;
#define PANEL(width, stride)                                                                       \
  panel(width, stride, out + n, ldOut, M, N - n, words, left + p * stride, P, column, scale, adds)
        if (panels) {
          N - n > 32 ? PANEL(3, 8) : N - n > 16 ? PANEL(2, 8) : PANEL(1, 8);
        } else {
          N - n > 32 ? PANEL(3, 1) : N - n > 16 ? PANEL(2, 1) : PANEL(1, 1);
        }
#undef PANEL
      }
    }
  }
}

#else

int bfloat16_is_supported(void) { return 0; }

// Never called: bfloat16_is_supported() says no. They are there so that the library links.
void bfloat16_pack_rows(
    uint32_t *out, int64_t ldOut, const float *x, int64_t ldX, int64_t rows, int64_t K) {
  __builtin_trap();
}
void bfloat16_pack_left(uint32_t *out, const float *x, int64_t ldX, int64_t K, int64_t M) {
  __builtin_trap();
}
void bfloat16_pack_right(uint32_t *out, const float *x, int64_t ldX, int64_t K, int64_t N) {
  __builtin_trap();
}
void bfloat16_pack_right_transposed(
    uint32_t *out, const float *x, int64_t ldX, int64_t N, int64_t K) {
  __builtin_trap();
}
void bfloat16_multiply(
    float *out, int64_t ldOut, int64_t M, int64_t N, int64_t P, const uint32_t *left, int panels,
    const uint32_t *right, float scale, int beta) {
  __builtin_trap();
}

#endif
