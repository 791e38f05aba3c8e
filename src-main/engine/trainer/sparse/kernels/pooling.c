#include "heap.h"
#include "network.h"

/*
 * Max-pooling is separable: first along rows into a scratch plane, then along columns. A later value wins only when it is
 * larger, in both passes, so the winner is the first largest one in row-major order. Nothing is remembered for the
 * gradient; which value won is compared again, which is cheaper than storing it.
 */

/* Largest value of each window along one axis. Axis: steps in bytes between neighbours before and after. */
INLINE void line_maximum(int from, int fromStep, int to, int toStep, int outputs, int window, int stride,
                         int rectifies) {
  for (int i = 0; i < outputs; i++) {
    int at = from + i * stride * fromStep;
    float8 best = load8(at);
    for (int k = 1; k < window; k++) best = larger8(best, load8(at + k * fromStep));
    store8(to + i * toStep, rectifies ? rectified8(best) : best);
  }
}

/*
 * Sends the gradient of each window to its first largest value; overlapping windows add up. `to` must hold zeros.
 */
INLINE void line_gradient(int values, int valueStep, int gradient, int gradientStep, int to, int toStep, int outputs,
                          int window, int stride) {
  for (int i = 0; i < outputs; i++) {
    int at = values + i * stride * valueStep;
    float8 best = load8(at);
    int8 winner = {0};
    for (int k = 1; k < window; k++) {
      float8 value = load8(at + k * valueStep);
      int8 larger = value > best;
      best = larger8(best, value);
      winner = selectWhole8(larger, (int8){0} + k, winner);
    }
    float8 share = load8(gradient + i * gradientStep);
    for (int k = 0; k < window; k++) {
      int target = to + (i * stride + k) * toStep;
      store8(target, load8(target) + keep8(winner == k, share));
    }
  }
}

INLINE void clear(int to, int vectors) {
  for (int i = 0; i < vectors; i++) store8(to + i * vectorBytes, (float8){0});
}

INLINE void plane_rows(const Layer *layer, int from, int scratch, int window, int stride) {
  for (int y = 0; y < layer->inputHeight; y++)
    line_maximum(from + y * layer->input.row, layer->input.position, scratch + y * layer->outputWidth * vectorBytes,
                 vectorBytes, layer->outputWidth, window, stride, 0);
}

INLINE void pool_plane(const Layer *layer, int from, int to, int scratch, int window, int stride) {
  int pitch = layer->outputWidth * vectorBytes;
  plane_rows(layer, from, scratch, window, stride);
  for (int x = 0; x < layer->outputWidth; x++)
    line_maximum(scratch + x * vectorBytes, pitch, to + x * layer->output.position, layer->output.row,
                 layer->outputHeight, window, stride, layer->rectifiesOutput);
}

INLINE void pool_plane_gradient(const Layer *layer, int from, int gradient, int to, int scratch, int window, int stride) {
  int pitch = layer->outputWidth * vectorBytes;
  int rowGradient = scratch + layer->inputHeight * pitch;
  plane_rows(layer, from, scratch, window, stride);
  clear(rowGradient, layer->inputHeight * layer->outputWidth);
  for (int x = 0; x < layer->outputWidth; x++)
    line_gradient(scratch + x * vectorBytes, pitch, gradient + x * layer->outputGradient.position,
                  layer->outputGradient.row, rowGradient + x * vectorBytes, pitch, layer->outputHeight, window, stride);
  for (int y = 0; y < layer->inputHeight; y++) {
    int values = from + y * layer->input.row, target = to + y * layer->inputGradient.row;
    for (int x = 0; x < layer->inputWidth; x++) store8(target + x * layer->inputGradient.position, (float8){0});
    line_gradient(values, layer->input.position, rowGradient + y * pitch, vectorBytes, target,
                  layer->inputGradient.position, layer->outputWidth, window, stride);
    if (layer->rectifiedInput)
      for (int x = 0; x < layer->inputWidth; x++) {
        int at = target + x * layer->inputGradient.position;
        store8(at, keep8(load8(values + x * layer->input.position) > 0.0f, load8(at)));
      }
  }
}

/* Common windows get loops of constant length. */
#define FOR_WINDOW(call)                                                                                               \
  if (window == 2 && stride == 2) call(2, 2);                                                                          \
  else if (window == 3 && stride == 1) call(3, 1);                                                                     \
  else call(window, stride)

void pool(const Layer *layer, int slice, int scratch) {
  int window = layer->window, stride = layer->stride;
  for (int channel = 0; channel < layer->outputChannels; channel++) {
    int from = layer->input.base + slice * layer->input.slice + channel * layer->input.channel;
    int to = layer->output.base + slice * layer->output.slice + channel * layer->output.channel;
#define CALL(window, stride) pool_plane(layer, from, to, scratch, window, stride)
    FOR_WINDOW(CALL);
#undef CALL
  }
}

void pool_gradient(const Layer *layer, int slice, int scratch) {
  int window = layer->window, stride = layer->stride;
  for (int channel = 0; channel < layer->outputChannels; channel++) {
    int from = layer->input.base + slice * layer->input.slice + channel * layer->input.channel;
    int gradient =
        layer->outputGradient.base + slice * layer->outputGradient.slice + channel * layer->outputGradient.channel;
    int to = layer->inputGradient.base + slice * layer->inputGradient.slice + channel * layer->inputGradient.channel;
#define CALL(window, stride) pool_plane_gradient(layer, from, gradient, to, scratch, window, stride)
    FOR_WINDOW(CALL);
#undef CALL
  }
}
