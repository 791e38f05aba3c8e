#include "network.h"
#include "heap.h"

INLINE int width_of(const Layer *layer, int width, int vectors) { return layer->sliced ? width : vectors; }

/* A dense layer whose weights all exist; its transposed lists are by input. */
static int is_full_layer(const Layer *layer) {
  return layer->listsGradientByInput && is_full(&layer->transposed, layer->inputChannels, layer->outputChannels);
}

static void forward_layer(const Network *network, const Layer *layer, int slice, int vectors) {
  if (layer->kind == pooling) {
    pool(layer, slice, network->scratch);
    return;
  }
  if (is_full_layer(layer)) {
    apply_full(&layer->transposed, layer->bias, &layer->input, &layer->output, layer->inputChannels, vectors,
               layer->rectifiesOutput);
    return;
  }
  apply_taps(&layer->forward, layer->bias, &layer->input, layer->stride * layer->input.row,
             layer->stride * layer->input.position, &layer->output, layer->outputChannels, layer->outputHeight,
             width_of(layer, layer->outputWidth, vectors), slice, layer->rectifiesOutput, 0);
}

static void copy_flattened_gradient(const Layer *layer, int slice) {
  const View *from = &layer->flattenedGradient, *to = &layer->outputGradient;
  for (int channel = 0; channel < layer->outputChannels; channel++)
    for (int y = 0; y < layer->outputHeight; y++)
      for (int x = 0; x < layer->outputWidth; x++)
        store8(to->base + channel * to->channel + y * to->row + x * to->position,
               load8(from->base + slice * from->slice + channel * from->channel + y * from->row + x * from->position));
}

/* What a layer with parameters, and a pooling layer's, does to the gradient of its parameters. */
static void parameter_gradient(const Layer *layer, int slice, int vectors) {
  if (layer->kind == pooling) return;
  if (layer->flattenedGradient.base != 0) copy_flattened_gradient(layer, slice);
  int width = width_of(layer, layer->outputWidth, vectors);
  if (layer->listsGradientByInput)
    add_dense_weight_gradient(&layer->gradient, &layer->input, &layer->outputGradient, layer->inputChannels,
                              layer->outputChannels, vectors);
  else
    add_weight_gradient(&layer->gradient, &layer->input, layer->stride, &layer->outputGradient, layer->outputChannels,
                        layer->outputHeight, width, slice);
  add_bias_gradient(layer->biasGradient, &layer->outputGradient, layer->outputChannels, layer->outputHeight, width, slice);
}

static void input_gradient(const Network *network, const Layer *layer, int slice, int vectors) {
  if (layer->inputGradient.base == 0) return;
  if (layer->kind == pooling)
    pool_gradient(layer, slice, network->scratch);
  else if (is_full_layer(layer))
    apply_full_transposed(&layer->transposed, &layer->borderedGradient, &layer->inputGradient, layer->inputChannels,
                          vectors, layer->rectifiedInput ? &layer->input : 0);
  else
    apply_taps(&layer->transposed, 0, &layer->borderedGradient, layer->borderedGradient.row,
               layer->borderedGradient.position, &layer->inputGradient, layer->inputChannels, layer->inputHeight,
               width_of(layer, layer->inputWidth, vectors), slice, 0, layer->rectifiedInput ? &layer->input : 0);
}

static void backward_layer(const Network *network, const Layer *layer, int slice, int vectors) {
  parameter_gradient(layer, slice, vectors);
  input_gradient(network, layer, slice, vectors);
}

static int sliced_layers(const Network *network) {
  const Layer *layers = AT(Layer, network->layers);
  int count = 0;
  while (count < network->layerCount && layers[count].sliced) count++;
  return count;
}

static void forward(const Network *network, int first, int count) {
  const Layer *layers = AT(Layer, network->layers);
  int vectors = (count + vectorLanes - 1) / vectorLanes, sliced = sliced_layers(network);
  load_batch(network, first, count);
  for (int slice = 0; slice < vectors; slice++)
    for (int i = 0; i < sliced; i++) forward_layer(network, layers + i, slice, vectors);
  for (int i = sliced; i < network->layerCount; i++) forward_layer(network, layers + i, 0, vectors);
}

static void backward(const Network *network, int count) {
  const Layer *layers = AT(Layer, network->layers);
  int vectors = (count + vectorLanes - 1) / vectorLanes, sliced = sliced_layers(network);
  for (int i = network->layerCount - 1; i >= sliced; i--) backward_layer(network, layers + i, 0, vectors);
  for (int slice = 0; slice < vectors; slice++)
    for (int i = sliced - 1; i >= 0; i--) backward_layer(network, layers + i, slice, vectors);
}

INLINE int batch_length(const Network *network, int first) {
  int left = network->imageCount - first;
  return left < network->batchSize ? left : network->batchSize;
}

/* One pass over the images in their order; returns the sum over steps of the batch's mean loss. */
EXPORT(train_epoch) double train_epoch(int at) {
  const Network *network = AT(Network, at);
  double lossSum = 0;
  for (int first = 0; first < network->imageCount; first += network->batchSize) {
    int count = batch_length(network, first);
    forward(network, first, count);
    softmax_loss(network, first, count, 1.0f / (float)count);
    double batchLoss = 0;
    for (int i = 0; i < count; i++) batchLoss += AT(float, network->losses)[first + i];
    lossSum += batchLoss / count;
    backward(network, count);
    optimiser_step(network);
  }
  return lossSum;
}

/* Losses and hits of all images. */
EXPORT(evaluate) void evaluate(int at) {
  const Network *network = AT(Network, at);
  for (int first = 0; first < network->imageCount; first += network->batchSize) {
    int count = batch_length(network, first);
    forward(network, first, count);
    softmax_loss(network, first, count, 0.0f);
  }
}

/* Adds gradientScale times the gradient of the summed loss of all images to the layers' gradient taps. */
EXPORT(add_gradient) void add_gradient(int at) {
  const Network *network = AT(Network, at);
  for (int first = 0; first < network->imageCount; first += network->batchSize) {
    int count = batch_length(network, first);
    forward(network, first, count);
    softmax_loss(network, first, count, network->gradientScale);
    backward(network, count);
  }
}

/* One piece of a step, in the order of train_epoch, so that a caller with a clock sees where the time goes. */
EXPORT(run_stage) void run_stage(int at) {
  const StageCall *call = AT(StageCall, at);
  const Network *network = AT(Network, call->network);
  const Layer *layer = AT(Layer, network->layers) + call->layer;
  int vectors = (call->count + vectorLanes - 1) / vectorLanes;
  switch (call->stage) {
    case stageBatch: load_batch(network, call->first, call->count); break;
    case stageForward: forward_layer(network, layer, call->slice, vectors); break;
    case stageLoss: softmax_loss(network, call->first, call->count, 1.0f / (float)call->count); break;
    case stageParameterGradient: parameter_gradient(layer, call->slice, vectors); break;
    case stageInputGradient: input_gradient(network, layer, call->slice, vectors); break;
    case stageOptimiser: optimiser_step(network); break;
  }
}
