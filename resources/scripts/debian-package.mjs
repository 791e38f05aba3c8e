// A package for Debian and Ubuntu from an unpacked Linux build. electron-builder would fetch a tool for it from outside the
// package registry; dpkg-deb is the system's own.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const project = resolve(import.meta.dirname, '../..')
const architectures = new Map([
  ['x64', 'amd64'],
  ['arm64', 'arm64'],
])
const mimeType = 'application/vnd.espalier.session+zip'
const dependencies =
  'libgtk-3-0 | libgtk-3-0t64, libnss3, libasound2 | libasound2t64, libgbm1, libxss1, libatk-bridge2.0-0 | libatk-bridge2.0-0t64, ' +
  'libdrm2, libxkbcommon0, libcups2 | libcups2t64, xdg-utils'

/**
 * @param {string} unpacked folder of the executable
 * @param {string} output folder for the package
 * @returns {{ file: string } | { reason: string }}
 */
export function buildDebianPackage(unpacked, output) {
  const architecture = architectures.get(process.arch)
  if (architecture === undefined) return { reason: `there is no Debian architecture for ${process.arch}` }
  if (spawnSync('dpkg-deb', ['--version']).error !== undefined) return { reason: 'dpkg-deb is not installed' }
  /** @type {{ version: string, description: string }} */
  const { version, description } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'))
  const file = join(output, `espalier_${version}_${architecture}.deb`)
  const root = join(output, 'deb')
  const put = (/** @type {string} */ path, /** @type {string} */ text) => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  try {
    cpSync(unpacked, join(root, 'opt/Espalier'), { recursive: true })
    // As in Chrome's own package: where user namespaces are forbidden, the sandbox needs it.
    chmodSync(join(root, 'opt/Espalier/chrome-sandbox'), 0o4755)
    mkdirSync(join(root, 'usr/bin'), { recursive: true })
    symlinkSync('/opt/Espalier/espalier', join(root, 'usr/bin/espalier'))
    const icons = join(root, 'usr/share/icons/hicolor')
    cpSync(join(project, 'resources/icons/espalier.png'), join(icons, '512x512/apps/espalier.png'))
    cpSync(join(project, 'resources/icons/espalier.svg'), join(icons, 'scalable/apps/espalier.svg'))
    put('usr/share/doc/espalier/copyright', readFileSync(join(project, 'LICENSE'), 'utf8'))
    put('usr/share/applications/espalier.desktop', desktopEntry(description))
    put('usr/share/mime/packages/espalier.xml', mimeDescription)
    const kilobytes = Math.ceil(bytesBelow(root) / 1024)
    put('DEBIAN/control', controlFile({ version, description, architecture, kilobytes }))
    const { status, stderr } = spawnSync('dpkg-deb', ['--root-owner-group', '-Zgzip', '--build', root, file], {
      encoding: 'utf8',
    })
    return status === 0 ? { file } : { reason: stderr.trim() }
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

/** @param {{ version: string, description: string, architecture: string, kilobytes: number }} of */
function controlFile({ version, description, architecture, kilobytes }) {
  return `Package: espalier
Version: ${version}
Architecture: ${architecture}
Maintainer: The Espalier authors <espalier@localhost>
Installed-Size: ${kilobytes}
Depends: ${dependencies}
Section: science
Priority: optional
Description: ${description}
 Choose data, partition and network, compare dynamic, static and no pruning
 with a small dense network, and look into the topology.
`
}

/** @param {string} description */
function desktopEntry(description) {
  return `[Desktop Entry]
Type=Application
Name=Espalier
Comment=${description}
Comment[zh_CN]=联邦动态稀疏训练的桌面实验室
Exec=/opt/Espalier/espalier %f
Icon=espalier
Terminal=false
StartupWMClass=Espalier
Categories=Science;Education;
MimeType=${mimeType};
`
}

const mimeDescription = `<?xml version="1.0" encoding="UTF-8"?>
<mime-info xmlns="http://www.freedesktop.org/standards/shared-mime-info">
  <mime-type type="${mimeType}">
    <comment>Espalier session</comment>
    <comment xml:lang="zh_CN">Espalier 会话</comment>
    <sub-class-of type="application/zip"/>
    <glob pattern="*.espalier"/>
  </mime-type>
</mime-info>
`

/** @param {string} folder */
function bytesBelow(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return entries.reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
}
