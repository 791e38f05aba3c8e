/* All kernels as one unit. The build compiles it with LEVEL=<name> and the flags of that kind of processor. */
#include "level.h"

#include "../batch.c"
#include "../ceilings.c"
#include "../dense.c"
#include "../network.c"
#include "../optimiser.c"
#include "../pooling.c"
#include "../softmax.c"
#include "../taps.c"
#include "../weight-gradient.c"

static double run_train_epoch(Address block, int position) {
  heap = block;
  return train_epoch(position);
}

#define RUN(name)                                                                                                      \
  static double run_##name(Address block, int position) {                                                              \
    heap = block;                                                                                                      \
    name(position);                                                                                                    \
    return 0;                                                                                                          \
  }
RUN(evaluate)
RUN(add_gradient)
RUN(run_stage)
RUN(exponentials)
RUN(logarithms)
RUN(run_ceiling)

#define TEXT_OF(name) #name
#define TEXT(name) TEXT_OF(name)
const Level LEVEL = {TEXT(LEVEL),
                     {{"train_epoch", run_train_epoch},
                      {"evaluate", run_evaluate},
                      {"add_gradient", run_add_gradient},
                      {"run_stage", run_run_stage},
                      {"exponentials", run_exponentials},
                      {"logarithms", run_logarithms},
                      {"run_ceiling", run_run_ceiling}}};
