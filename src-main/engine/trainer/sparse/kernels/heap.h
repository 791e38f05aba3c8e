/*
 * All memory lies in one heap; addresses are byte offsets into it. In WebAssembly the heap is the memory itself and starts
 * at 0. The native build compiles all files as one unit (native/level.c), once for each kind of processor; there the heap
 * is a block that belongs to the calling thread.
 */
#pragma once

typedef __UINTPTR_TYPE__ Address;

#ifdef __wasm__
#define heap ((Address)0)
#define EXPORT(name) __attribute__((export_name(#name)))
#define SHARED
#else
static _Thread_local Address heap;
#define EXPORT(name) static
#define SHARED static
#endif

#define INLINE static inline __attribute__((always_inline))
#define AT(type, offset) ((type *)(heap + (Address)(unsigned)(offset)))

/*
 * Eight images side by side. One vector type on every machine fixes the order of all sums, and with it the bits of the
 * results: two 128-bit registers in WebAssembly, one 256-bit register with AVX2.
 */
typedef float float8 __attribute__((vector_size(32)));
typedef int int8 __attribute__((vector_size(32)));
typedef float float4 __attribute__((vector_size(16)));
/* Gradients begin at any float. */
typedef float float4_unaligned __attribute__((vector_size(16), aligned(4)));
typedef float float8_unaligned __attribute__((vector_size(32), aligned(4)));
enum { vectorBytes = 32, vectorLanes = 8 };

/*
 * Sums that are under way at once, as many as the registers hold: an addition must wait for the one before it in the same
 * sum. The results do not depend on it.
 */
#if defined(__AVX512VL__)
#define OPEN_SUMS 8
#define WIDEST_TILE 28
#elif defined(__AVX2__) || defined(__aarch64__)
#define OPEN_SUMS 8
#define WIDEST_TILE 11
#else
#define OPEN_SUMS 4
#define WIDEST_TILE 4
#endif

/* X for every number of sums from 1 to the most. */
#define UP_TO_4(X, ...) X(1, __VA_ARGS__) X(2, __VA_ARGS__) X(3, __VA_ARGS__) X(4, __VA_ARGS__)
#define UP_TO_8(X, ...)                                                                                                \
  UP_TO_4(X, __VA_ARGS__) X(5, __VA_ARGS__) X(6, __VA_ARGS__) X(7, __VA_ARGS__) X(8, __VA_ARGS__)
#define UP_TO_11(X, ...) UP_TO_8(X, __VA_ARGS__) X(9, __VA_ARGS__) X(10, __VA_ARGS__) X(11, __VA_ARGS__)
#define UP_TO_28(X, ...)                                                                                               \
  UP_TO_11(X, __VA_ARGS__)                                                                                             \
  X(12, __VA_ARGS__) X(13, __VA_ARGS__) X(14, __VA_ARGS__) X(15, __VA_ARGS__) X(16, __VA_ARGS__) X(17, __VA_ARGS__)    \
  X(18, __VA_ARGS__) X(19, __VA_ARGS__) X(20, __VA_ARGS__) X(21, __VA_ARGS__) X(22, __VA_ARGS__) X(23, __VA_ARGS__)    \
  X(24, __VA_ARGS__) X(25, __VA_ARGS__) X(26, __VA_ARGS__) X(27, __VA_ARGS__) X(28, __VA_ARGS__)
#define UP_TO_MOST_(most, X, ...) UP_TO_##most(X, __VA_ARGS__)
#define UP_TO_MOST(most, X, ...) UP_TO_MOST_(most, X, __VA_ARGS__)

INLINE float8 load8(int offset) { return *AT(float8, offset); }
/* A constant distance becomes part of the load instruction when it is added to a pointer. */
INLINE float8 load8_from(const char *place, unsigned long distance) { return *(const float8 *)(place + distance); }
INLINE void store8(int offset, float8 value) { *AT(float8, offset) = value; }
INLINE float8 splat8(float value) { return (float8){value, value, value, value, value, value, value, value}; }

