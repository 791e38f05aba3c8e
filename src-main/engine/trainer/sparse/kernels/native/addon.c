/*
 * The kernels as a Node-API addon:
 *   twin     SHA-256 of the sparse.wasm that the same sources gave
 *   origin   origin(arrayBuffer): first byte of the buffer that can be position 0, at most 63
 *   levels   for each kind of processor that this one can stand in for, the best first: kernel(arrayBuffer, position);
 *            none when WebAssembly would be faster
 * All threads of a process share it, so it keeps nothing.
 */
#define NAPI_VERSION 8
#include <node_api.h>

#include "level.h"

extern const Level NARROW_LEVEL;
#if defined(__x86_64__)
extern const Level avx2, avx512;
#endif

enum { mostLevels = 3 };

static int best_levels(const Level *levels[mostLevels]) {
  int count = 0;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512vl")) levels[count++] = &avx512;
  if (__builtin_cpu_supports("avx2")) levels[count++] = &avx2;
#endif
  /* GCC takes vectors that are wider than the processor's apart, one number at a time: a fifth of WebAssembly's speed. */
#ifdef __clang__
  levels[count++] = &NARROW_LEVEL;
#else
  (void)levels;
#endif
  return count;
}

/* Leaves the function when a call fails; Node-API has an exception pending or gets one here. */
#define TRY(call)                                                                                                      \
  if ((call) != napi_ok) return failed(env)

static napi_value failed(napi_env env) {
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (!pending) napi_throw_type_error(env, 0, "the kernels take an ArrayBuffer and a position in it");
  return 0;
}

static __UINTPTR_TYPE__ aligned(const void *bytes) { return ((__UINTPTR_TYPE__)bytes + 63) & ~(__UINTPTR_TYPE__)63; }

static napi_value origin(napi_env env, napi_callback_info info) {
  napi_value buffer, result;
  size_t count = 1, length;
  void *bytes;
  TRY(napi_get_cb_info(env, info, &count, &buffer, 0, 0));
  TRY(napi_get_arraybuffer_info(env, buffer, &bytes, &length));
  TRY(napi_create_uint32(env, (uint32_t)(aligned(bytes) - (__UINTPTR_TYPE__)bytes), &result));
  return result;
}

static napi_value run_kernel(napi_env env, napi_callback_info info) {
  napi_value given[2], result;
  size_t count = 2, length;
  void *bytes, *data;
  int32_t position;
  TRY(napi_get_cb_info(env, info, &count, given, 0, &data));
  TRY(napi_get_arraybuffer_info(env, given[0], &bytes, &length));
  TRY(napi_get_value_int32(env, given[1], &position));
  if (position < 0 || (size_t)position >= length) return failed(env);
  const Kernel *kernel = data;
  TRY(napi_create_double(env, kernel->run(aligned(bytes), position), &result));
  return result;
}

NAPI_MODULE_INIT() {
  napi_value value, levels;
  TRY(napi_create_string_utf8(env, TWIN, NAPI_AUTO_LENGTH, &value));
  TRY(napi_set_named_property(env, exports, "twin", value));
  TRY(napi_create_function(env, "origin", NAPI_AUTO_LENGTH, origin, 0, &value));
  TRY(napi_set_named_property(env, exports, "origin", value));
  TRY(napi_create_object(env, &levels));
  TRY(napi_set_named_property(env, exports, "levels", levels));
  const Level *found[mostLevels];
  int count = best_levels(found);
  for (int i = 0; i < count; i++) {
    napi_value level;
    TRY(napi_create_object(env, &level));
    for (int k = 0; k < kernelCount; k++) {
      const Kernel *kernel = found[i]->kernels + k;
      TRY(napi_create_function(env, kernel->name, NAPI_AUTO_LENGTH, run_kernel, (void *)kernel, &value));
      TRY(napi_set_named_property(env, level, kernel->name, value));
    }
    TRY(napi_set_named_property(env, levels, found[i]->name, level));
  }
  return exports;
}
