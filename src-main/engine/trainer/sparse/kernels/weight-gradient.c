#include "heap.h"
#include "network.h"

/* Some taps of one output channel, whose gradients are added at once, and the planes that they multiply. */
typedef struct {
  const int *offsets;
  float *gradients;
  int input, inputRow, inputPosition, output, outputRow, outputPosition, height, width;
} Group;

/* They share the loaded output gradient. */
INLINE void group_gradient(const Group *group, int taps, int inputPosition, int outputPosition) {
  float8 sum[OPEN_SUMS] = {{0}};
  for (int y = 0; y < group->height; y++) {
    const char *from[OPEN_SUMS], *gradient = AT(char, group->output + y * group->outputRow);
    for (int t = 0; t < taps; t++) from[t] = AT(char, group->input + y * group->inputRow + group->offsets[t]);
    int x = 0;
    for (; x + 2 <= group->width; x += 2) {
      float8 first = load8_from(gradient, 0), second = load8_from(gradient, outputPosition);
      gradient += 2 * outputPosition;
      for (int t = 0; t < taps; t++) {
        sum[t] += first * load8_from(from[t], 0);
        sum[t] += second * load8_from(from[t], inputPosition);
        from[t] += 2 * inputPosition;
      }
    }
    if (x < group->width) {
      float8 last = load8_from(gradient, 0);
      for (int t = 0; t < taps; t++) sum[t] += last * load8_from(from[t], 0);
    }
  }
  for (int t = 0; t < taps; t += 4) {
    float4 sums = sums8(sum[t], sum[t + 1], sum[t + 2], sum[t + 3]);
    for (int i = 0; i < 4 && t + i < taps; i++) group->gradients[t + i] += sums[i];
  }
}

/* A function of its own for each number of taps, as in taps.c. */
#define GROUPS(name, inputPosition, outputPosition)                                                                    \
  UP_TO_MOST(OPEN_SUMS, GROUP, name, inputPosition, outputPosition)                                                    \
  static void name(const Group *group, int taps) {                                                                     \
    switch (taps) { UP_TO_MOST(OPEN_SUMS, GROUP_CASE, name) }                                                          \
  }
#define GROUP(taps, name, inputPosition, outputPosition)                                                               \
  static __attribute__((noinline)) void name##taps(const Group *group) {                                               \
    group_gradient(group, taps, inputPosition, outputPosition);                                                        \
  }
#define GROUP_CASE(taps, name)                                                                                         \
  case taps: name##taps(group); break;

GROUPS(near_group, vectorBytes, vectorBytes)
GROUPS(far_group, group->inputPosition, group->outputPosition)

