import { createHash } from 'node:crypto'
import { EspalierError, type DatasetStatus } from '../../src-main/contract/commands'
import type { DatasetLibrary, LoadedDataset } from '../../src-main/runs/dataset-library'
import { noiseImages } from '../host/noise-images'

const train = noiseImages(240, 'train')
const test = noiseImages(100, 'test')
const classNames = Array.from({ length: 10 }, (_, label) => String(label))
const sha256 = createHash('sha256').update(train.pixels).update(test.pixels).digest('hex')

/** A data set small enough to train on in moments, under the name mnist; the others are missing. */
export class SyntheticDatasets implements DatasetLibrary {
  readonly imported: string[] = []
  loaded: LoadedDataset = { train, test, classNames, sha256 }

  list(): Promise<readonly DatasetStatus[]> {
    const status = (name: DatasetStatus['name'], state: DatasetStatus['state']): DatasetStatus => ({
      name,
      state,
      trainImages: train.count,
      testImages: test.count,
      shape: train.shape,
      classNames,
      downloadBytes: null,
      note: '',
      folder: '',
    })
    return Promise.resolve([status('mnist', 'ready'), status('fashion-mnist', 'missing'), status('cifar10', 'missing')])
  }

  load(name: DatasetStatus['name']): Promise<LoadedDataset> {
    if (name !== 'mnist') return Promise.reject(new EspalierError('not-found', `${name} is not on this computer`))
    return Promise.resolve(this.loaded)
  }

  fetch(...[name, { signal, onProgress }]: Parameters<DatasetLibrary['fetch']>): Promise<unknown> {
    onProgress({ bytesDone: 1, bytesTotal: 2, step: 'download' })
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        reject(new Error(`${name} was cancelled`))
      })
    })
  }

  importFolder(_name: string, folder: string): Promise<unknown> {
    this.imported.push(folder)
    return Promise.resolve()
  }
}
