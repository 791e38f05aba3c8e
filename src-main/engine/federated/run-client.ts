import type { MethodRecipe } from '../methods/recipe'
import { methodRecipes } from '../methods/registry'
import type { DeferredTrainer, LabelledImages, Trainer } from '../trainer/trainer'
import type { ClientJob } from './client-pool'
import { plainTraining, type ClientReport } from './client-work'

/** One client's job on one trainer. The recipe is the registered one unless a test brings its own. */
export async function runClient(
  trainer: Trainer | DeferredTrainer,
  job: ClientJob,
  images: { readonly train: LabelledImages; readonly test: LabelledImages },
  recipe: MethodRecipe = methodRecipes[job.experiment.method],
): Promise<ClientReport> {
  const { work: name, parameters, mask, ...rest } = job
  const work = name === null ? (recipe.localTraining ?? plainTraining) : recipe.otherWork?.[name]
  if (work === undefined) throw new Error(`the method ${job.experiment.method} has no work named ${name}`)
  return await work({ ...rest, trainer, train: images.train, test: images.test, model: { parameters, mask } })
}
