import { availableParallelism } from 'node:os'
import prettyBytes from 'pretty-bytes'
import type { DeviceReport, PresentDevice } from '../contract/devices'
import { kernelsName } from '../engine/trainer/sparse/sparse-trainer'
import { openKernels } from '../host/kernel-source'
import { findKernels, loadKernels } from '../host/kernels'
import { processorName } from '../host/processor'
import type { Laboratory } from '../runs/laboratory'
import { exitCodes } from './exit-codes'
import { openLaboratory } from './training'

export interface DevicesOptions {
  readonly json: boolean
  /** Whether to measure: what was never measured, everything anew, or nothing. */
  readonly benchmark: 'missing' | 'all' | 'none'
}

const column = 16

/**
 * `devices`: every device with what it is, or why it is missing and what to do; and the kernels of the CPU trainer. Throws
 * after the list when ESPALIER_KERNELS asks for what is not here.
 */
export async function listDevices({ json, benchmark }: DevicesOptions): Promise<number> {
  const kernels = await kernelLines()
  if (!json) for (const line of kernels) console.log(line)
  const used = kernelsName(openKernels(await loadKernels()))
  if (!json) console.log(`${'used'.padEnd(22)} ${used}`)
  if (!json) console.log('')
  const laboratory = await openLaboratory()
  try {
    const reports: DeviceReport[] = []
    for (const found of await laboratory.ask('devices.list', undefined)) {
      const report = await measured(laboratory, found, benchmark)
      reports.push(report)
      if (!json) for (const line of deviceLines(report)) console.log(line)
    }
    if (json) console.log(JSON.stringify({ kernels: used, devices: reports }))
    else console.log('\nimages/s: training FedDST’s CIFAR-10 network in batches of 32, forward and backward')
  } finally {
    await laboratory.close()
  }
  return exitCodes.done
}

async function measured(
  laboratory: Laboratory,
  report: DeviceReport,
  benchmark: DevicesOptions['benchmark'],
): Promise<DeviceReport> {
  if (report.state === 'missing' || benchmark === 'none') return report
  if (benchmark === 'missing' && report.speed !== null) return report
  if (process.stderr.isTTY) process.stderr.write(`measuring ${report.device}…\r`)
  return laboratory.ask('devices.measure', { device: report.device })
}

async function kernelLines(): Promise<string[]> {
  const lines = [`${'CPU'.padEnd(22)} ${processorName()}, ${availableParallelism()} threads`]
  for (const found of await findKernels()) {
    if ('problem' in found) lines.push(`${`sparse/${found.kind}`.padEnd(22)} not found: ${found.problem}`)
    else lines.push(`${kernelsName(openKernels(found.source)).padEnd(22)} found: ${found.path}`)
  }
  return lines
}

function deviceLines(report: DeviceReport): string[] {
  const name = report.device.padEnd(column)
  const indent = ' '.repeat(column)
  if (report.state === 'missing') {
    return [`${name} missing: ${report.problem}`, `${indent} → ${report.remedy}`]
  }
  return [
    `${name} ${report.hardware}${report.isEmulated ? ' (imitates a card: for tests)' : ''}`,
    ...[speedText(report), memoryText(report), promiseText(report), versionText(report)]
      .filter((text) => text !== '')
      .map((text) => `${indent} ${text}`),
  ]
}

function speedText({ speed }: PresentDevice): string {
  if (speed === null) return 'not measured'
  return speed
    .map(({ sparsity, imagesPerSecond }) => `${readable(imagesPerSecond)} images/s at S = ${sparsity}`)
    .join(', ')
    .concat(speed.length === 1 ? ' and above' : '')
}

function memoryText({ freeBytes }: PresentDevice): string {
  return freeBytes === null ? 'free memory unknown' : `${prettyBytes(freeBytes, { binary: true })} free`
}

function promiseText({ promise }: PresentDevice): string {
  return promise === 'bits' ? 'the same bits on every machine' : 'agrees with cpu within a tolerance'
}

function versionText({ versions }: PresentDevice): string {
  return Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')
}

function readable(rate: number): string {
  return rate >= 100 ? Math.round(rate).toString() : rate.toPrecision(2)
}
