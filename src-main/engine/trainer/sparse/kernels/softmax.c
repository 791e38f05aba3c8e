#include "mathematics.h"
#include "network.h"

/*
 * A softmax between the logits and the softmax of the loss: `gradient` holds the powers of the logits and `total` their sum;
 * it is left holding the loss gradient with respect to the logits, not yet scaled. Returns the loss.
 */
INLINE float8 second_softmax(int classes, int stride, int gradient, float8 total, int8 label) {
  float8 chosen = {0}, secondTotal = {0}, mean = {0};
  for (int class = 0; class < classes; class++) {
    float8 probability = load8(gradient + class * stride) / total;
    store8(gradient + class * stride, probability);
    secondTotal += exp8(probability);
    chosen = select8(label == class, probability, chosen);
  }
  for (int class = 0; class < classes; class++) {
    float8 probability = load8(gradient + class * stride), target = keep8(label == class, splat8(1.0f));
    mean += probability * (exp8(probability) / secondTotal - target);
  }
  for (int class = 0; class < classes; class++) {
    float8 probability = load8(gradient + class * stride), target = keep8(label == class, splat8(1.0f));
    store8(gradient + class * stride, probability * ((exp8(probability) / secondTotal - target) - mean));
  }
  return log8(secondTotal) - chosen;
}

/*
 * Cross-entropy of the softmax of the outputs, for images order[first] … order[first + count − 1]: losses, hits, and scale
 * times the gradient with respect to the logits, which is 0 in lanes without an image.
 */
SHARED void softmax_loss(const Network *network, int first, int count, float scale) {
  int stride = vectorBytes;
  for (int image = 0; image < count; image += vectorLanes) {
    int slice = image / vectorLanes * network->logitsSlice;
    int logits = network->logits + slice, gradient = network->logitsGradient + slice;
    int present = count - image < vectorLanes ? count - image : vectorLanes;
    int8 label = {0}, lane = {0, 1, 2, 3, 4, 5, 6, 7};
    for (int i = 0; i < present; i++)
      label[i] = AT(unsigned char, network->labels)[AT(int, network->order)[first + image + i]];
    float8 largest = load8(logits), chosen = {0}, total = {0};
    int8 best = {0};
    for (int class = 0; class < network->classes; class++) {
      float8 logit = load8(logits + class * stride);
      best = selectWhole8(logit > largest, (int8){0} + class, best);
      largest = larger8(largest, logit);
      chosen = select8(label == class, logit, chosen);
    }
    for (int class = 0; class < network->classes; class++) {
      float8 power = exp8(load8(logits + class * stride) - largest);
      store8(gradient + class * stride, power);
      total += power;
    }
    int8 isImage = lane < present;
    float8 loss;
    if (network->endsInSoftmax) loss = second_softmax(network->classes, stride, gradient, total, label);
    else loss = (log8(total) + largest) - chosen;
    for (int class = 0; class < network->classes; class++) {
      float8 target = keep8(label == class, splat8(1.0f)), value = load8(gradient + class * stride);
      if (!network->endsInSoftmax) value = value / total - target;
      value *= scale;
      if (network->rectifiedLogits) value = keep8(load8(logits + class * stride) > 0.0f, value);
      store8(gradient + class * stride, keep8(isImage, value));
    }
    for (int i = 0; i < present; i++) {
      AT(float, network->losses)[first + image + i] = loss[i];
      AT(unsigned char, network->correct)[first + image + i] = best[i] == label[i];
    }
  }
}

/* For the tests: one vector through exp8 and log8, in place. */
EXPORT(exponentials) void exponentials(int values) { store8(values, exp8(load8(values))); }
EXPORT(logarithms) void logarithms(int values) { store8(values, log8(load8(values))); }
