#include "heap.h"
#include "network.h"

/*
 * What this processor could do at best, for the benchmarks: multiplications and additions (not fused, as everywhere here) of
 * vectors in registers, and of vectors that are loaded from the first-level cache, one for each multiplication.
 */

/* Sums that hide the time of a multiplication and an addition, as many as there are registers for. */
#if defined(__AVX512VL__) || defined(__aarch64__)
enum { registerSums = 20, loadedSums = 20 };
#elif defined(__AVX2__)
enum { registerSums = 14, loadedSums = 11 };
#elif defined(__SSE2__)
enum { registerSums = 7, loadedSums = 4 };
#else
enum { registerSums = 6, loadedSums = 4 };
#endif

static void multiply_registers(const CeilingCall *call) {
  float8 sum[registerSums], factor = splat8(*AT(float, call->values));
  for (int i = 0; i < registerSums; i++) sum[i] = load8(call->values + i * vectorBytes);
  for (int round = 0; round < call->rounds; round++)
    for (int i = 0; i < registerSums; i++) sum[i] += factor * sum[i];
  for (int i = 0; i < registerSums; i++) store8(call->values + i * vectorBytes, sum[i]);
}

static void multiply_loads(const CeilingCall *call) {
  float8 sum[loadedSums] = {{0}}, factor = splat8(*AT(float, call->values));
  const char *first = AT(char, call->values), *last = first + (call->vectors - loadedSums) * vectorBytes, *from = first;
  for (int round = 0; round < call->rounds; round++) {
    for (int i = 0; i < loadedSums; i++) sum[i] += factor * load8_from(from, i * vectorBytes);
    from = from >= last ? first : from + vectorBytes;
  }
  for (int i = 0; i < loadedSums; i++) store8(call->values + i * vectorBytes, sum[i]);
}

EXPORT(run_ceiling) void run_ceiling(int at) {
  CeilingCall *call = AT(CeilingCall, at);
  if (call->loads) multiply_loads(call);
  else multiply_registers(call);
  call->vectorsOfRound = call->loads ? loadedSums : registerSums;
}
