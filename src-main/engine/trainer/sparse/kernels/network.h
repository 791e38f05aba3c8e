/*
 * A network as the trainer writes it into the heap: 32-bit words in this order (see network-layout.ts). All positions and
 * strides are in bytes.
 *
 * Activations lie channel, row, column, image, with eight images (a "slice" of the batch) side by side. Layers with space
 * run slice by slice, so that the working set stays in the cache. From the flattening on all images of a batch lie side by
 * side and a dense layer is a convolution over one row of `vectors` positions, one kernel of 1 × 1 each.
 */
#pragma once
#include "heap.h"

typedef struct {
  int base, channel, row, position, slice;
} View;

/* For every output channel the weights that exist: taps starts[c] … starts[c + 1] − 1. */
typedef struct {
  int starts, offsets, weights;
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
  /* Taps whose weight gradient is wanted; `weights` is where the gradient is added. */
  Taps gradient;
  int bias, biasGradient;
} Layer;
_Static_assert(sizeof(Layer) == 53 * 4, "network-layout.ts writes 53 words");

typedef struct {
  int layers, layerCount;
  int lanes, classes;
  /* Images: planar bytes, one per pixel; labels; the order in which they are visited; a table of 256 values per channel. */
  int pixels, labels, order, tables;
  int channels, height, width;
  View input;
  int imageCount, batchSize;
  int logits, logitsGradient, rectifiedLogits;
  /* Whether the network itself ends in a softmax, whose output the loss takes for logits. */
  int endsInSoftmax;
  /* Per image: cross-entropy (float) and whether the largest logit is the label (byte). */
  int losses, correct;
  /* Active weights and biases, padded to whole vectors. */
  int parameters, gradients, velocities, received, parameterCount;
  /* The transposed taps' weights are copies: copy i is parameter sources[i]. */
  int transposedWeights, transposedSources, transposedCount;
  int scratch;
  float learningRate, momentum, weightDecay, proximalCoefficient;
  /* Factor of the loss gradient for dense_gradient: 1 / images. */
  float gradientScale;
} Network;
_Static_assert(sizeof(Network) == 38 * 4, "sparse-trainer.ts writes 38 words");

SHARED void load_batch(const Network *network, int first, int count);
SHARED void apply_taps(const Taps *list, int bias, const View *from, int stepRow, int stepPosition, const View *to, int channels,
                int height, int width, int slice, int rectifies, const View *gate);
SHARED void add_weight_gradient(const Taps *list, int biasGradient, const View *input, int stride, const View *outputGradient,
                         int channels, int height, int width, int slice);
SHARED void pool(const Layer *layer, int slice, int scratch);
SHARED void pool_gradient(const Layer *layer, int slice, int scratch);
SHARED void softmax_loss(const Network *network, int first, int count, float scale);
SHARED void optimiser_step(const Network *network);
SHARED void refresh_transposed_weights(const Network *network);
