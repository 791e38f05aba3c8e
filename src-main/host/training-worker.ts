import { parentPort, workerData } from 'node:worker_threads'
import { EspalierError } from '../contract/commands'
import { messageOf } from '../contract/errors'
import { runClient } from '../engine/federated/run-client'
import { createSparseTrainer } from '../engine/trainer/sparse/sparse-trainer'
import type { Trainer } from '../engine/trainer/trainer'
import { openKernels } from './kernel-source'
import type { PoolImages, ThreadData, ThreadJob, ThreadReply, ThreadRequest } from './thread-protocol'

/** Entry of a training thread: one trainer for the plan that was opened last. */

const port = parentPort
if (port === null) throw new Error('training-worker is started by a worker pool')
const { kernels } = workerData as ThreadData

let opened: Extract<ThreadRequest, { type: 'open' }> | null = null
let trainer: Trainer | null = null

port.on('message', (request: ThreadRequest) => {
  if (request.type === 'open') {
    trainer?.dispose()
    trainer = null
    opened = request
    return
  }
  // The pool gives the next job when this one is answered.
  void answer(request).then((reply) => {
    port.postMessage(reply, movable(reply))
  })
})

/** Trained parameters are moved instead of copied: nobody here looks at them again. */
function movable(reply: ThreadReply): ArrayBuffer[] {
  if (!reply.ok || typeof reply.value === 'string' || !('parameters' in reply.value)) return []
  const buffer = reply.value.parameters?.buffer
  return buffer instanceof ArrayBuffer ? [buffer] : []
}

async function answer(job: ThreadJob): Promise<ThreadReply> {
  try {
    if (opened === null) throw new Error('no plan was opened')
    trainer ??= createSparseTrainer(opened.plan, openKernels(kernels))
    return { ok: true, value: await work(trainer, opened.images, job) }
  } catch (error) {
    return {
      ok: false,
      kind: error instanceof EspalierError ? error.kind : 'failed',
      message: messageOf(error),
    }
  }
}

function work(current: Trainer, images: PoolImages, job: ThreadJob) {
  switch (job.type) {
    case 'describe':
      return current.description
    case 'train':
      return runClient(current, job.client, images)
    case 'evaluate':
      return current.evaluate(job.model, images.test, job.indices)
  }
}
