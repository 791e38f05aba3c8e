#include "heap.h"
#include "network.h"

/*
 * Dense layers whose weights all exist need no lists: several rows of the product share every vector that is loaded, and
 * several vectors every weight. Sums run in the same order as over the lists, so that the bits are theirs.
 */

/* Rows and vectors of one block, as many sums as there are registers for. */
#if defined(__AVX512VL__) || defined(__aarch64__)
enum { blockRows = 5, blockVectors = 4 };
#elif defined(__AVX2__)
enum { blockRows = 2, blockVectors = 4 };
#else
enum { blockRows = 2, blockVectors = 2 };
#endif

/* A block of sums: to[row][vector] += Σ_k weights[k·weightStep + row·rowStep] · from[k][vector]. Steps of weights in floats. */
typedef struct {
  const float *weights;
  long weightStep, rowStep;
  int count;
  /* Bytes from these weights to those of the next block, which are fetched meanwhile. */
  long ahead;
  const char *from;
  long fromStep, fromVector;
  char *to;
  long toStep, toVector;
  /* Where the sums start: at `start` of each row, at 0, or at what is there already. */
  const float *start;
  int continues;
  int rectifies;
  const char *gate;
  long gateStep, gateVector;
} Block;

INLINE void add_block(const Block *block, int rows, int vectors, long weightStep, long rowStep, long aheadStep) {
  float8 sum[blockRows][blockVectors];
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < vectors; v++)
      sum[r][v] = block->continues    ? load8_from(block->to, r * block->toStep + v * block->toVector)
                  : block->start != 0 ? splat8(block->start[r])
                                      : (float8){0};
  const char *from = block->from;
  const float *weights = block->weights;
  const char *next = (const char *)weights + block->ahead;
  for (int k = 0; k < block->count; k++) {
    float8 value[blockVectors];
    for (int v = 0; v < vectors; v++) value[v] = load8_from(from, v * block->fromVector);
    __builtin_prefetch(next);
    next += aheadStep;
    for (int r = 0; r < rows; r++)
      for (int v = 0; v < vectors; v++) sum[r][v] += weights[r * rowStep] * value[v];
    from += block->fromStep;
    weights += weightStep;
  }
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < vectors; v++) {
      float8 value = block->rectifies ? rectified8(sum[r][v]) : sum[r][v];
      if (block->gate != 0)
        value = keep8(load8_from(block->gate, r * block->gateStep + v * block->gateVector) > 0.0f, value);
      *(float8 *)(block->to + r * block->toStep + v * block->toVector) = value;
    }
}

/* A function of its own for each shape, so that its sums stay in registers. */
#define BLOCK(name, rows, vectors, weightStep, rowStep, aheadStep)                                                     \
  static __attribute__((noinline)) void name(const Block *block) {                                                     \
    add_block(block, rows, vectors, weightStep, rowStep, aheadStep);                                                   \
  }
BLOCK(forward_block, blockRows, blockVectors, block->weightStep, 1, 4 * block->weightStep)
BLOCK(forward_column, blockRows, 1, block->weightStep, 1, 4 * block->weightStep)
BLOCK(forward_row, 1, blockVectors, block->weightStep, 1, 4 * block->weightStep)
BLOCK(forward_one, 1, 1, block->weightStep, 1, 4 * block->weightStep)
BLOCK(backward_block, blockRows, blockVectors, 1, block->rowStep, 4 * blockRows)
BLOCK(backward_column, blockRows, 1, 1, block->rowStep, 4 * blockRows)
BLOCK(backward_row, 1, blockVectors, 1, block->rowStep, 4)
BLOCK(backward_one, 1, 1, 1, block->rowStep, 4)

typedef void (*RunBlock)(const Block *block);
typedef struct {
  RunBlock block, column, row, one;
} BlockKinds;

