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

/* Adds the slice's gradients of the listed taps, and of the biases. */
SHARED void add_weight_gradient(const Taps *list, int biasGradient, const View *input, int stride, const View *outputGradient,
                         int channels, int height, int width, int slice) {
  const int *starts = AT(int, list->starts);
  int from = input->base + slice * input->slice;
  int inputRow = stride * input->row, inputPosition = stride * input->position;
  int outputRow = outputGradient->row, outputPosition = outputGradient->position;
  for (int channel = 0; channel < channels; channel++) {
    const int *offsets = AT(int, list->offsets) + starts[channel];
    float *gradients = AT(float, list->weights) + starts[channel];
    int count = starts[channel + 1] - starts[channel];
    int output = outputGradient->base + slice * outputGradient->slice + channel * outputGradient->channel;
    if (inputPosition == vectorBytes && outputPosition == vectorBytes)
      list_gradient(offsets, gradients, count, from, inputRow, vectorBytes, output, outputRow, vectorBytes, height,
                    width);
    else
      list_gradient(offsets, gradients, count, from, inputRow, inputPosition, output, outputRow, outputPosition, height,
                    width);
    AT(float, biasGradient)[channel] += plane_sum(output, outputRow, outputPosition, height, width);
  }
}
