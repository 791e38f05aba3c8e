/*
 * A network as the trainer writes it into the heap: 32-bit words in this order (see network-layout.ts). All positions and
 * strides are in bytes.
 *
 * Activations lie channel, row, column, image, with eight images (a "slice" of the batch) side by side. Layers with space
 * run slice by slice, so that the working set stays in the cache. A dense layer takes a whole batch: it is a convolution
 * over one row of `vectors` positions, one in each slice, with 1 × 1 kernels.
 */
#pragma once
#include "heap.h"

typedef struct {
  int base, channel, row, position, slice;
} View;

/*
 * The weights that exist, listed by output channel (or, transposed, by input channel). Inputs may be cut into bands small
 * enough for the cache, and a channel's taps into kernel rows; the taps of band b, channel c, kernel row k are
 * starts[i] … starts[i + 1] − 1 with i = (b·channels + c)·rows + k. Output row y needs the kernel rows from
 * firstRow + y·rowStep to endRow + y·rowStep, the others would meet zeros only.
 * Tap t has the weight weights[t], or weights[sources[t]] where sources is not 0.
 */
typedef struct {
  int starts, offsets, weights, sources;
  int bands, rows, firstRow, endRow, rowStep;
} Taps;

enum { taps = 0, pooling = 1 };

typedef struct {
  int kind;
  /* 1: runs for each slice; 0: runs once for all images (width then counts vectors). */
  int sliced;
  int inputChannels, inputHeight, inputWidth;
  int outputChannels, outputHeight, outputWidth;
  int window, stride;
  /* Whether a ReLU follows, and whether one stands before. */
  int rectifiesOutput, rectifiedInput;
  View input, output;
  /* Gradient with respect to the output, and to the input (base 0: not needed). */
  View outputGradient, inputGradient;
  /* Where the output gradient comes from when the flattening left it elsewhere (base 0: it is in place). */
  View flattenedGradient;
  /* The output gradient with its zero border, as the transposed taps read it. */
  View borderedGradient;
  Taps forward, transposed;
  /* Taps whose weight gradient is wanted, by output or by input; `weights` is where the gradient is added. */
  Taps gradient;
  int listsGradientByInput;
  int bias, biasGradient;
} Layer;
_Static_assert(sizeof(Layer) == 72 * 4, "network-layout.ts writes 72 words");

typedef struct {
  int layers, layerCount;
  int lanes, classes;
  /* Images: planar bytes, one per pixel; labels; the order in which they are visited; a table of 256 values per channel. */
  int pixels, labels, order, tables;
  int channels, height, width;
  View input;
  int imageCount, batchSize;
  /* Classes lie one vector apart, the slices of the batch `logitsSlice` bytes, in both. */
  int logits, logitsGradient, logitsSlice, rectifiedLogits;
  /* Whether the network itself ends in a softmax, whose output the loss takes for logits. */
  int endsInSoftmax;
  /* Per image: cross-entropy (float) and whether the largest logit is the label (byte). */
  int losses, correct;
  /* Active weights and biases, padded to whole vectors. */
  int parameters, gradients, velocities, received, parameterCount;
  /* Packed weights that do not exist and stay 0. */
  int absent, absentCount;
  int scratch;
  float learningRate, momentum, weightDecay, proximalCoefficient;
  /* Factor of the loss gradient for dense_gradient: 1 / images. */
  float gradientScale;
} Network;
_Static_assert(sizeof(Network) == 38 * 4, "sparse-trainer.ts writes 38 words");

/* What run_stage runs; `layer` and `slice` only where the stage is one layer's. */
typedef struct {
  int network, stage, layer, slice, first, count;
} StageCall;
/* stages.ts lists the same. */
enum { stageBatch, stageForward, stageLoss, stageParameterGradient, stageInputGradient, stageOptimiser };

/* Runs one of the ceilings `rounds` times over `vectors` vectors at `values`, and says how many a round takes. */
typedef struct {
  int loads, rounds, values, vectors, vectorsOfRound;
} CeilingCall;

SHARED void load_batch(const Network *network, int first, int count);
SHARED void apply_taps(const Taps *list, int bias, const View *from, int stepRow, int stepPosition, const View *to,
                       int channels, int height, int width, int slice, int rectifies, const View *gate);
SHARED int is_full(const Taps *byInput, int inputs, int outputs);
SHARED void apply_full(const Taps *byInput, int bias, const View *from, const View *to, int inputs, int vectors,
                       int rectifies);
SHARED void apply_full_transposed(const Taps *byInput, const View *from, const View *to, int inputs, int vectors,
                                  const View *gate);
SHARED void add_weight_gradient(const Taps *list, const View *input, int stride, const View *outputGradient, int channels,
                                int height, int width, int slice);
SHARED void add_dense_weight_gradient(const Taps *list, const View *input, const View *outputGradient, int inputs,
                                      int outputs, int vectors);
SHARED void add_bias_gradient(int biasGradient, const View *outputGradient, int channels, int height, int width,
                              int slice);
SHARED void pool(const Layer *layer, int slice, int scratch);
SHARED void pool_gradient(const Layer *layer, int slice, int scratch);
SHARED void softmax_loss(const Network *network, int first, int count, float scale);
SHARED void optimiser_step(const Network *network);
