#include "heap.h"
#include "network.h"

/* Gradients of `group` taps at once, which share the loaded output gradient. */
INLINE void group_gradient(const int *offsets, float *gradients, int group, int input, int inputRow, int inputPosition,
                           int output, int outputRow, int outputPosition, int height, int width) {
  float8 sum[4] = {{0}};
  for (int y = 0; y < height; y++) {
    int from[4];
    for (int t = 0; t < group; t++) from[t] = input + y * inputRow + offsets[t];
    int gradient = output + y * outputRow;
    for (int x = 0; x < width; x++) {
      float8 value = load8(gradient);
      gradient += outputPosition;
      for (int t = 0; t < group; t++) {
        sum[t] += value * load8(from[t]);
        from[t] += inputPosition;
      }
    }
  }
  if (group == 4) {
    float4 sums = sums8(sum[0], sum[1], sum[2], sum[3]);
    for (int t = 0; t < 4; t++) gradients[t] += sums[t];
  } else {
    for (int t = 0; t < group; t++) gradients[t] += sum8(sum[t]);
  }
}

/* Adds the slice's gradients of the listed taps, and of the biases. */
void add_weight_gradient(const Taps *list, int biasGradient, const View *input, int stride, const View *outputGradient,
                         int channels, int height, int width, int slice) {
  const int *starts = AT(int, list->starts);
  int from = input->base + slice * input->slice;
  int inputRow = stride * input->row, inputPosition = stride * input->position;
  for (int channel = 0; channel < channels; channel++) {
    const int *offsets = AT(int, list->offsets);
    float *gradients = AT(float, list->weights);
    int output = outputGradient->base + slice * outputGradient->slice + channel * outputGradient->channel;
    int outputRow = outputGradient->row, outputPosition = outputGradient->position;
    int tap = starts[channel], end = starts[channel + 1];
#define GROUPS(size)                                                                                                   \
  for (; tap + size <= end; tap += size)                                                                               \
  group_gradient(offsets + tap, gradients + tap, size, from, inputRow, inputPosition, output, outputRow,               \
                 outputPosition, height, width)
    GROUPS(4);
    GROUPS(2);
    GROUPS(1);
    if (biasGradient != 0) {
      float8 sum = {0};
      for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) sum += load8(output + y * outputRow + x * outputPosition);
      AT(float, biasGradient)[channel] += sum8(sum);
    }
  }
}
