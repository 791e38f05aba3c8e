import { existsSync } from 'node:fs'
import { join } from 'node:path'
import envPaths from 'env-paths'
import { messageOf } from '../../src-main/contract/errors'
import { locateTensorflow } from '../../src-main/host/devices/locate-tensorflow'
import { dataHome } from '../../src-main/sessions/home'

/** Where `npm run setup:tensorflow` puts TensorFlow for this user. */
export const { tensorflowFolder } = dataHome()

/** Whether TensorFlow has been set up here; if not, the reason is printed. */
export const tensorflowHere = await isTensorflowHere()

/** A folder with SwiftShader and a Vulkan loader: WebGPU without a card. Null, and the reason printed, where there is none. */
export const softwareVulkan = findSoftwareVulkan()

async function isTensorflowHere(): Promise<boolean> {
  try {
    await locateTensorflow('tensorflow-cpu', tensorflowFolder)
    return true
  } catch (error) {
    console.log(`skipped: ${messageOf(error)}`)
    return false
  }
}

/** Electron and Chromium come with both. */
function findSoftwareVulkan(): string | null {
  const electron = join(envPaths('espalier', { suffix: '' }).cache, 'electron-33.2.1-linux-x64')
  const found = [process.env['ESPALIER_SWIFTSHADER'] ?? '', electron, '/usr/lib/chromium'].find(
    (folder) => existsSync(join(folder, 'vk_swiftshader_icd.json')) && existsSync(join(folder, 'libvulkan.so.1')),
  )
  if (found === undefined)
    console.log('skipped: there is no SwiftShader (it comes with Electron and Chromium on Linux)')
  return found ?? null
}

/** What a process needs in its environment to see the software card. */
export function softwareCard(folder: string): NodeJS.ProcessEnv {
  return { VK_ICD_FILENAMES: join(folder, 'vk_swiftshader_icd.json'), LD_LIBRARY_PATH: folder }
}
