// What a driven run keeps in memory, seen from inside: from outside it cannot be told apart.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defineAction } from '../../engine/action.ts';
import type { App } from '../../engine/cli/app.ts';
import { EXIT } from '../../engine/cli/exit-codes.ts';
import type { Compiler } from '../../engine/cli/playbooks/compiler.ts';
import { drive } from '../../engine/cli/runs/drive.ts';
import type { Terminal } from '../../engine/cli/terminal.ts';
import { EMPTY_CONFIG } from '../../engine/project/config.ts';
import { createRedactor } from '../../engine/redact.ts';
import { systemClock } from '../../engine/run/clock.ts';
import { createRun } from '../../engine/run/create.ts';
import type { RunRules } from '../../engine/run/rules.ts';
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

/** Bans root, unless somebody must not be touched. */
const bans = defineAction({
  name: 'test.noop',
  title: 'Ban',
  effect: 'destructive',
  idempotent: true,
  input: {},
  output: {},
  async run(_input, ctx) {
    const targets = ['ana', 'root', 'cem'].map((id) => ({ id, before: { banned: false } }));
    const results = await ctx.changes(
      { kind: 'user', verb: 'ban', after: { banned: true }, targets },
      async () => undefined,
    );
    return results.map(({ id, outcome }) => `${id} ${outcome}`);
  },
});
const BAN = planOf(playbook('  - { id: ban, uses: test.noop }\n'));

const protecting = (...ids: string[]): RunRules => ({
  limits: {},
  protect: { ids, emails: [], domains: [], metadata: [] },
});

test.for<[string, RunRules | undefined, RunRules | undefined, string[]]>([
  ['pinned alone', protecting('root'), undefined, ['ana done', 'root protected', 'cem done']],
  ['current alone', undefined, protecting('ana'), ['ana protected', 'root done', 'cem done']],
  ['pinned and taken away since', protecting('root'), protecting(), ['ana done', 'root protected', 'cem done']],
  ['pinned and added to since', protecting('root'), protecting('ana'), ['ana protected', 'root protected', 'cem done']],
])('of the rules that a run pinned and those of now the stricter hold: %s', async ([, pinned, current, expected]) => {
  const { runId } = await createRun({
    journal,
    plan: BAN,
    inputs: {},
    operator: 'ana',
    env: {},
    random: Math.random,
    version: '0.0.0',
    ...(pinned === undefined ? {} : { rules: pinned }),
  });
  let outcomes: string[] = [];
  await drive({
    app: app(),
    compiler: { ...compiler, actions: new Map([['test.noop', bans]]), plan: async () => BAN, pinned: async () => BAN },
    plan: BAN,
    runId,
    isNew: true,
    isPlain: true,
    confirmsAll: false,
    settings: { env: {}, secrets: new Map(), root: null, ...(current === undefined ? {} : { rules: current }) },
    last: async ({ state }) => {
      outcomes = [...(state.changes.get('ban')?.values() ?? [])].map(({ id, outcome }) => `${id} ${outcome}`);
      return { lines: [] };
    },
  });
  expect(outcomes.toSorted()).toEqual(expected.toSorted());
});

test('a limit that was raised since does not let a run go further than the one it pinned', async () => {
  const { runId } = await createRun({
    journal,
    plan: BAN,
    inputs: {},
    operator: 'ana',
    env: {},
    random: Math.random,
    version: '0.0.0',
    rules: { ...protecting(), limits: { user: 2 } },
  });
  const exitCode = await drive({
    app: app(),
    compiler: { ...compiler, actions: new Map([['test.noop', bans]]), plan: async () => BAN, pinned: async () => BAN },
    plan: BAN,
    runId,
    isNew: true,
    isPlain: true,
    confirmsAll: false,
    settings: { env: {}, secrets: new Map(), root: null, rules: { ...protecting(), limits: { user: 100 } } },
  });
  expect(exitCode).toBe(EXIT.waiting);
});
