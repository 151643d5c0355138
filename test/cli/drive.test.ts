// What a driven run keeps in memory, seen from inside: from outside it cannot be told apart.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { App } from '../../engine/cli/app.ts';
import type { Compiler } from '../../engine/cli/compiler.ts';
import { drive } from '../../engine/cli/drive.ts';
import type { Terminal } from '../../engine/cli/terminal.ts';
import { EMPTY_CONFIG } from '../../engine/project/config.ts';
import { createRedactor } from '../../engine/redact.ts';
import { systemClock } from '../../engine/run/clock.ts';
import { createRun } from '../../engine/run/create.ts';
import type { RunState } from '../../engine/run/state.ts';
import type { Store } from '../../engine/store/journal.ts';
import { openSqliteJournal } from '../../engine/store/sqlite/open.ts';
import { createPalette } from '../../engine/ui/palette.ts';
import { fixtureActions } from '../fixtures/playbooks/actions.ts';
import { compile, planOf, playbook } from '../playbook/helpers.ts';

const PLAN = planOf(
  playbook(
    '  - { id: read, uses: test.noop }\n  - { id: unread, uses: test.noop }\n' +
      '  - { id: last, uses: test.noop, when: steps.read.output.n == 1 }\n',
  ),
);
const compiler: Compiler = {
  actions: fixtureActions,
  compile: async (text, file) => compile(text, file),
  plan: async () => PLAN,
  pinned: async () => PLAN,
  load: async () => undefined,
  loadAll: async () => [],
  origin: () => undefined,
  actionDigest: () => undefined,
};

let folder: string;
let journal: Store;
const redactor = createRedactor();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runbook-drive-'));
  journal = await openSqliteJournal({ file: join(folder, 'runs.db'), redactor });
});
afterEach(async () => {
  await journal.close();
  await rm(folder, { recursive: true, force: true });
});

const silent: Terminal = {
  print: () => undefined,
  tell: () => undefined,
  palette: createPalette(false),
  errorPalette: createPalette(false),
  isInteractive: false,
  hasColor: false,
  columns: () => 80,
  rows: () => 24,
};

function app(): App {
  return {
    cwd: folder,
    env: {},
    isJson: false,
    terminal: silent,
    clock: systemClock,
    redactor,
    project: {
      root: folder,
      config: null,
      playbookFolders: [],
      actionFolders: [],
      stateFolder: folder,
      storeUrl: null,
      storeFile: join(folder, 'runs.db'),
    },
    config: async () => EMPTY_CONFIG,
    operator: 'ana',
    journal: async () => journal,
    close: async () => undefined,
  };
}

test('the outputs that an expression reads are kept in memory, and no others', async () => {
  const { runId } = await createRun({
    journal,
    plan: PLAN,
    inputs: {},
    operator: 'ana',
    env: {},
    random: Math.random,
    version: '0.0.0',
  });
  const states: RunState[] = [];
  const exitCode = await drive({
    app: app(),
    compiler,
    plan: PLAN,
    runId,
    isNew: true,
    isPlain: true,
    confirmsAll: false,
    settings: { env: {}, secrets: new Map(), root: null },
    last: async ({ state }) => {
      states.push(state);
      return { lines: [] };
    },
  });
  expect(exitCode).toBe(0);
  const steps = [...(states[0]?.steps.values() ?? [])].filter(({ path }) => path !== '');
  expect(steps.map(({ path, phase, output }) => [path, phase, output !== undefined])).toEqual([
    ['read', 'done', true],
    ['unread', 'done', false],
    ['last', 'done', false],
  ]);
});