/* Lanes of `value` where `mask` is all ones, 0 elsewhere. */
INLINE float8 keep8(int8 mask, float8 value) { return (float8)(mask & (int8)value); }
INLINE int8 selectWhole8(int8 mask, int8 yes, int8 no) { return (mask & yes) | (~mask & no); }
INLINE float8 select8(int8 mask, float8 yes, float8 no) { return (float8)selectWhole8(mask, (int8)yes, (int8)no); }
/* right > left ? right : left, for NaN and both zeros too; what x86 and WebAssembly have one instruction for. */
INLINE float8 larger8(float8 left, float8 right) {
#if defined(__AVX__)
  return __builtin_ia32_maxps256(right, left);
#elif defined(__wasm__) || (defined(__SSE__) && defined(__clang__))
  float4 a = __builtin_shufflevector(left, left, 0, 1, 2, 3), b = __builtin_shufflevector(right, right, 0, 1, 2, 3);
  float4 c = __builtin_shufflevector(left, left, 4, 5, 6, 7), d = __builtin_shufflevector(right, right, 4, 5, 6, 7);
#ifdef __wasm__
  float4 low = __builtin_wasm_pmax_f32x4(a, b), high = __builtin_wasm_pmax_f32x4(c, d);
#else
  float4 low = __builtin_ia32_maxps(b, a), high = __builtin_ia32_maxps(d, c);
#endif
  return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
#else
  return select8(right > left, right, left);
#endif
}
/* ReLU; a NaN stays one, so that a diverged run shows. */
INLINE float8 rectified8(float8 value) { return larger8(value, (float8){0}); }

/* The sum of the lanes in a fixed order: halves first, then neighbours, then pairs. */
INLINE float4 halves8(float8 value) {
  return __builtin_shufflevector(value, value, 0, 1, 2, 3) + __builtin_shufflevector(value, value, 4, 5, 6, 7);
}
INLINE float sum8(float8 value) {
  float4 half = halves8(value);
  return (half[0] + half[1]) + (half[2] + half[3]);
}
/* Four such sums at once. */
INLINE float4 sums8(float8 a, float8 b, float8 c, float8 d) {
  float4 p = halves8(a), q = halves8(b), r = halves8(c), s = halves8(d);
  float4 pqLow = __builtin_shufflevector(p, q, 0, 4, 1, 5), pqHigh = __builtin_shufflevector(p, q, 2, 6, 3, 7);
  float4 rsLow = __builtin_shufflevector(r, s, 0, 4, 1, 5), rsHigh = __builtin_shufflevector(r, s, 2, 6, 3, 7);
  float4 first = __builtin_shufflevector(pqLow, rsLow, 0, 1, 4, 5);
  float4 second = __builtin_shufflevector(pqLow, rsLow, 2, 3, 6, 7);
  float4 third = __builtin_shufflevector(pqHigh, rsHigh, 0, 1, 4, 5);
  float4 fourth = __builtin_shufflevector(pqHigh, rsHigh, 2, 3, 6, 7);
  return (first + second) + (third + fourth);
}
#if OPEN_SUMS == 8
/* Eight such sums at once. */
INLINE float8 pairs8(float8 a, float8 b) {
  return __builtin_shufflevector(a, b, 0, 2, 8, 10, 4, 6, 12, 14) +
         __builtin_shufflevector(a, b, 1, 3, 9, 11, 5, 7, 13, 15);
}
INLINE float8 bothHalves8(float8 a, float8 b) {
  return __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11) +
         __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
}
INLINE float8 sumsOfEight(const float8 *sum) {
  float8 first = pairs8(bothHalves8(sum[0], sum[4]), bothHalves8(sum[1], sum[5]));
  float8 second = pairs8(bothHalves8(sum[2], sum[6]), bothHalves8(sum[3], sum[7]));
  return pairs8(first, second);
}
#endif
