import cliProgress from 'cli-progress'
import prettyBytes from 'pretty-bytes'
import { datasetNames, type DatasetName } from '../contract/experiment'
import { DatasetStore } from '../datasets/dataset-store'
import { dataHome } from '../sessions/home'
import { exitCodes } from './exit-codes'
import { wrongInput } from './experiment-flags'

function store(): DatasetStore {
  return new DatasetStore(dataHome().datasetsFolder)
}

function datasetName(text: string): DatasetName {
  const name = datasetNames.find((known) => known === text)
  if (name === undefined) throw wrongInput('dataset', text, `one of ${datasetNames.join(', ')}`)
  return name
}

/** `data list`: what is here and how to get the rest. */
export async function listData(): Promise<number> {
  for (const { name, state, trainImages, testImages, shape, note } of await store().list()) {
    console.log(
      `${name.padEnd(14)} ${state.padEnd(8)} ${trainImages} + ${testImages} images, ${shape.join('×')}  ${note}`,
    )
  }
  return exitCodes.done
}

/** `data fetch`: downloads, verifies, converts; goes on with a download that was cut off. */
export async function fetchData(text: string): Promise<number> {
  const name = datasetName(text)
  const stop = new AbortController()
  const interrupt = () => {
    stop.abort(new Error('interrupted'))
  }
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  const bar = process.stderr.isTTY
    ? new cliProgress.SingleBar({ format: '{step} [{bar}] {percentage} %  {done} of {total}', stream: process.stderr })
    : null
  let shownStep = ''
  let shownTenth = -1
  try {
    const status = await store().fetch(name, {
      signal: stop.signal,
      onProgress: ({ step, bytesDone, bytesTotal }) => {
        const payload = { step, done: prettyBytes(bytesDone), total: prettyBytes(bytesTotal) }
        const tenth = Math.floor((10 * bytesDone) / Math.max(1, bytesTotal))
        if (bar !== null) {
          if (step !== shownStep) bar.start(bytesTotal, bytesDone, payload)
          else bar.update(bytesDone, payload)
        } else if (step !== shownStep || tenth !== shownTenth) {
          console.error(`${step} ${payload.done} of ${payload.total}`)
        }
        shownStep = step
        shownTenth = tenth
      },
    })
    bar?.stop()
    console.log(`${name} is ready in ${status.folder}`)
    return exitCodes.done
  } catch (error) {
    bar?.stop()
    if (!stop.signal.aborted) throw error
    console.error(`Interrupted; go on with: npx espalier data fetch ${name}`)
    return exitCodes.interrupted
  } finally {
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
  }
}

/** `data import`: takes the official files of a folder. */
export async function importData(text: string, folder: string): Promise<number> {
  const name = datasetName(text)
  const status = await store().importFolder(name, folder)
  console.log(`${name} is ready in ${status.folder}`)
  return exitCodes.done
}
