import js from '@eslint/js'
import boundaries from 'eslint-plugin-boundaries'
import svelte from 'eslint-plugin-svelte'
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
  host: ['contract', 'engine', 'host'],
  datasets: ['contract', 'engine', 'datasets'],
  sessions: ['contract', 'engine', 'sessions'],
  report: ['contract', 'report'],
  runs: ['contract', 'engine', 'host', 'datasets', 'sessions', 'report', 'runs'],
  shell: ['contract', 'host', 'runs', 'sessions', 'datasets', 'report', 'shell'],
}
const roots = {
  'desktop-root': ['contract', 'host', 'runs', 'sessions', 'datasets', 'report', 'shell'],
  'command-line-root': ['contract', 'runs', 'sessions', 'datasets', 'host', 'report', 'engine', 'command-line'],
  'command-line': ['contract', 'runs', 'sessions', 'datasets', 'host', 'report', 'engine', 'command-line'],
  renderer: ['contract', 'renderer'],
}

export default ts.config(
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
        ...Object.keys(layers).map((name) => ({ type: name, pattern: `src-main/${name}` })),
        { type: 'command-line', pattern: 'src-main/command-line' },
        { type: 'renderer', pattern: 'src-renderer' },
        { type: 'desktop-root', pattern: 'src-main/index.ts', mode: 'file' },
        { type: 'command-line-root', pattern: 'src-main/cli.ts', mode: 'file' },
      ],
    },
    rules: {
      'boundaries/element-types': [
        'error',
        {
          default: 'disallow',
          rules: Object.entries({ ...layers, ...roots }).map(([from, allow]) => ({ from, allow })),
        },
      ],
    },
  },
  {
    files: ['src-main/**'],
    ignores: ['src-main/shell/**', 'src-main/index.ts'],
    rules: { 'no-restricted-imports': ['error', { paths: ['electron'] }] },
  },
)
