import { createSparseTrainer } from '../../src-main/engine/trainer/sparse/sparse-trainer'
import { describeTrainer } from './describe-trainer'
import { sparseKernels } from './sparse-kernels'

describeTrainer('sparse trainer', (plan) => createSparseTrainer(plan, sparseKernels), {
  gradientTolerance: 2e-5,
  exact: true,
})
