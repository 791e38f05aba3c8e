/* The kernels as compiled for one kind of processor. */
#pragma once

typedef struct {
  const char *name;
  /* `heap` is a multiple of 64; `position` is a byte offset into it. Kernels without a result return 0. */
  double (*run)(__UINTPTR_TYPE__ heap, int position);
} Kernel;

enum { kernelCount = 7 };

typedef struct {
  const char *name;
  Kernel kernels[kernelCount];
} Level;
