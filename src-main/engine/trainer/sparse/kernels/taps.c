#include "heap.h"
#include "network.h"

/*
 * The one kernel of convolution and dense layers, forward and for the input gradient:
 *   to[c][y][x] = bias[c] + Σ_t weight_t · from[offset_t + y·stepRow + x·stepPosition]
 * Sums run over the taps in the order of the list, for every image alike, whatever the tiles and bands.
 */

/* Some positions of one output row, and the taps of one list that are added to them. */
typedef struct {
  const int *offsets, *sources;
  const float *weights;
  int count;
  const char *from;
  char *to;
  int step, toPosition;
  /* Whether the sums go on from what is there already. */
  int continues;
  float start;
  int rectifies, gatePosition;
  const char *gate;
} Tile;

INLINE void add_tile(const Tile *tile, int step, int positions, int indirect) {
  const char *from = tile->from;
  float8 sum[WIDEST_TILE];
  if (tile->continues)
    for (int p = 0; p < positions; p++) sum[p] = load8_from(tile->to, p * tile->toPosition);
  else
    for (int p = 0; p < positions; p++) sum[p] = splat8(tile->start);
  for (int t = 0; t < tile->count; t++) {
    const char *at = from + tile->offsets[t];
    float weight = tile->weights[indirect ? tile->sources[t] : t];
    for (int p = 0; p < positions; p++) sum[p] += weight * load8_from(at, p * step);
  }
  if (tile->rectifies)
    for (int p = 0; p < positions; p++) sum[p] = rectified8(sum[p]);
  if (tile->gate != 0)
    for (int p = 0; p < positions; p++)
      sum[p] = keep8(load8_from(tile->gate, p * tile->gatePosition) > 0.0f, sum[p]);
  for (int p = 0; p < positions; p++) *(float8 *)(tile->to + (unsigned long)(p * tile->toPosition)) = sum[p];
}

/* A function of its own for each width, so that its sums stay in registers: compilers lose sight of them in a larger one. */
#define TILES(name, step, indirect)                                                                                    \
  UP_TO_MOST(WIDEST_TILE, TILE, name, step, indirect)                                                                  \
  static void name(const Tile *tile, int positions) {                                                                  \
    switch (positions) { UP_TO_MOST(WIDEST_TILE, TILE_CASE, name) }                                                    \
  }
#define TILE(positions, name, step, indirect)                                                                          \
  static __attribute__((noinline)) void name##positions(const Tile *tile) { add_tile(tile, step, positions, indirect); }
#define TILE_CASE(positions, name)                                                                                     \
  case positions: name##positions(tile); break;

/* A constant step lets every load take its address from the instruction. */
TILES(near_tile, vectorBytes, 0)
TILES(near_indirect_tile, vectorBytes, 1)
TILES(far_tile, tile->step, 0)
TILES(far_indirect_tile, tile->step, 1)

INLINE int at_least(int least, int value) { return value < least ? least : value; }
INLINE int at_most(int most, int value) { return value > most ? most : value; }

/* `gate`, when not null, is the rectified tensor whose gradient is being computed: no gradient where it is 0. */
SHARED void apply_taps(const Taps *list, int bias, const View *from, int stepRow, int stepPosition, const View *to,
                       int channels, int height, int width, int slice, int rectifies, const View *gate) {
  const int *starts = AT(int, list->starts);
  /* Tiles of nearly equal width: a narrow one would wait for its few sums. */
  int tiles = (width + WIDEST_TILE - 1) / WIDEST_TILE;
  for (int y = 0; y < height; y++) {
    int firstRow = at_least(0, list->firstRow + y * list->rowStep);
    int endRow = at_least(firstRow, at_most(list->rows, list->endRow + y * list->rowStep));
    int fromRow = from->base + slice * from->slice + y * stepRow;
    int toRow = to->base + slice * to->slice + y * to->row;
    int gateRow = gate == 0 ? 0 : gate->base + slice * gate->slice + y * gate->row;
    for (int index = 0, x = 0; index < tiles; index++) {
      int positions = width / tiles + (index < width % tiles);
      for (int band = 0; band < list->bands; band++) {
        int ends = band + 1 == list->bands;
        Tile tile = {.from = AT(char, fromRow + x * stepPosition),
                     .step = stepPosition,
                     .toPosition = to->position,
                     .continues = band > 0,
                     .rectifies = ends && rectifies,
                     .gatePosition = gate == 0 ? 0 : gate->position};
        for (int channel = 0; channel < channels; channel++) {
          const int *start = starts + (band * channels + channel) * list->rows;
          int first = start[firstRow];
          tile.offsets = AT(int, list->offsets) + first;
          tile.count = start[endRow] - first;
          tile.to = AT(char, toRow + channel * to->channel + x * to->position);
          tile.start = bias == 0 ? 0.0f : AT(float, bias)[channel];
          tile.gate = gate == 0 || !ends ? 0 : AT(char, gateRow + channel * gate->channel + x * gate->position);
          if (list->sources != 0) {
            tile.sources = AT(int, list->sources) + first;
            tile.weights = AT(float, list->weights);
            if (stepPosition == vectorBytes) near_indirect_tile(&tile, positions);
            else far_indirect_tile(&tile, positions);
          } else {
            tile.weights = AT(float, list->weights) + first;
            if (stepPosition == vectorBytes) near_tile(&tile, positions);
            else far_tile(&tile, positions);
          }
        }
      }
      x += positions;
    }
  }
}
