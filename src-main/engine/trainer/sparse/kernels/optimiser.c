#include "heap.h"
#include "network.h"

/*
 * g ← gradient + λ·w + μ·(w − w_received);  v ← momentum·v + g;  w ← w − η·v  (PyTorch's SGD; Li et al. 2020 for μ).
 * Only active weights and biases exist here, and absent ones that lie among them, which stay 0. Gradients are left at 0 for
 * the next step.
 */
SHARED void optimiser_step(const Network *network) {
  float learningRate = network->learningRate, momentum = network->momentum;
  float weightDecay = network->weightDecay, proximalCoefficient = network->proximalCoefficient;
  const int *absent = AT(int, network->absent);
  for (int i = 0; i < network->absentCount; i++) AT(float, network->gradients)[absent[i]] = 0.0f;
  int bytes = network->parameterCount * (int)sizeof(float);
  for (int at = 0; at < bytes; at += vectorBytes) {
    float8 weight = load8(network->parameters + at);
    float8 gradient = load8(network->gradients + at) + weightDecay * weight;
    if (proximalCoefficient != 0.0f) gradient += proximalCoefficient * (weight - load8(network->received + at));
    float8 velocity = momentum * load8(network->velocities + at) + gradient;
    store8(network->velocities + at, velocity);
    store8(network->parameters + at, weight - learningRate * velocity);
    store8(network->gradients + at, (float8){0});
  }
}
