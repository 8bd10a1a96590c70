#pragma once
#include <cblas.h>

// 1 where the processor that is compiled for multiplies and adds in one instruction.
#ifdef __FMA__
#define HAS_FMA 1
#else
#define HAS_FMA 0
#endif
