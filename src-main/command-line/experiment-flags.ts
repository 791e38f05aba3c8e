import { Option, type Command } from 'commander'
import { EspalierError } from '../contract/commands'
import { messageOf } from '../contract/errors'
import {
  checkExperiment,
  experimentFieldNames,
  fieldMetadata,
  fieldShape,
  problemText,
  whyInapplicable,
  type Experiment,
  type ExperimentField,
} from '../contract/experiment'
import { readConfiguration } from '../sessions/experiment-file'

/** Values of the flags as typed, keyed as commander keys them. */
export type FlagValues = Readonly<Record<string, string | boolean | undefined>>

/** Adds a flag for every field of the experiment schema, and those that stand for several fields. */
export function addExperimentFlags(command: Command): Command {
  for (const name of experimentFieldNames) command.addOption(flagOf(name))
  return command
    .option('--need-readjust', 'move the topology: the same as --method dynamic; without both the mask stays fixed')
    .option('--config <file>', 'JSON file with fields of the experiment; flags override it')
}

function flagOf(name: ExperimentField): Option {
  const { flag, unit, help } = fieldMetadata(name)
  const shape = fieldShape(name)
  const allowed =
    shape.kind === 'choice'
      ? shape.options.join(' | ')
      : `${shape.minimum} to ${shape.maximum}${unit === '' ? '' : ` ${unit}`}`
  const preset = name === 'method' ? 'static, see --need-readjust' : (shape.default ?? 'see text')
  return new Option(
    `--${flag} <${shape.kind === 'choice' ? 'name' : 'number'}>`,
    `${help} (${allowed}; default ${preset})`,
  )
}

/**
 * The experiment that flags and configuration file describe. Flags override the file, the file the defaults. Where neither
 * names a method the mask is static, and `--need-readjust` moves it, as in the seed's command line.
 * Throws `wrong-input` naming the first field that does not fit.
 */
export async function experimentFromFlags(flags: FlagValues): Promise<Experiment> {
  const input = await givenFields(flags)
  if (flags['needReadjust'] === true) {
    const method = input['method'] ?? 'dynamic'
    if (method !== 'dynamic') throw wrongField('method', method, 'dynamic together with --need-readjust')
    input['method'] = method
  }
  input['method'] ??= 'static'
  const check = checkExperiment(input)
  if (!check.ok) throw wrongField(check.problems[0].field, check.problems[0].value, check.problems[0].allowed)
  for (const note of withoutInfluence(flags, check.experiment)) console.error(`note: ${note}`)
  return check.experiment
}

/** Typed flags that change nothing, one sentence each. Refusing them would refuse the command lines of FedDST and the seed. */
function withoutInfluence(flags: FlagValues, experiment: Experiment): string[] {
  return experimentFieldNames.flatMap((name) => {
    const option = flagOf(name)
    const why = typeof flags[option.attributeName()] === 'string' ? whyInapplicable(name, experiment) : null
    if (why === null) return []
    const reason =
      why.kind === 'method'
        ? `the method ${why.method} does not use it`
        : `it needs --${fieldMetadata(why.field).flag} ${why.values.join(' or ')}`
    return [`${option.long ?? name} changes nothing: ${reason}`]
  })
}

/** The fields that flags and configuration file give, unchecked. Throws `wrong-input` for a file that cannot be read. */
export async function givenFields(flags: FlagValues): Promise<Record<string, unknown>> {
  const input = typeof flags['config'] === 'string' ? await configuration(flags['config']) : {}
  for (const name of experimentFieldNames) {
    const text = flags[flagOf(name).attributeName()]
    if (typeof text === 'string') input[name] = valueOf(name, text)
  }
  return input
}

async function configuration(file: string): Promise<Record<string, unknown>> {
  try {
    return await readConfiguration(file)
  } catch (error) {
    throw wrongInput('--config', file, `a readable JSON file (${messageOf(error)})`)
  }
}

/** A number where the text is one; else the text, which the schema then refuses by name. */
function valueOf(name: ExperimentField, text: string): unknown {
  if (fieldShape(name).kind === 'choice') return text
  const number = Number(text)
  return text.trim() === '' || Number.isNaN(number) ? text : number
}

/** Error for one field of the experiment, which a flag or the configuration file gave. */
export function wrongField(field: string, value: unknown, allowed: string): EspalierError {
  const name = experimentFieldNames.find((known) => known === field)
  return wrongInput(name === undefined ? field : `${name} (--${fieldMetadata(name).flag})`, value, allowed)
}

/** Error for one flag or argument, by the name that the user typed. */
export function wrongInput(field: string, value: unknown, allowed: string): EspalierError {
  return new EspalierError('wrong-input', problemText({ field, value, allowed }))
}

/** A flag that holds a whole number of at least `minimum`. */
export function wholeNumber(flag: string, text: string, minimum: number, maximum: number): number {
  const number = Number(text)
  if (text.trim() === '' || !Number.isInteger(number) || number < minimum || number > maximum)
    throw wrongInput(flag, text, `a whole number from ${minimum} to ${maximum}`)
  return number
}