/* Four running sums, because an addition must wait for the one before it. */
INLINE float plane_sum(int plane, int rowStep, int position, int height, int width) {
  float8 sum[4] = {{0}};
  for (int y = 0; y < height; y++) {
    int row = plane + y * rowStep, x = 0;
    for (; x + 4 <= width; x += 4)
      for (int i = 0; i < 4; i++) sum[i] += load8(row + (x + i) * position);
    for (; x < width; x++) sum[0] += load8(row + x * position);
  }
  return sum8((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

/* Adds the slice's gradients of the taps, which are listed by output channel. */
SHARED void add_weight_gradient(const Taps *list, const View *input, int stride, const View *outputGradient, int channels,
                                int height, int width, int slice) {
  const int *starts = AT(int, list->starts);
  int from = input->base + slice * input->slice;
  int inputRow = stride * input->row, inputPosition = stride * input->position;
  int outputRow = outputGradient->row, outputPosition = outputGradient->position;
  for (int band = 0; band < list->bands; band++) {
    for (int channel = 0; channel < channels; channel++) {
      const int *start = starts + band * channels + channel;
      Group group = {.offsets = AT(int, list->offsets) + start[0],
                     .gradients = AT(float, list->weights) + start[0],
                     .input = from,
                     .inputRow = inputRow,
                     .inputPosition = inputPosition,
                     .output = outputGradient->base + slice * outputGradient->slice + channel * outputGradient->channel,
                     .outputRow = outputRow,
                     .outputPosition = outputPosition,
                     .height = height,
                     .width = width};
      /* Groups of nearly equal size: a small one would wait for its few sums. */
      for (int left = start[1] - start[0]; left > 0;) {
        int groups = (left + OPEN_SUMS - 1) / OPEN_SUMS, taps = (left + groups - 1) / groups;
        if (inputPosition == vectorBytes && outputPosition == vectorBytes) near_group(&group, taps);
        else far_group(&group, taps);
        group.offsets += taps;
        group.gradients += taps;
        left -= taps;
      }
    }
  }
}

/*
 * Gradients of `group` weights of one input of a dense layer; `vectors` may be a constant. Without offsets the weights are
 * those of consecutive outputs, which lie a vector apart.
 */
INLINE void dense_group_gradient(const int *offsets, float *gradients, int group, const char *input, long inputStep,
                                 const char *output, long outputStep, int vectors) {
  float8 sum[OPEN_SUMS] = {{0}};
  for (int v = 0; v < vectors; v++) {
    float8 value = load8_from(input, v * inputStep);
    for (int t = 0; t < group; t++)
      sum[t] += value * load8_from(output + (offsets == 0 ? t * vectorBytes : offsets[t]), v * outputStep);
  }
#if OPEN_SUMS == 8
  if (group == 8) {
    *(float8_unaligned *)gradients += sumsOfEight(sum);
    return;
  }
#endif
  if (group == 4)
    *(float4_unaligned *)gradients += sums8(sum[0], sum[1], sum[2], sum[3]);
  else
    for (int t = 0; t < group; t++) gradients[t] += sum8(sum[t]);
}

INLINE void dense_list_gradient(const int *offsets, float *gradients, int count, const char *input, long inputStep,
                                const char *output, long outputStep, int vectors) {
  int tap = 0;
#define DENSE_GROUPS(group)                                                                                            \
  for (; tap + group <= count; tap += group)                                                                           \
    dense_group_gradient(offsets == 0 ? 0 : offsets + tap, gradients + tap, group, input, inputStep,                   \
                         output + (offsets == 0 ? tap * vectorBytes : 0), outputStep, vectors);
#if OPEN_SUMS == 8
  DENSE_GROUPS(8)
#endif
  DENSE_GROUPS(4)
  DENSE_GROUPS(1)
#undef DENSE_GROUPS
}

/* The same for a dense layer, whose taps are listed by input: each input is read once. */
INLINE void inputs_gradient(const Taps *list, const View *input, const View *outputGradient, int inputs, int vectors,
                            int isFull) {
  const int *starts = AT(int, list->starts);
  const char *output = AT(char, outputGradient->base);
  for (int band = 0; band < list->bands; band++) {
    for (int i = 0; i < inputs; i++) {
      const int *start = starts + band * inputs + i;
      const int *offsets = isFull ? 0 : AT(int, list->offsets) + start[0];
      dense_list_gradient(offsets, AT(float, list->weights) + start[0], start[1] - start[0],
                          AT(char, input->base + i * input->channel), input->position,
                          output + (isFull ? AT(int, list->offsets)[start[0]] : 0), outputGradient->position, vectors);
    }
  }
}

SHARED void add_dense_weight_gradient(const Taps *list, const View *input, const View *outputGradient, int inputs,
                                      int outputs, int vectors) {
  /* Batches of 32 are the usual ones. */
  if (vectors == 4 && outputGradient->channel == vectorBytes && is_full(list, inputs, outputs))
    inputs_gradient(list, input, outputGradient, inputs, 4, 1);
  else if (vectors == 4)
    inputs_gradient(list, input, outputGradient, inputs, 4, 0);
  else
    inputs_gradient(list, input, outputGradient, inputs, vectors, 0);
}

SHARED void add_bias_gradient(int biasGradient, const View *outputGradient, int channels, int height, int width,
                              int slice) {
  for (int channel = 0; channel < channels; channel++) {
    int output = outputGradient->base + slice * outputGradient->slice + channel * outputGradient->channel;
    AT(float, biasGradient)[channel] += plane_sum(output, outputGradient->row, outputGradient->position, height, width);
  }
}
