#include "heap.h"
#include "network.h"

/* Gradients of `group` taps at once, which share the loaded output gradient. */
INLINE void group_gradient(const int *offsets, float *gradients, int group, int input, int inputRow, int inputPosition,
                           int output, int outputRow, int outputPosition, int height, int width) {
  float8 sum[OPEN_SUMS] = {{0}};
  for (int y = 0; y < height; y++) {
    const char *from[OPEN_SUMS], *gradient = AT(char, output + y * outputRow);
    for (int t = 0; t < group; t++) from[t] = AT(char, input + y * inputRow + offsets[t]);
    int x = 0;
    for (; x + 2 <= width; x += 2) {
      float8 first = load8_from(gradient, 0), second = load8_from(gradient, outputPosition);
      gradient += 2 * outputPosition;
      for (int t = 0; t < group; t++) {
        sum[t] += first * load8_from(from[t], 0);
        sum[t] += second * load8_from(from[t], inputPosition);
        from[t] += 2 * inputPosition;
      }
    }
    if (x < width) {
      float8 last = load8_from(gradient, 0);
      for (int t = 0; t < group; t++) sum[t] += last * load8_from(from[t], 0);
    }
  }
#if OPEN_SUMS == 8
  if (group == 8) {
    float4 more = sums8(sum[4], sum[5], sum[6], sum[7]);
    for (int t = 0; t < 4; t++) gradients[4 + t] += more[t];
  }
#endif
  if (group % 4 == 0) {
    float4 sums = sums8(sum[0], sum[1], sum[2], sum[3]);
    for (int t = 0; t < 4; t++) gradients[t] += sums[t];
  } else {
    for (int t = 0; t < group; t++) gradients[t] += sum8(sum[t]);
  }
}

INLINE void list_gradient(const int *offsets, float *gradients, int count, int input, int inputRow, int inputPosition,
                          int output, int outputRow, int outputPosition, int height, int width) {
  int tap = 0;
#define GROUPS(size)                                                                                                   \
  for (; tap + size <= count; tap += size)                                                                             \
  group_gradient(offsets + tap, gradients + tap, size, input, inputRow, inputPosition, output, outputRow,              \
                 outputPosition, height, width)
#if OPEN_SUMS == 8
  GROUPS(8);
#endif
  GROUPS(4);
  GROUPS(3);
  GROUPS(2);
  GROUPS(1);
}

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
      const int *offsets = AT(int, list->offsets) + start[0];
      float *gradients = AT(float, list->weights) + start[0];
      int count = start[1] - start[0];
      int output = outputGradient->base + slice * outputGradient->slice + channel * outputGradient->channel;
      if (inputPosition == vectorBytes && outputPosition == vectorBytes)
        list_gradient(offsets, gradients, count, from, inputRow, vectorBytes, output, outputRow, vectorBytes, height,
                      width);
      else
        list_gradient(offsets, gradients, count, from, inputRow, inputPosition, output, outputRow, outputPosition,
                      height, width);
    }
  }
}

/* Gradients of `group` weights of one input of a dense layer; `vectors` may be a constant. */
INLINE void dense_group_gradient(const int *offsets, float *gradients, int group, const char *input, long inputStep,
                                 const char *output, long outputStep, int vectors) {
  float8 sum[4] = {{0}};
  for (int v = 0; v < vectors; v++) {
    float8 value = load8_from(input, v * inputStep);
    for (int t = 0; t < group; t++) sum[t] += value * load8_from(output + offsets[t], v * outputStep);
  }
  if (group == 4)
    *(float4_unaligned *)gradients += sums8(sum[0], sum[1], sum[2], sum[3]);
  else
    for (int t = 0; t < group; t++) gradients[t] += sum8(sum[t]);
}

INLINE void dense_list_gradient(const int *offsets, float *gradients, int count, const char *input, long inputStep,
                                const char *output, long outputStep, int vectors) {
  int tap = 0;
  for (; tap + 4 <= count; tap += 4)
    dense_group_gradient(offsets + tap, gradients + tap, 4, input, inputStep, output, outputStep, vectors);
  for (; tap < count; tap++)
    dense_group_gradient(offsets + tap, gradients + tap, 1, input, inputStep, output, outputStep, vectors);
}

/* The same for a dense layer, whose taps are listed by input: each input is read once. */
SHARED void add_dense_weight_gradient(const Taps *list, const View *input, const View *outputGradient, int inputs,
                                      int vectors) {
  const int *starts = AT(int, list->starts);
  const char *output = AT(char, outputGradient->base);
  for (int band = 0; band < list->bands; band++) {
    for (int i = 0; i < inputs; i++) {
      const int *start = starts + band * inputs + i;
      const int *offsets = AT(int, list->offsets) + start[0];
      float *gradients = AT(float, list->weights) + start[0];
      const char *value = AT(char, input->base + i * input->channel);
      int count = start[1] - start[0];
      /* Batches of 32 are the usual ones. */
      if (vectors == 4)
        dense_list_gradient(offsets, gradients, count, value, input->position, output, outputGradient->position, 4);
      else
        dense_list_gradient(offsets, gradients, count, value, input->position, output, outputGradient->position, vectors);
    }
  }
}

SHARED void add_bias_gradient(int biasGradient, const View *outputGradient, int channels, int height, int width,
                              int slice) {
  for (int channel = 0; channel < channels; channel++) {
    int output = outputGradient->base + slice * outputGradient->slice + channel * outputGradient->channel;
    AT(float, biasGradient)[channel] += plane_sum(output, outputGradient->row, outputGradient->position, height, width);
  }
}
