#include "heap.h"
#include "network.h"

/*
 * The one kernel of convolution and dense layers, forward and for the input gradient:
 *   to[c][y][x] = bias[c] + Σ_t weight_t · from[offset_t + y·stepRow + x·stepPosition]
 * Sums run over the taps in the order of the list, for every image alike, whatever the blocking.
 */
INLINE void block(const int *offsets, const float *weights, int count, float start, int from, int stepPosition, int to,
                  int toPosition, int positions, int rectifies, int gate, int gatePosition) {
  float8 sum[OPEN_SUMS];
  for (int p = 0; p < positions; p++) sum[p] = splat8(start);
  for (int t = 0; t < count; t++) {
    const char *at = AT(char, from + offsets[t]);
    float weight = weights[t];
    for (int p = 0; p < positions; p++) sum[p] += weight * load8_from(at, p * stepPosition);
  }
  for (int p = 0; p < positions; p++) {
    float8 value = rectifies ? rectified8(sum[p]) : sum[p];
    if (gate != 0) value = keep8(load8(gate + p * gatePosition) > 0.0f, value);
    store8(to + p * toPosition, value);
  }
}

INLINE void row(const int *offsets, const float *weights, int count, float start, int from, int stepPosition, int to,
                int toPosition, int width, int rectifies, int gate, int gatePosition) {
  int x = 0;
#define BLOCKS(positions)                                                                                              \
  for (; x + positions <= width; x += positions)                                                                       \
  block(offsets, weights, count, start, from + x * stepPosition, stepPosition, to + x * toPosition, toPosition,        \
        positions, rectifies, gate == 0 ? 0 : gate + x * gatePosition, gatePosition)

#if OPEN_SUMS == 8
  BLOCKS(8);
#endif
  BLOCKS(4);
  BLOCKS(2);
  BLOCKS(1);
}

/* `gate`, when not null, is the rectified tensor whose gradient is being computed: no gradient where it is 0. */
SHARED void apply_taps(const Taps *list, int bias, const View *from, int stepRow, int stepPosition, const View *to, int channels,
                int height, int width, int slice, int rectifies, const View *gate) {
  const int *starts = AT(int, list->starts);
  for (int y = 0; y < height; y++) {
    int fromRow = from->base + slice * from->slice + y * stepRow;
    for (int channel = 0; channel < channels; channel++) {
      const int *offsets = AT(int, list->offsets) + starts[channel];
      const float *weights = AT(float, list->weights) + starts[channel];
      int count = starts[channel + 1] - starts[channel];
      float start = bias == 0 ? 0.0f : AT(float, bias)[channel];
      int toRow = to->base + slice * to->slice + channel * to->channel + y * to->row;
      int gateRow = gate == 0 ? 0 : gate->base + slice * gate->slice + channel * gate->channel + y * gate->row;
      int gatePosition = gate == 0 ? 0 : gate->position;
      /* A constant step lets every load take its address from the instruction. */
      if (stepPosition == vectorBytes)
        row(offsets, weights, count, start, fromRow, vectorBytes, toRow, to->position, width, rectifies, gateRow,
            gatePosition);
      else
        row(offsets, weights, count, start, fromRow, stepPosition, toRow, to->position, width, rectifies, gateRow,
            gatePosition);
    }
  }
}
