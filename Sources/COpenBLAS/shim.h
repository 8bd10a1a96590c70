#pragma once
#include <cblas.h>

// LAPACK's Cholesky factor, which OpenBLAS holds and cblas.h does not declare.
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);

// 1 where the processor that is compiled for multiplies and adds in one instruction.
#ifdef __FMA__
#define HAS_FMA 1
#else
#define HAS_FMA 0
#endif