/* All vectors of some rows. */
INLINE void run_rows(const Block *first, int vectors, RunBlock wide, RunBlock narrow) {
  Block block = *first;
  for (int v = 0; v < vectors;) {
    int taken = v + blockVectors <= vectors ? blockVectors : 1;
    if (taken == 1) narrow(&block);
    else wide(&block);
    v += taken;
    block.from += taken * block.fromVector;
    block.to += taken * block.toVector;
    if (block.gate != 0) block.gate += taken * block.gateVector;
  }
}

INLINE void run_all_rows(const Block *first, int rows, int vectors, const BlockKinds *kinds) {
  Block block = *first;
  for (int r = 0; r < rows;) {
    int taken = r + blockRows <= rows ? blockRows : 1;
    if (taken == 1) run_rows(&block, vectors, kinds->row, kinds->one);
    else run_rows(&block, vectors, kinds->block, kinds->column);
    r += taken;
    block.weights += taken * block.rowStep;
    block.to += taken * block.toStep;
    if (block.start != 0) block.start += taken;
    if (block.gate != 0) block.gate += taken * block.gateStep;
  }
}

/* Inputs whose weights and values stay in the first-level cache while all outputs use them. */
enum { inputsAtOnce = 64 };

/* Whether the lists, by input, hold every weight. */
SHARED int is_full(const Taps *byInput, int inputs, int outputs) {
  return AT(int, byInput->starts)[byInput->bands * inputs] == inputs * outputs;
}

/* Outputs of a band: every input lists them all, in their order. */
INLINE int band_width(const Taps *byInput, int inputs, int band) {
  const int *starts = AT(int, byInput->starts) + band * inputs;
  return starts[1] - starts[0];
}

SHARED void apply_full(const Taps *byInput, int bias, const View *from, const View *to, int inputs, int vectors,
                       int rectifies) {
  static const BlockKinds kinds = {forward_block, forward_column, forward_row, forward_one};
  for (int input = 0; input < inputs; input += inputsAtOnce) {
    int count = inputs - input < inputsAtOnce ? inputs - input : inputsAtOnce;
    for (int band = 0, output = 0; band < byInput->bands; band++) {
      int width = band_width(byInput, inputs, band);
      Block block = {.weights = AT(float, byInput->weights) + AT(int, byInput->starts)[band * inputs + input],
                     .weightStep = width,
                     .rowStep = 1,
                     .count = count,
                     .ahead = 4L * inputsAtOnce * width,
                     .from = AT(char, from->base + input * from->channel),
                     .fromStep = from->channel,
                     .fromVector = from->position,
                     .to = AT(char, to->base + output * to->channel),
                     .toStep = to->channel,
                     .toVector = to->position,
                     .start = AT(float, bias) + output,
                     .continues = input > 0,
                     .rectifies = rectifies && input + count == inputs};
      run_all_rows(&block, width, vectors, &kinds);
      output += width;
    }
  }
}

/* The gradient of the inputs; `gate` as for apply_taps. */
SHARED void apply_full_transposed(const Taps *byInput, const View *from, const View *to, int inputs, int vectors,
                                  const View *gate) {
  static const BlockKinds kinds = {backward_block, backward_column, backward_row, backward_one};
  for (int band = 0, output = 0; band < byInput->bands; band++) {
    int width = band_width(byInput, inputs, band), ends = band + 1 == byInput->bands;
    Block block = {.weights = AT(float, byInput->weights) + AT(int, byInput->starts)[band * inputs],
                   .weightStep = 1,
                   .rowStep = width,
                   .count = width,
                   .ahead = 4L * blockRows * width,
                   .from = AT(char, from->base + output * from->channel),
                   .fromStep = from->channel,
                   .fromVector = from->position,
                   .to = AT(char, to->base),
                   .toStep = to->channel,
                   .toVector = to->position,
                   .continues = band > 0};
    if (gate != 0 && ends) {
      block.gate = AT(char, gate->base);
      block.gateStep = gate->channel;
      block.gateVector = gate->position;
    }
    run_all_rows(&block, inputs, vectors, &kinds);
    output += width;
  }
}
