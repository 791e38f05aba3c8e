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
static void line_gradient(Line values, Line gradient, Line to, int inputs, int outputs, int window, int stride,
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

static void rows_maximum(const Layer *layer, int from, int scratch, int window, int stride) {
  int pitch = layer->outputWidth * vectorBytes;
  for (int y = 0; y < layer->inputHeight; y++) {
    Line row = {from + y * layer->input.row, vectorBytes}, maxima = {scratch + y * pitch, vectorBytes};
    for (int x = 0; x < layer->outputWidth; x++) put(maxima, x, largest(row, x * stride, window));
  }
}

static void plane_maximum(const Layer *layer, int from, int to, int scratch, int window, int stride) {
  int pitch = layer->outputWidth * vectorBytes;
  rows_maximum(layer, from, scratch, window, stride);
  for (int y = 0; y < layer->outputHeight; y++)
    for (int x = 0; x < layer->outputWidth; x++) {
      Line column = {scratch + y * stride * pitch + x * vectorBytes, pitch};
      float8 best = largest(column, 0, window);
      store8(to + y * layer->output.row + x * layer->output.position, layer->rectifiesOutput ? rectified8(best) : best);
    }
}

static void plane_gradient(const Layer *layer, int from, int gradient, int to, int scratch, int window, int stride,
                           int rectified) {
  int pitch = layer->outputWidth * vectorBytes;
  int rows = scratch + layer->inputHeight * pitch;
  rows_maximum(layer, from, scratch, window, stride);
  for (int x = 0; x < layer->outputWidth; x++) {
    Line values = {scratch + x * vectorBytes, pitch}, target = {rows + x * vectorBytes, pitch};
    Line source = {gradient + x * layer->outputGradient.position, layer->outputGradient.row};
    line_gradient(values, source, target, layer->inputHeight, layer->outputHeight, window, stride, 0);
  }
  for (int y = 0; y < layer->inputHeight; y++) {
    Line values = {from + y * layer->input.row, vectorBytes}, source = {rows + y * pitch, vectorBytes};
    Line target = {to + y * layer->inputGradient.row, layer->inputGradient.position};
    line_gradient(values, source, target, layer->inputWidth, layer->outputWidth, window, stride, rectified);
  }
}

/*
 * The usual windows, which are constants (window ≥ stride): several columns side by side run down the plane, and what
 * windows share stays in registers.
 */
#if defined(__AVX2__) || defined(__aarch64__)
enum { stripColumns = 4 };
#else
enum { stripColumns = 2 };
#endif
enum { longestWindow = 3 };

/* The largest values of `columns` windows side by side. */
INLINE void windows_maxima(float8 *maxima, const char *row, int columns, int window, int stride) {
  for (int c = 0; c < columns; c++) {
    const char *first = row + c * stride * vectorBytes;
    maxima[c] = load8_from(first, 0);
    for (int k = 1; k < window; k++) maxima[c] = larger8(maxima[c], load8_from(first, k * vectorBytes));
  }
}

/* A way through the plane, downwards or along a row, and what it leaves. */
typedef struct {
  const char *values, *gradient;
  char *to;
  long valuesStep, gradientStep, gradientColumn, toStep, toColumn;
  int inputs, outputs, rectifies;
} Way;

INLINE void way_maximum(const Way *way, int columns, int window, int stride) {
  float8 lines[longestWindow][stripColumns];
  const char *values = way->values;
  char *to = way->to;
  int shared = window - stride;
  for (int k = 0; k < shared; k++, values += way->valuesStep) windows_maxima(lines[k], values, columns, window, stride);
  for (int i = 0; i < way->outputs; i++, to += way->toStep) {
    for (int k = shared; k < window; k++, values += way->valuesStep)
      windows_maxima(lines[k], values, columns, window, stride);
    for (int c = 0; c < columns; c++) {
      float8 best = lines[0][c];
      for (int k = 1; k < window; k++) best = larger8(best, lines[k][c]);
      *(float8 *)(to + c * way->toColumn) = way->rectifies ? rectified8(best) : best;
      for (int k = 0; k < shared; k++) lines[k][c] = lines[k + stride][c];
    }
  }
}

/*
 * What line_gradient does, with the sums of the open windows in registers. The values are the largest of `across` others
 * side by side; 1 for those of the plane itself.
 */
INLINE void way_gradient(const Way *way, int columns, int across, int window, int stride, int rectified) {
  float8 lines[longestWindow][stripColumns], open[longestWindow][stripColumns] = {{{0}}};
  const char *values = way->values, *gradient = way->gradient;
  char *to = way->to;
  int shared = window - stride;
  for (int k = 0; k < shared; k++, values += way->valuesStep) windows_maxima(lines[k], values, columns, across, stride);
  for (int i = 0; i < way->outputs; i++, gradient += way->gradientStep) {
    for (int k = shared; k < window; k++, values += way->valuesStep)
      windows_maxima(lines[k], values, columns, across, stride);
    for (int c = 0; c < columns; c++) {
      float8 best = lines[0][c], share = load8_from(gradient, c * way->gradientColumn);
      int8 larger[longestWindow];
      for (int k = 1; k < window; k++) {
        larger[k] = lines[k][c] > best;
        best = larger8(best, lines[k][c]);
      }
      for (int k = window - 1; k > 0; k--) {
        open[k][c] += keep8(larger[k], share);
        share = keep8(~larger[k], share);
      }
      open[0][c] += share;
      for (int k = 0; k < stride; k++)
        *(float8 *)(to + k * way->toStep + c * way->toColumn) =
            rectified ? keep8(lines[k][c] > 0.0f, open[k][c]) : open[k][c];
      for (int k = 0; k < window; k++) open[k][c] = k < shared ? open[k + stride][c] : (float8){0};
      for (int k = 0; k < shared; k++) lines[k][c] = lines[k + stride][c];
    }
    to += stride * way->toStep;
  }
  /* Where windows end before the plane does. */
  values = way->values + way->outputs * stride * way->valuesStep;
  for (int i = way->outputs * stride; i < way->inputs; i++, values += way->valuesStep, to += way->toStep) {
    windows_maxima(lines[0], values, columns, across, stride);
    for (int c = 0; c < columns; c++) {
      *(float8 *)(to + c * way->toColumn) = rectified ? keep8(lines[0][c] > 0.0f, open[0][c]) : open[0][c];
      for (int k = 0; k < window; k++) open[k][c] = k + 1 < window ? open[k + 1][c] : (float8){0};
    }
  }
}

INLINE void short_plane_maximum(const Layer *layer, int from, int to, int window, int stride) {
  Way way = {.values = AT(char, from),
             .to = AT(char, to),
             .valuesStep = layer->input.row,
             .toStep = layer->output.row,
             .toColumn = layer->output.position,
             .outputs = layer->outputHeight,
             .rectifies = layer->rectifiesOutput};
  for (int x = 0, columns; x < layer->outputWidth; x += columns) {
    columns = x + stripColumns <= layer->outputWidth ? stripColumns : 1;
    if (columns == 1) way_maximum(&way, 1, window, stride);
    else way_maximum(&way, stripColumns, window, stride);
    way.values += columns * stride * vectorBytes;
    way.to += columns * way.toColumn;
  }
}

INLINE void short_plane_gradient(const Layer *layer, int from, int gradient, int to, int scratch, int window, int stride,
                                 int rectified) {
  int pitch = layer->outputWidth * vectorBytes;
  Way down = {.values = AT(char, from),
              .gradient = AT(char, gradient),
              .to = AT(char, scratch),
              .valuesStep = layer->input.row,
              .gradientStep = layer->outputGradient.row,
              .gradientColumn = layer->outputGradient.position,
              .toStep = pitch,
              .toColumn = vectorBytes,
              .inputs = layer->inputHeight,
              .outputs = layer->outputHeight};
  for (int x = 0, columns; x < layer->outputWidth; x += columns) {
    columns = x + stripColumns <= layer->outputWidth ? stripColumns : 1;
    if (columns == 1) way_gradient(&down, 1, window, window, stride, 0);
    else way_gradient(&down, stripColumns, window, window, stride, 0);
    down.values += columns * stride * vectorBytes;
    down.gradient += columns * down.gradientColumn;
    down.to += columns * vectorBytes;
  }
  Way along = {.values = AT(char, from),
               .gradient = AT(char, scratch),
               .to = AT(char, to),
               .valuesStep = vectorBytes,
               .gradientStep = vectorBytes,
               .toStep = layer->inputGradient.position,
               .inputs = layer->inputWidth,
               .outputs = layer->outputWidth};
  for (int y = 0; y < layer->inputHeight; y++) {
    way_gradient(&along, 1, 1, window, stride, rectified);
    along.values += layer->input.row;
    along.gradient += pitch;
    along.to += layer->inputGradient.row;
  }
}

SHARED void pool(const Layer *layer, int slice, int scratch) {
  int window = layer->window, stride = layer->stride;
  for (int channel = 0; channel < layer->outputChannels; channel++) {
    int from = layer->input.base + slice * layer->input.slice + channel * layer->input.channel;
    int to = layer->output.base + slice * layer->output.slice + channel * layer->output.channel;
    if (window == 2 && stride == 2)
      short_plane_maximum(layer, from, to, 2, 2);
    else if (window == 3 && stride == 1)
      short_plane_maximum(layer, from, to, 3, 1);
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
      short_plane_gradient(layer, from, gradient, to, scratch, 2, 2, rectified);
    else if (window == 3 && stride == 1)
      short_plane_gradient(layer, from, gradient, to, scratch, 3, 1, rectified);
    else
      plane_gradient(layer, from, gradient, to, scratch, window, stride, rectified);
  }
}
