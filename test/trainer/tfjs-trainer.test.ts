import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll } from 'vitest'
import { createTfjsTrainer } from '../../src-main/engine/trainer/tfjs/tfjs-trainer'
import { describeTrainer } from './describe-trainer'
import { describeGroups } from './describe-groups'

beforeAll(async () => {
  await tf.setBackend('cpu')
})

const options = { description: 'tfjs/cpu', clientsAtOnce: 8, memoryBytes: null, mostTensorBytes: null }
describeTrainer('tfjs/cpu', (plan) => createTfjsTrainer(plan, options), { gradientTolerance: 2e-5, exact: false })
describeGroups('tfjs/cpu', createTfjsTrainer, 1e-5)
