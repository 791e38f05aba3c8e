import js from '@eslint/js'
import boundaries from 'eslint-plugin-boundaries'
import svelte from 'eslint-plugin-svelte'
import { defineConfig } from 'eslint/config'
import globals from 'globals'
import ts from 'typescript-eslint'
import svelteConfig from './svelte.config.js'

/**
 * A folder's name says which process may load it: folder → the folders of ours that it may import, itself included.
 * Only `shell` and the desktop's composition root may import electron.
 */
const layers = {
  contract: ['contract'],
  engine: ['contract', 'engine'],
  files: ['files'],
  host: ['contract', 'engine', 'host'],
  datasets: ['contract', 'engine', 'files', 'datasets'],
  sessions: ['contract', 'engine', 'files', 'sessions'],
  report: ['contract', 'report'],
  runs: ['contract', 'engine', 'files', 'host', 'datasets', 'sessions', 'report', 'runs'],
  shell: ['contract', 'host', 'runs', 'sessions', 'datasets', 'report', 'shell'],
  'command-line': ['contract', 'runs', 'sessions', 'datasets', 'host', 'report', 'engine', 'files', 'command-line'],
  renderer: ['contract', 'renderer'],
}
/** The same for the three files that put a program together. */
const roots = {
  'engine-root': ['contract', 'host', 'runs', 'sessions', 'datasets'],
  'desktop-root': ['contract', 'host', 'runs', 'sessions', 'datasets', 'report', 'shell'],
  'command-line-root': ['contract', 'runs', 'sessions', 'datasets', 'host', 'report', 'engine', 'command-line'],
}

const allow = (from, folders) => ({ from, allow: { to: { element: { types: { anyOf: folders } } } } })

export default defineConfig(
  { ignores: ['out/', 'node_modules/', 'test/output/'] },
  js.configs.recommended,
  ts.configs.strictTypeChecked,
  svelte.configs.recommended,
  {
    languageOptions: {
      globals: { ...globals.node },
      parserOptions: {
        projectService: { allowDefaultProject: ['*.js'] },
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: ['.svelte'],
      },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  {
    files: ['**/*.cjs'],
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  {
    // Type assertions in comments are invisible to these rules; tsc checks the scripts all the same.
    files: ['**/*.mjs', '**/*.js'],
    rules: Object.fromEntries(
      ['assignment', 'argument', 'call', 'member-access', 'return'].map((use) => [
        `@typescript-eslint/no-unsafe-${use}`,
        'off',
      ]),
    ),
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: {
      globals: { ...globals.browser },
      parserOptions: { parser: ts.parser, svelteConfig },
    },
  },
  {
    files: ['src-main/**', 'src-renderer/**'],
    plugins: { boundaries },
    settings: {
      'import/resolver': { typescript: { alwaysTryTypes: true } },
      'boundaries/elements': [
        ...Object.keys(layers).map((type) => ({
          type,
          pattern: type === 'renderer' ? 'src-renderer' : `src-main/${type}`,
        })),
      ],
      'boundaries/files': [
        { category: 'engine-root', pattern: 'src-main/host/{engine-process,device-process}.ts' },
        { category: 'desktop-root', pattern: 'src-main/index.ts' },
        { category: 'command-line-root', pattern: 'src-main/cli.ts' },
      ],
    },
    rules: {
      'boundaries/dependencies': [
        'error',
        {
          default: 'disallow',
          policies: [
            ...Object.entries(layers).map(([type, to]) => allow({ element: { type } }, to)),
            ...Object.entries(roots).map(([categories, to]) => allow({ file: { categories } }, to)),
          ],
        },
      ],
    },
  },
  {
    files: ['src-main/**'],
    ignores: ['src-main/shell/**', 'src-main/index.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { paths: ['electron', { name: 'atomically', message: 'It raises signals again; use files/replace-file.' }] },
      ],
    },
  },
)
