// A process that goes on with a run, or first puts it into an undo, until it ends or is killed. Run from source by the
// test; its one argument is a Task as JSON.

import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { createPlaybookCompiler } from '../../engine/playbook/compile.ts';
import { createRedactor } from '../../engine/redact.ts';
import { systemClock } from '../../engine/run/clock.ts';
import { executeRun } from '../../engine/run/executor.ts';
import { installGate } from '../../engine/run/gate.ts';
import { nobody } from '../../engine/run/people.ts';
import { createSecrets } from '../../engine/run/secrets.ts';
import { RunSession } from '../../engine/run/session.ts';
import { startUndo } from '../../engine/run/undo.ts';
import { openSqliteJournal } from '../../engine/store/sqlite/open.ts';
import { bulkActions } from './bulk-action.ts';

export interface Task {
  readonly store: string;
  readonly runId: string;
  readonly service: string;
  readonly text: string;
  readonly undoes: boolean;
}

const task = JSON.parse(process.argv[2] ?? '{}') as Task;
installGate();
const schema = new URL('../../schemas/playbook.schema.json', import.meta.url);
const compile = createPlaybookCompiler({ playbookSchema: JSON.parse(readFileSync(schema, 'utf8')) });
const actions = new Map(bulkActions.map((action) => [action.name, action]));
const { plan, diagnostics } = compile({ text: task.text, file: 'bulk.yaml', actions });
if (!plan) throw new Error(JSON.stringify(diagnostics));
const redactor = createRedactor();
const journal = await openSqliteJournal({ file: task.store, redactor });
const env = { SERVICE: task.service };
const session = await RunSession.open({
  journal,
  runId: task.runId,
  clock: systemClock,
  holder: { id: `child-${process.pid}`, host: hostname(), pid: process.pid, operator: 'tester' },
});
if (task.undoes && session.state.undo === null) {
  const by = 'tester';
  await session.append(startUndo(session.state, { cause: 'operator', reason: 'test', by, actor: `person:${by}` }));
}
const end = await executeRun({
  plan,
  session,
  journal,
  redactor,
  actions,
  people: nobody,
  clock: systemClock,
  random: Math.random,
  secrets: createSecrets({ env, onResolved: (name, value) => redactor.add(name, value) }),
  env,
  pause: new AbortController().signal,
  waitsForOthers: false,
  version: 'test',
  host: hostname(),
  operator: 'tester',
  pid: process.pid,
});
await session.close();
await journal.close();
process.stdout.write(JSON.stringify({ status: end.status, waitsFor: end.waitsFor }));
