/*
 * exp and log of eight floats, the same bits on every machine: a library's would differ from system to system.
 * Polynomials of Cephes (expf.c, logf.c; Moshier 1989), error below 2 units in the last place.
 */
#pragma once
#include "heap.h"

/* e^x; 0 below −87, and x is taken as 88 above. */
INLINE float8 exp8(float8 x) {
  int8 underflow = x < -87.0f;
  x = select8(x > 88.0f, splat8(88.0f), x);
  x = select8(underflow, splat8(-87.0f), x);
  /* x = n·ln 2 + r with |r| ≤ ln 2 / 2; adding and subtracting 1.5·2^23 rounds to the nearest whole number. */
  float8 n = (x * 1.44269504088896341f + 12582912.0f) - 12582912.0f;
  float8 r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  float8 p = splat8(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = (p * (r * r) + r) + 1.0f;
  int8 power = (__builtin_convertvector(n, int8) + 127) << 23;
  return keep8(~underflow, p * (float8)power);
}

/* Natural logarithm of normal positive numbers. */
INLINE float8 log8(float8 x) {
  int8 bits = (int8)x;
  int8 exponent = ((bits >> 23) & 255) - 126;
  float8 m = (float8)((bits & 0x007fffff) | 0x3f000000);
  /* m in [√½, √2) */
  int8 small = m < 0.707106781186547524f;
  exponent += small;
  m = (m + keep8(small, m)) - 1.0f;
  float8 e = __builtin_convertvector(exponent, float8);
  float8 z = m * m;
  float8 p = splat8(7.0376836292e-2f);
  p = p * m + -1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m + -1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m + -1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m + -2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  float8 y = p * m * z;
  y = y + e * -2.12194440e-4f;
  y = y - 0.5f * z;
  return (m + y) + e * 0.693359375f;
}
