import { formatOf, gradientBits } from '../accounting/communication'
import { denseGradientFlops, trainingFlops } from '../accounting/flops'
import { gradientImages } from '../federated/dense-gradient'
import type { ExpectedWork, MethodRecipe } from './recipe'

type ExpectedContext = Parameters<NonNullable<MethodRecipe['expectedWork']>>[0]

/** What `plainTraining` costs. */
export function plainWork({ plan, experiment, active, images }: ExpectedContext): ExpectedWork {
  return {
    receivedBits: 0,
    sent: active,
    sendsMask: false,
    sentBits: 0,
    flops: images * experiment.localEpochs * trainingFlops(plan, active),
  }
}

/** What it costs to send the dense gradient of so many batches as well. */
export function withGradientWork(context: ExpectedContext, work: ExpectedWork, batches = 1): ExpectedWork {
  const { plan, experiment, active, images } = context
  return {
    ...work,
    sentBits: work.sentBits + gradientBits(plan, formatOf(experiment)),
    flops: work.flops + gradientImages(experiment, images, batches) * denseGradientFlops(plan, active),
  }
}
