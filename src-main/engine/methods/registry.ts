import type { MethodName } from '../../contract/methods'
import { dsr } from './dsr'
import { dynamic } from './dynamic'
import { feddstOfficial } from './feddst-official'
import { fedAvgM } from './fedavgm'
import { fedDst } from './feddst'
import { fedMef } from './fedmef'
import { fedRts } from './fedrts'
import { fedSgc } from './fedsgc'
import { fedSparsifyGlobal, fedSparsifyLocal, fedSparsifyMajority } from './fedsparsify'
import { fedTiny } from './fedtiny'
import { fedTinyClean } from './fedtiny-clean'
import { force, iterativeSnip } from './force'
import { gmp } from './gmp'
import { grasp } from './grasp'
import { lth } from './lth'
import { magnitudeIterative, magnitudeOneShot } from './magnitude'
import { magnitudeInit } from './magnitude-init'
import { snip } from './snip'
import { synFlow } from './synflow'
import { flashJmwst, flashSpdst } from './flash'
import { graNet } from './granet'
import { rigLItop, setItop } from './itop'
import { lotteryFl } from './lotteryfl'
import { mestEm, mestEms } from './mest'
import { none } from './none'
import { pruneFl } from './prunefl'
import { rigL } from './rigl'
import { seedCode } from './seed-code'
import { set, setTwoSided } from './set'
import type { MethodRecipe } from './recipe'
import { smallDense } from './small-dense'
import { snfs } from './snfs'
import { spaFl } from './spafl'
import { sparsyFed } from './sparsyfed'
import { ssfl } from './ssfl'
import { sRigL } from './srigl'
import { staticPruning } from './static'
import { topKast } from './top-kast'

/** Every method by its name in the contract. */
export const methodRecipes: Record<MethodName, MethodRecipe> = {
  dynamic,
  static: staticPruning,
  none,
  'small-dense': smallDense,
  snip,
  grasp,
  synflow: synFlow,
  force,
  'iterative-snip': iterativeSnip,
  'magnitude-init': magnitudeInit,
  'magnitude-one-shot': magnitudeOneShot,
  'magnitude-iterative': magnitudeIterative,
  lth,
  gmp,
  set,
  'set-two-sided': setTwoSided,
  rigl: rigL,
  'set-itop': setItop,
  'rigl-itop': rigLItop,
  dsr,
  snfs,
  'mest-em': mestEm,
  'mest-ems': mestEms,
  granet: graNet,
  'top-kast': topKast,
  srigl: sRigL,
  // The term is part of every client's training; the method is the choice of it.
  fedprox: none,
  fedavgm: fedAvgM,
  feddst: fedDst,
  prunefl: pruneFl,
  ssfl,
  'flash-spdst': flashSpdst,
  'flash-jmwst': flashJmwst,
  lotteryfl: lotteryFl,
  'fedsparsify-global': fedSparsifyGlobal,
  'fedsparsify-local': fedSparsifyLocal,
  'fedsparsify-majority': fedSparsifyMajority,
  fedtiny: fedTiny,
  'fedtiny-clean': fedTinyClean,
  fedmef: fedMef,
  fedsgc: fedSgc,
  fedrts: fedRts,
  sparsyfed: sparsyFed,
  spafl: spaFl,
  'feddst-official': feddstOfficial,
  'seed-code': seedCode,
}
