import { fieldMetadata, fieldShape, type ExperimentField } from '../contract/experiment'
import { methodGroups, methodNames, methods, type MethodGroup, type MethodName } from '../contract/methods'
import { exitCodes } from './exit-codes'

const groupTitles: Record<MethodGroup, string> = {
  ablation: 'The four arms of the ablation',
  'fixed-mask': 'Fixed mask',
  gradual: 'Gradual pruning',
  'moving-mask': 'Moving mask',
  federated: 'Federated',
}

/** `methods`: every method with paper, parts and parameters, as text or as one JSON document. */
export function listMethods(json: boolean): number {
  const described = methodNames.map((name) => describe(name))
  if (json) {
    console.log(JSON.stringify(described, null, 2))
    return exitCodes.done
  }
  for (const group of methodGroups) {
    const members = described.filter((method) => method.group === group)
    if (members.length === 0) continue
    console.log(`${groupTitles[group]}\n`)
    for (const { name, title, paper, help, fromTextOnly, parts, parameters, communication } of members) {
      console.log(`  ${name.padEnd(22)} ${title}${paper === '' ? '' : ` (${paper})`}`)
      console.log(`    ${help}${fromTextOnly ? " Follows the paper's text alone." : ''}`)
      console.log(
        `    ${Object.entries(parts)
          .map(([part, text]) => `${partNames[part] ?? part}: ${text}`)
          .join(' | ')}`,
      )
      console.log(`    each client each round: ${communication}`)
      if (parameters.length > 0) console.log(`    ${parameters.map(({ flag }) => `--${flag}`).join(' ')}`)
      console.log('')
    }
  }
  console.log('O_d: the dense model. O_s: the sparse model, its values and what --encoding adds for their places.')
  console.log('O_ξ: gradients of the weights that could grow (Huang et al. 2025).')
  return exitCodes.done
}

const partNames: Readonly<Partial<Record<string, string>>> = { initialMask: 'initial mask' }

function describe(name: MethodName) {
  const { parameters, fromTextOnly, needsSparsity, ...rest } = methods[name]
  return {
    name,
    ...rest,
    fromTextOnly: fromTextOnly === true,
    needsSparsity: needsSparsity === true,
    parameters: parameters.map((field: ExperimentField) => {
      const { flag, unit, help } = fieldMetadata(field)
      return { field, flag, unit, help, ...fieldShape(field) }
    }),
  }
}
