import { Command, CommanderError, Option } from 'commander'
import { bands, costAxes, metrics } from '../contract/figures/curves'
import { paretoCosts } from '../contract/figures/views'
import { deviceChoiceSchema, deviceNames, type DeviceChoice } from '../contract/devices'
import { exampleExperiments } from '../contract/examples'
import { reproductionNames } from '../contract/reproductions'
import { ablationExperiments } from '../contract/sweep'
import { failureText } from '../files/disk-errors'
import { applicationVersion } from '../runs/versions'
import { benchmarkMachine, printProfile } from './bench'
import { fetchData, importData, listData } from './data'
import { figureFileFormats, figureKinds, reportFormats, writeFigure, writeReport } from './figures'
import { listDevices, type DevicesOptions } from './devices'
import { exitCodes } from './exit-codes'
import { addExperimentFlags, experimentFromFlags, wholeNumber, wrongInput, type FlagValues } from './experiment-flags'
import { listMethods } from './methods'
import { duplicate, exportTo, importFrom, listSessions, merge } from './sessions'
import { planReproduction } from './reproduce'
import { axisFromFlag, planSweep } from './sweep'
import { findSession, isWrongInput, openLaboratory, resume, train, type TrainingOptions } from './training'

/** Runs the command line and returns its exit code; every error is one line on stderr. */
export async function runCommandLine(words: readonly string[]): Promise<number> {
  let exitCode: number = exitCodes.done
  const action =
    <Arguments extends unknown[]>(work: (...given: Arguments) => Promise<number>) =>
    async (...given: Arguments): Promise<void> => {
      exitCode = await work(...given)
    }
  try {
    await buildProgram(action).parseAsync([...words], { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.wrongInput
    console.error(`error: ${failureText(error).split('\n', 1)[0]}`)
    return isWrongInput(error) ? exitCodes.wrongInput : exitCodes.failed
  }
}

type Wrap = <Arguments extends unknown[]>(
  work: (...given: Arguments) => Promise<number>,
) => (...given: Arguments) => Promise<void>

function buildProgram(action: Wrap): Command {
  const program = new Command('espalier')
    .description('Federated dynamic sparse training: run, ablate, resume and compare experiments without a window.')
    .version(applicationVersion)
    .configureOutput({
      outputError: (text, write) => {
        write(`${text.trim().replace(/\s*\n\s*/g, ' ')}\n`)
      },
    })
    .configureHelp({ helpWidth: process.stdout.columns || 120 })
    .exitOverride()

  const training = (command: Command) =>
    command
      .option('--workers <number>', 'threads that train clients; results do not depend on it (default: one per core)')
      .option('--json', 'end with one line of JSON on stdout')
      .option('--outfile <file>', "CSV with a row for each round, in the seed's columns; an old file is replaced")
  const withSession = (command: Command) =>
    training(command).option(
      '--session <folder>',
      'new or empty folder, or a session to add to (default: a new one in the data folder)',
    )

  withSession(addExperimentFlags(program.command('run').description('run one experiment'))).action(
    action(async (flags: FlagValues) => {
      const experiment = await experimentFromFlags(flags)
      const sessionFolder = textFlag(flags, 'session')
      return train({ experiments: [experiment], sessionFolder }, trainingOptions(flags))
    }),
  )
  withSession(
    addExperimentFlags(program.command('ablation').description('run the four arms, paired by seed')).addOption(
      new Option('--seeds <list>', 'seeds, separated by commas (default: --seed)'),
    ),
  ).action(
    action(async (flags: FlagValues) => {
      for (const flag of ['method', 'needReadjust'])
        if (flags[flag] !== undefined)
          console.error('note: --method and --need-readjust are ignored; all four arms run')
      const experiment = await experimentFromFlags({ ...flags, method: 'dynamic', needReadjust: undefined })
      const seeds = seedList(textFlag(flags, 'seeds') ?? String(experiment.seed))
      const sessionFolder = textFlag(flags, 'session')
      return train({ experiments: ablationExperiments(experiment, seeds), sessionFolder }, trainingOptions(flags))
    }),
  )
  withSession(
    addExperimentFlags(program.command('sweep').description('run every combination of the values of some fields'))
      .addOption(
        new Option(
          '--axis <name=values>',
          'a field by its flag and its values, for instance rounds-between-readjustments=1,4,7; may be repeated',
        )
          .argParser((text: string, before: readonly string[]) => [...before, text])
          .default([]),
      )
      .option('--seeds <list>', 'seeds, separated by commas (default: --seed)'),
  ).action(
    action(async (flags: FlagValues) => {
      const experiment = await experimentFromFlags(flags)
      const axes = listFlag(flags, 'axis').map(axisFromFlag)
      const sweep = planSweep(experiment, axes, seedList(textFlag(flags, 'seeds') ?? String(experiment.seed)))
      for (const line of sweep.lines) console.error(line)
      return train(
        { experiments: sweep.experiments, sessionFolder: textFlag(flags, 'session') },
        trainingOptions(flags),
      )
    }),
  )
  withSession(
    addExperimentFlags(
      program
        .command('reproduce')
        .description('run a published grid and print ours beside the published numbers; flags shorten it as a whole')
        .argument('<name>', reproductionNames.join(' | ')),
    ).option('--seeds <list>', 'seeds, separated by commas (default: 0,1,2)'),
  ).action(
    action(async (name: string, flags: FlagValues) => {
      const seeds = textFlag(flags, 'seeds')
      const { experiments, ...results } = await planReproduction(name, flags, seeds === null ? null : seedList(seeds))
      console.error(`${name}: ${experiments.length} runs`)
      return train(
        { experiments, sessionFolder: textFlag(flags, 'session'), sessionName: name, results },
        trainingOptions(flags),
      )
    }),
  )
  withSession(
    program.command('example').description('run the example ablation: the four arms on MNIST at S = 0.9'),
  ).action(
    action(async (flags: FlagValues) => {
      const experiment = exampleExperiments['four-arms']
      const sessionFolder = textFlag(flags, 'session')
      return train(
        { experiments: ablationExperiments(experiment, [experiment.seed]), sessionFolder },
        trainingOptions(flags),
      )
    }),
  )
  training(
    program
      .command('resume')
      .description('go on with every run of a session that was stopped')
      .argument('<session>', 'folder or id')
      .option('--device <name>', `from now on another device: ${[...deviceNames, 'cuda:1, …'].join(' | ')}`),
  ).action(
    action((place: string, flags: FlagValues) => {
      const device = textFlag(flags, 'device')
      return resume(place, device === null ? null : deviceFlag(device), trainingOptions(flags))
    }),
  )
  program
    .command('table')
    .description('print the comparison of the arms')
    .argument('<session>', 'folder or id')
    .addOption(new Option('--format <name>', 'md | csv | latex').default('md'))
    .action(action(printTable))
  program
    .command('figure')
    .description('draw a figure of a session, with its legend')
    .argument('<session>', 'folder or id')
    .addOption(new Option('--kind <name>', figureKinds.join(' | ')).default('curves'))
    .addOption(new Option('--format <name>', figureFileFormats.join(' | ')).default('svg'))
    .option('--output <file>', 'file to write; an old one is replaced (default: text to stdout)')
    .addOption(new Option('--x <cost>', `of curves: ${costAxes.join(' | ')}`).default('rounds'))
    .addOption(new Option('--y <metric>', `of curves: ${metrics.join(' | ')}`).default('accuracy'))
    .addOption(new Option('--band <name>', `of curves: ${bands.join(' | ')}`).default('deviation'))
    .addOption(
      new Option('--cost <name>', `of within, to-reach and pareto: ${paretoCosts.join(' | ')}`).default('megabytes'),
    )
    .option('--budget <number>', 'of within, in the unit of --cost (default: what every run has spent)')
    .option('--accuracy <share>', 'of to-reach, 0 to 1 (default: what every arm has reached)')
    .option('--baseline <method>', 'of differences (default: static)')
    .action(
      action((place: string, flags: FlagValues) =>
        withSessionAt(place, (laboratory, sessionId) => writeFigure(laboratory, sessionId, flags)),
      ),
    )
  program
    .command('report')
    .description('a session in one file: tables, figures, settings, versions and hashes')
    .argument('<session>', 'folder or id')
    .addOption(new Option('--format <name>', reportFormats.join(' | ')).default('html'))
    .option('--output <file>', 'file to write; an old one is replaced (default: to stdout)')
    .action(
      action((place: string, flags: FlagValues) =>
        withSessionAt(place, (laboratory, sessionId) => writeReport(laboratory, sessionId, flags)),
      ),
    )
  program
    .command('verify')
    .description('check every file of a session: checksums, records, masks, invariants')
    .argument('<session>', 'folder or id')
    .action(action(verify))

  program
    .command('methods')
    .description('list every method with its paper, parts and parameters')
    .option('--json', 'as one JSON document')
    .action(action((flags: FlagValues) => Promise.resolve(listMethods(flags['json'] === true))))
  program
    .command('devices')
    .description('list what can train here, how fast, and what is missing and why (ESPALIER_KERNELS=native or wasm)')
    .option('--json', 'as one line of JSON')
    .option('--benchmark', 'measure every device anew; else only those that were never measured')
    .option('--no-benchmark', 'measure none')
    .action(action((flags: FlagValues) => listDevices(devicesOptions(flags))))
  program
    .command('bench')
    .description('how fast this machine trains; with --profile, where the time of a round goes')
    .option('--profile', 'one round, stage by stage and layer by layer')
    .option('--sparsity <number>', 'of the profiled round, 0 to 0.999', '0.8')
    .action(
      action((flags: FlagValues) =>
        flags['profile'] === true ? printProfile(textFlag(flags, 'sparsity') ?? '') : benchmarkMachine(),
      ),
    )

  const session = program.command('session').description('sessions: list, export, import, duplicate, merge')
  session
    .command('list')
    .description('every session; with words, those that hold them in name, notes, tags or methods')
    .argument('[words]')
    .action(action((words: string | undefined) => listSessions(words)))
  session
    .command('export')
    .description('write a session into one file, with checksums')
    .argument('<session>', 'folder or id')
    .argument('<file>', 'such as ablation.espalier; an old file is replaced')
    .action(action((place: string, file: string) => exportTo(place, file)))
  session
    .command('import')
    .description('check an archive and unpack it among the sessions')
    .argument('<file>', 'an .espalier archive')
    .action(action((file: string) => importFrom(file)))
  session
    .command('duplicate')
    .description('copy a session')
    .argument('<session>', 'folder or id')
    .option('--name <name>', 'name of the copy')
    .action(action((place: string, flags: FlagValues) => duplicate(place, textFlag(flags, 'name') ?? undefined)))
  session
    .command('merge')
    .description('copy the runs of several sessions into a new one')
    .argument('<sessions...>', 'folders or ids')
    .option('--name <name>', 'name of the new session')
    .action(action((places: string[], flags: FlagValues) => merge(places, textFlag(flags, 'name') ?? undefined)))

  const data = program.command('data').description('data sets: list, fetch, import')
  data.command('list').description('what is on this computer').action(action(listData))
  data
    .command('fetch')
    .description('download and verify a data set')
    .argument('<dataset>')
    .action(action((name: string) => fetchData(name)))
  data
    .command('import')
    .description('take the official files of a folder')
    .argument('<dataset>')
    .argument('<folder>')
    .action(action((name: string, folder: string) => importData(name, folder)))
  return program
}

async function printTable(place: string, flags: FlagValues): Promise<number> {
  const format = (['md', 'csv', 'latex'] as const).find((known) => known === flags['format'])
  if (format === undefined) throw wrongInput('--format', flags['format'], 'one of md, csv, latex')
  return withSessionAt(place, async (laboratory, sessionId) => {
    process.stdout.write(await laboratory.ask('sessions.table', { sessionId, format }))
    return exitCodes.done
  })
}

async function verify(place: string): Promise<number> {
  return withSessionAt(place, async (laboratory, sessionId) => {
    const { filesChecked, topologyUpdatesChecked, problems } = await laboratory.ask('sessions.verify', { sessionId })
    for (const problem of problems) console.log(problem)
    const found = problems.length === 0 ? 'nothing wrong' : `${problems.length} problems`
    console.log(`${filesChecked} files and ${topologyUpdatesChecked} topology updates checked: ${found}`)
    return problems.length === 0 ? exitCodes.done : exitCodes.failed
  })
}

async function withSessionAt(
  place: string,
  work: (laboratory: Awaited<ReturnType<typeof openLaboratory>>, sessionId: string) => Promise<number>,
): Promise<number> {
  const laboratory = await openLaboratory()
  try {
    return await work(laboratory, (await findSession(laboratory, place)).manifest.id)
  } finally {
    await laboratory.close()
  }
}

function devicesOptions(flags: FlagValues): DevicesOptions {
  const benchmark = flags['benchmark'] === undefined ? 'missing' : flags['benchmark'] === true ? 'all' : 'none'
  return { json: flags['json'] === true, benchmark }
}

function deviceFlag(text: string): DeviceChoice {
  const { data } = deviceChoiceSchema.safeParse(text)
  if (data === undefined)
    throw wrongInput('--device', text, `one of ${[...deviceNames, 'cuda:0, cuda:1, …'].join(', ')}`)
  return data
}

function trainingOptions(flags: FlagValues): TrainingOptions {
  const workers = textFlag(flags, 'workers')
  return {
    workers: workers === null ? null : wholeNumber('--workers', workers, 1, 64),
    json: flags['json'] === true,
    outfile: textFlag(flags, 'outfile'),
  }
}

function textFlag(flags: FlagValues, name: string): string | null {
  const value = flags[name]
  return typeof value === 'string' ? value : null
}

function listFlag(flags: FlagValues, name: string): readonly string[] {
  const value: unknown = flags[name]
  return Array.isArray(value) ? value.map(String) : []
}

function seedList(text: string): number[] {
  return text.split(',').map((seed) => wholeNumber('--seeds', seed, 0, 4_294_967_295))
}
