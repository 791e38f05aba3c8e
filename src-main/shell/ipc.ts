import { ipcMain } from 'electron'
import type { WebFrameMain } from 'electron'
import type { z } from 'zod'
import { commands, EspalierError } from '../contract/commands'
import type { CommandArguments, CommandName, CommandOutput, CommandReply, ErrorKind } from '../contract/commands'
import { messageOf } from '../contract/errors'
import { checkExperiment, problemText, valueText } from '../contract/experiment'
import { isForwarded } from '../host/protocol'
import type { ForwardedCommandName } from '../host/protocol'
import { invokeChannel } from './channels'

/** Commands that the main process answers itself: they need a dialog, the file manager or the preferences. */
export type LocalCommandName = Exclude<CommandName, ForwardedCommandName>
export type LocalCommands = {
  readonly [Name in LocalCommandName]: (
    input: CommandArguments<Name>,
  ) => CommandOutput<Name> | Promise<CommandOutput<Name>>
}

export interface Door {
  /** Whether a frame is the main frame of a window of ours, showing our page. */
  isOurs(frame: WebFrameMain): boolean
  readonly local: LocalCommands
  forward(command: ForwardedCommandName, input: unknown): Promise<CommandReply>
}

/** The one way from the window into the application: who asks, which command, which input are checked in this order. */
export function openDoor(door: Door): void {
  ipcMain.handle(invokeChannel, async (event, command: unknown, input: unknown): Promise<CommandReply> => {
    if (event.senderFrame === null || !door.isOurs(event.senderFrame)) {
      return failure('refused', 'only the window of the application may ask')
    }
    if (!isCommand(command)) return failure('wrong-input', `command: ${valueText(command)} is not known`)
    const parsed = commands[command].safeParse(input)
    if (!parsed.success) return failure('wrong-input', problems(command, input, parsed.error))
    try {
      if (isForwarded(command)) return await door.forward(command, parsed.data)
      const handle = door.local[command] as (input: unknown) => unknown
      return { ok: true, value: await handle(parsed.data) }
    } catch (error) {
      return failure(error instanceof EspalierError ? error.kind : 'failed', messageOf(error))
    }
  })
}

function isCommand(name: unknown): name is CommandName {
  return typeof name === 'string' && Object.hasOwn(commands, name)
}

function failure(kind: ErrorKind, message: string): CommandReply {
  return { ok: false, error: { kind, message } }
}

/** Every problem of an input, the experiment's in its own words. */
function problems(command: CommandName, input: unknown, error: z.ZodError): string {
  const experiment = (input as { experiment?: unknown } | undefined)?.experiment
  const check = experiment === undefined ? null : checkExperiment(experiment)
  const ofExperiment = check?.ok === false ? check.problems.map(problemText) : []
  const others = error.issues
    .filter((issue) => ofExperiment.length === 0 || issue.path[0] !== 'experiment')
    .map((issue) => `${issue.path.length === 0 ? command : issue.path.join('.')}: ${issue.message}`)
  return [...ofExperiment, ...others].join('; ')
}
