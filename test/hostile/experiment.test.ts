import { Command } from 'commander'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addExperimentFlags, experimentFromFlags } from '../../src-main/command-line/experiment-flags'
import { axisFromFlag } from '../../src-main/command-line/sweep'
import { EspalierError } from '../../src-main/contract/commands'
import { parseCommandLine } from '../../src-main/contract/command-line'
import {
  checkExperiment,
  experimentFieldNames,
  fieldMetadata,
  problemText,
  valueText,
} from '../../src-main/contract/experiment'
import { anyJson, anyMessage, anyText, cases, isPolluted } from './cases'

const anyFields = fc.dictionary(fc.oneof(fc.constantFrom(...experimentFieldNames), anyText), anyJson, { maxKeys: 8 })

describe('hostile experiments', () => {
  it('are refused field by field in messages of bounded length, or are whole (20 000 cases)', () => {
    fc.assert(
      fc.property(fc.oneof(anyFields, anyMessage), (input) => {
        const check = checkExperiment(input)
        if (check.ok) {
          expect(Object.keys(check.experiment)).toEqual(experimentFieldNames)
        } else {
          expect(check.problems.length).toBeGreaterThan(0)
          for (const problem of check.problems) expect(problemText(problem).length).toBeLessThan(5000)
        }
      }),
      cases(20_000),
    )
    expect(isPolluted()).toBe(false)
  })

  it('never keep a message from being written (14 000 cases)', () => {
    fc.assert(
      fc.property(anyMessage, (value) => {
        expect(valueText(value).length).toBeLessThanOrEqual(201)
      }),
      cases(14_000),
    )
  })
})

describe('hostile command lines', () => {
  const flags = fc.oneof(
    fc.constantFrom(...experimentFieldNames).map((name) => `--${fieldMetadata(name).flag}`),
    fc.constantFrom('--need-readjust', '--axis', '--seeds', '--density', '--config'),
    anyText,
  )

  it('pasted into the window give fields, axes and what was ignored (15 000 cases)', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(flags, anyText), { maxLength: 12 }), (words) => {
        const { values, axes, ignored } = parseCommandLine(words.join(' '))
        for (const field of [...Object.keys(values), ...axes.map((axis) => axis.field)])
          expect(experimentFieldNames).toContain(field)
        expect(ignored.length).toBeLessThanOrEqual(words.join(' ').length)
      }),
      cases(15_000),
    )
    expect(isPolluted()).toBe(false)
  })

  it('given to the program make an experiment or one clear error (2 000 cases)', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(flags, anyText), { maxLength: 6 }), async (words) => {
        const command = addExperimentFlags(new Command('run'))
          .exitOverride()
          .configureOutput({ writeErr: () => undefined, writeOut: () => undefined })
        try {
          command.parse(words, { from: 'user' })
        } catch (error) {
          expect(error).toHaveProperty('exitCode')
          return
        }
        const outcome = await experimentFromFlags(command.opts()).catch((error: unknown) => error)
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(EspalierError)
        else expect(checkExperiment(outcome).ok).toBe(true)
      }),
      cases(2000),
    )
  })

  it('give an axis or an error that says what an axis is (5 000 cases)', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          anyText,
          fc.tuple(anyText, anyText).map(([name, list]) => `${name}=${list}`),
        ),
        (text) => {
          try {
            expect(experimentFieldNames).toContain(axisFromFlag(text).field)
          } catch (error) {
            expect(error).toBeInstanceOf(EspalierError)
          }
        },
      ),
      cases(5000),
    )
  })
})
