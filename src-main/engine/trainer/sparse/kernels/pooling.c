#include "heap.h"
#include "network.h"

/*
 * Max-pooling is separable: first along rows into a scratch plane, then along columns. A later value wins only when it is
 * larger, in both passes, so the winner is the first largest one in row-major order. Nothing is remembered for the
 * gradient; which value won is compared again, which is cheaper than storing it.
 */

/* A line of vectors: where it starts and the bytes from one to the next. */
typedef struct {
  int start, step;
} Line;

INLINE float8 at(Line line, int index) { return load8(line.start + index * line.step); }
INLINE void put(Line line, int index, float8 value) { store8(line.start + index * line.step, value); }

INLINE float8 largest(Line line, int first, int window) {
  float8 best = at(line, first);
  for (int k = 1; k < window; k++) best = larger8(best, at(line, first + k));
  return best;
}

/* No gradient where a rectified value is 0. */
INLINE float8 gated(float8 gradient, Line values, int index, int rectified) {
  return rectified ? keep8(at(values, index) > 0.0f, gradient) : gradient;
}

/* Sends the gradient of each window to its first largest value; overlapping windows add up. Any window and stride. */
INLINE void line_gradient(Line values, Line gradient, Line to, int inputs, int outputs, int window, int stride,
                          int rectified) {
  for (int i = 0; i < inputs; i++) put(to, i, (float8){0});
  for (int i = 0; i < outputs; i++) {
    float8 best = at(values, i * stride);
    int8 winner = {0};
    for (int k = 1; k < window; k++) {
      float8 value = at(values, i * stride + k);
      winner = selectWhole8(value > best, (int8){0} + k, winner);
      best = larger8(best, value);
    }
    float8 share = at(gradient, i);
    for (int k = 0; k < window; k++) {
      int index = i * stride + k;
      put(to, index, at(to, index) + gated(keep8(winner == k, share), values, index, rectified));
    }
  }
}

/* The same with the sums of the open windows in registers, for windows that are constants; window ≥ stride. */
INLINE void short_line_gradient(Line values, Line gradient, Line to, int inputs, int outputs, int window, int stride,
                                int rectified) {
  float8 open[4] = {{0}};
  for (int i = 0; i < outputs; i++) {
    float8 best = at(values, i * stride);
    int8 larger[4];
    for (int k = 1; k < window; k++) {
      float8 value = at(values, i * stride + k);
      larger[k] = value > best;
      best = larger8(best, value);
    }
    float8 share = at(gradient, i);
    for (int k = window - 1; k > 0; k--) {
      open[k] += keep8(larger[k], share);
      share = keep8(~larger[k], share);
    }
    open[0] += share;
    for (int k = 0; k < stride; k++) put(to, i * stride + k, gated(open[k], values, i * stride + k, rectified));
    for (int k = 0; k < window; k++) open[k] = k + stride < window ? open[k + stride] : (float8){0};
  }
  for (int i = outputs * stride; i < inputs; i++) {
    put(to, i, gated(open[0], values, i, rectified));
    for (int k = 0; k < window; k++) open[k] = k + 1 < window ? open[k + 1] : (float8){0};
  }
}

INLINE void rows_maximum(const Layer *layer, int from, int scratch, int window, int stride) {
  int pitch = layer->outputWidth * vectorBytes;
  for (int y = 0; y < layer->inputHeight; y++) {
    Line row = {from + y * layer->input.row, vectorBytes}, maxima = {scratch + y * pitch, vectorBytes};
    for (int x = 0; x < layer->outputWidth; x++) put(maxima, x, largest(row, x * stride, window));
  }
}

INLINE void plane_maximum(const Layer *layer, int from, int to, int scratch, int window, int stride) {
  int pitch = layer->outputWidth * vectorBytes;
  rows_maximum(layer, from, scratch, window, stride);
  for (int y = 0; y < layer->outputHeight; y++)
    for (int x = 0; x < layer->outputWidth; x++) {
      Line column = {scratch + y * stride * pitch + x * vectorBytes, pitch};
      float8 best = largest(column, 0, window);
      store8(to + y * layer->output.row + x * layer->output.position, layer->rectifiesOutput ? rectified8(best) : best);
    }
}

INLINE void plane_gradient(const Layer *layer, int from, int gradient, int to, int scratch, int window, int stride,
                           int constant, int rectified) {
  int pitch = layer->outputWidth * vectorBytes;
  int rows = scratch + layer->inputHeight * pitch;
  rows_maximum(layer, from, scratch, window, stride);
  for (int x = 0; x < layer->outputWidth; x++) {
    Line values = {scratch + x * vectorBytes, pitch}, target = {rows + x * vectorBytes, pitch};
    Line source = {gradient + x * layer->outputGradient.position, layer->outputGradient.row};
    if (constant)
      short_line_gradient(values, source, target, layer->inputHeight, layer->outputHeight, window, stride, 0);
    else
      line_gradient(values, source, target, layer->inputHeight, layer->outputHeight, window, stride, 0);
  }
  for (int y = 0; y < layer->inputHeight; y++) {
    Line values = {from + y * layer->input.row, vectorBytes}, source = {rows + y * pitch, vectorBytes};
    Line target = {to + y * layer->inputGradient.row, layer->inputGradient.position};
    if (constant)
      short_line_gradient(values, source, target, layer->inputWidth, layer->outputWidth, window, stride, rectified);
    else
      line_gradient(values, source, target, layer->inputWidth, layer->outputWidth, window, stride, rectified);
  }
}

SHARED void pool(const Layer *layer, int slice, int scratch) {
  int window = layer->window, stride = layer->stride;
  for (int channel = 0; channel < layer->outputChannels; channel++) {
    int from = layer->input.base + slice * layer->input.slice + channel * layer->input.channel;
    int to = layer->output.base + slice * layer->output.slice + channel * layer->output.channel;
    if (window == 2 && stride == 2)
      plane_maximum(layer, from, to, scratch, 2, 2);
    else if (window == 3 && stride == 1)
      plane_maximum(layer, from, to, scratch, 3, 1);
    else
      plane_maximum(layer, from, to, scratch, window, stride);
  }
}

SHARED void pool_gradient(const Layer *layer, int slice, int scratch) {
  int window = layer->window, stride = layer->stride, rectified = layer->rectifiedInput;
  for (int channel = 0; channel < layer->outputChannels; channel++) {
    int from = layer->input.base + slice * layer->input.slice + channel * layer->input.channel;
    int gradient =
        layer->outputGradient.base + slice * layer->outputGradient.slice + channel * layer->outputGradient.channel;
    int to = layer->inputGradient.base + slice * layer->inputGradient.slice + channel * layer->inputGradient.channel;
    if (window == 2 && stride == 2)
      plane_gradient(layer, from, gradient, to, scratch, 2, 2, 1, rectified);
    else if (window == 3 && stride == 1)
      plane_gradient(layer, from, gradient, to, scratch, 3, 1, 1, rectified);
    else
      plane_gradient(layer, from, gradient, to, scratch, window, stride, 0, rectified);
  }
}
