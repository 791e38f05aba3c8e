import { EspalierError } from '../contract/commands'
import { checkExperiment, problemText, type Experiment } from '../contract/experiment'
import { errorText, readBytes, writeJson } from './json-file'

/** Writes an experiment as the JSON file that `--config` and the window read. */
export async function writeExperiment(file: string, experiment: Experiment): Promise<void> {
  await writeJson(file, experiment)
}

/** The fields that a configuration file gives, unchecked. Throws an error in words when it is no JSON object. */
export async function readConfiguration(file: string): Promise<Record<string, unknown>> {
  const content: unknown = JSON.parse((await readBytes(file)).toString('utf8'))
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw new Error('it is no JSON object with fields of the experiment')
  return { ...content }
}

/** A configuration file as a whole experiment. Throws `wrong-input` naming the file and every field that does not fit. */
export async function readExperiment(file: string): Promise<Experiment> {
  const refuse = (why: string) => new EspalierError('wrong-input', `${file}: ${why}`)
  let input: Record<string, unknown>
  try {
    input = await readConfiguration(file)
  } catch (error) {
    throw refuse(errorText(error))
  }
  const check = checkExperiment(input)
  if (!check.ok) throw refuse(check.problems.map(problemText).join('; '))
  return check.experiment
}
