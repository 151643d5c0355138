// Runs a run that exists: takes its lease, shows it, executes it, says how it stands. `run`, `resume`, `retry`, `skip`,
// `done`, `abort`, `undo` and `drill` all end here.
import { hostname } from 'node:os';
import type { JsonObject } from '../../json.ts';
import type { Plan } from '../../playbook/plan.ts';
import { stricter } from '../../project/rules.ts';
import type { Draft, RunEvent } from '../../run/events.ts';
import { executeRun, type RunEnd } from '../../run/executor.ts';
import { keptOutputs } from '../../run/kept-outputs.ts';
import type { People } from '../../run/people.ts';
import { RunSession } from '../../run/session.ts';
import { undoable } from '../../run/undo.ts';
import type { Vault } from '../../run/vault.ts';
import { jsonEnd } from '../../ui/json.ts';
import { secretWaits, waitingFor } from '../../ui/waiting.ts';
import type { App } from '../app.ts';
import { EXIT } from '../exit-codes.ts';
import { watchInterrupts } from '../interrupts.ts';
import type { Compiler } from '../playbooks/compiler.ts';
import type { ProjectConfig } from '../project/load-config.ts';
import { templateFiles } from '../project/template-files.ts';
import { packageVersion } from '../resources.ts';
import { attachScreen, type Screen } from './attach-screen.ts';
import { databaseSettings } from './database-settings.ts';
import { newHolder } from './held-by.ts';
import { createHeldElsewhere } from './held-elsewhere.ts';
import { learnSecrets } from './learn-secrets.ts';
import { openSecrets } from './open-secrets.ts';
import { endLines } from './run-end.ts';
import { openVault } from './secret-inputs.ts';

export interface DriveOptions {
  readonly app: App;
  readonly compiler: Compiler;
  readonly plan: Plan;
  readonly runId: string;
  /** Show events from the first on, not only new ones. */
  readonly isNew: boolean;
  readonly isPlain: boolean;
  readonly confirmsAll: boolean;
  /** Where variables and secrets come from, and what no run may do. A drill's world brings its own. */
  readonly settings: RunSettings;
  /** Secrets that this process was given already. Absent: none. */
  readonly vault?: Vault;
  /** Puts other people before those at the terminal. */
  readonly people?: (terminal: People) => People;
  /** Appended first, under the lease: a decision given on the command line. @throws where it does not fit the state. */
  readonly first?: (session: RunSession) => readonly Draft[] | Promise<readonly Draft[]>;
  /** Goes no further than to the end of an undo: the run's own steps are left as they stand. */
  readonly endsWithUndo?: boolean;
  /** Before the lease is let go, the run ended or open. */
  readonly last?: (session: RunSession, end: RunEnd) => Promise<LastWords>;
}

export interface LastWords {
  /** Printed last. */
  readonly lines: readonly string[];
  /** The same for machines: stands beside `end` in the last line of JSON. */
  readonly json?: JsonObject;
  /** Wins over the run's own. */
  readonly exitCode?: number;
  /** Stands in the place of how the run ended. */
  readonly isWhole?: boolean;
}

export interface RunSettings extends Pick<ProjectConfig, 'env' | 'secrets' | 'root'> {
  /** Absent: none hold. */
  readonly rules?: ProjectConfig['rules'];
  /** Absent or null: the config says nothing of the team's own database. */
  readonly database?: ProjectConfig['database'];
  /** Of a drill: where its world lies, and all that a database of a file may be in. */
  readonly worldFolder?: string;
}

/** @returns the exit code. @throws E_RUN_HELD, and whatever executeRun does. */
export async function drive(options: DriveOptions): Promise<number> {
  const { app, plan, runId, settings } = options;
  const { env, secrets: references, root } = settings;
  learnSecrets(app.redactor, plan, { actions: options.compiler.actions, envs: [app.env, env], references, root });
  const journal = await app.journal();
  const session = await RunSession.open({
    journal,
    runId,
    clock: app.clock,
    keepsOutput: keptOutputs(plan),
    holder: newHolder(app),
  });
  let screen: Screen | null = null;
  const interrupts = watchInterrupts({
    onFirst: () => screen?.notice('Pausing at the next safe point. Ctrl-C again stops at once'),
    // The tree hides the cursor.
    onSecond: () => process.stdout.isTTY && process.stdout.write('\u001b[?25h\n'),
  });
  try {
    screen = await attachScreen({
      app,
      plan,
      session,
      isPlain: options.isPlain,
      confirmsAll: options.confirmsAll,
      onPause: interrupts.request,
    });
    const stopShowing = await showEvents(options, session, screen);
    screen.start();
    let end: RunEnd;
    try {
      const drafts = (await options.first?.(session)) ?? [];
      if (drafts.length > 0) await session.append(...drafts);
      await loadInverses(options.compiler, session);
      const rules = rulesOf(session, settings);
      end = await executeRun({
        plan,
        session,
        journal,
        actions: options.compiler.actions,
        people: options.people?.(screen.people) ?? screen.people,
        clock: app.clock,
        random: Math.random,
        secrets: openSecrets(app, settings),
        redactor: app.redactor,
        templateSource: templateFiles(app),
        vault: options.vault ?? openVault(app),
        env,
        pause: interrupts.pause,
        waitsForOthers: app.terminal.isInteractive && !app.isJson,
        version: packageVersion(),
        host: hostname(),
        pid: process.pid,
        operator: app.operator,
        heldElsewhere: createHeldElsewhere(app, journal, runId),
        ...(rules === undefined ? {} : { rules }),
        database: databaseSettings(app, settings),
        actionDigest: options.compiler.actionDigest,
        ...(options.endsWithUndo === true ? { endsWithUndo: true } : {}),
      });
      await screen.end();
    } catch (error) {
      await screen.end();
      throw error;
    } finally {
      stopShowing();
    }
    const after = await options.last?.(session, end);
    return finish(options, session, end, after);
  } finally {
    interrupts.dispose();
    await session.close();
  }
}

/** What the run pinned when it began and what holds now: of both the stricter, so that nothing is let off on the way. */
function rulesOf({ state }: RunSession, settings: RunSettings): RunSettings['rules'] {
  const pinned = state.created?.rules;
  return pinned === undefined || settings.rules === undefined
    ? (pinned ?? settings.rules)
    : stricter(pinned, settings.rules);
}

/** An undo uses the actions that the changes name, which the playbook itself need not use. */
export async function loadInverses(compiler: Compiler, { state }: Pick<RunSession, 'state'>): Promise<void> {
  const names = new Set<string>();
  for (const changes of state.changes.values())
    for (const { undo } of changes.values()) if (undo !== undefined) names.add(undo.uses);
  const missing = [...names].filter((name) => !compiler.actions.has(name));
  if (missing.length > 0) await compiler.load(missing);
}

/** Past events where the run is new, then every one as it comes; none twice. */
async function showEvents(
  { app, runId, isNew }: DriveOptions,
  session: RunSession,
  screen: Screen,
): Promise<() => void> {
  let shown = isNew ? 0 : session.state.seq;
  const show = (event: RunEvent): void => {
    if (event.seq !== shown + 1) return;
    shown = event.seq;
    screen.show(event);
  };
  const journal = await app.journal();
  while (shown < session.state.seq) for await (const event of journal.read(runId, { after: shown })) show(event);
  return session.listen(show);
}

function finish(
  { app, plan, runId }: DriveOptions,
  session: RunSession,
  end: RunEnd,
  after: LastWords | undefined,
): number {
  const { state } = session;
  const head = { seq: state.seq, hash: state.head };
  const waiting = [...waitingFor(plan, state, runId), ...secretWaits(state, runId, end)];
  if (app.isJson) {
    const facts = { status: end.status, isInterrupted: end.isInterrupted, head };
    app.terminal.print(jsonEnd(runId, facts, waiting, after?.json));
  } else {
    if (after?.isWhole !== true)
      for (const line of endLines({
        state,
        runId,
        waiting,
        isInterrupted: end.isInterrupted,
        reversible: state.outcome === 'aborted' ? undoable(state, plan, null).reversible.length : 0,
        palette: app.terminal.palette,
      }))
        app.terminal.print(line);
    for (const line of after?.lines ?? []) app.terminal.print(line);
  }
  return after?.exitCode ?? runExitCode(end);
}

export function runExitCode(end: Pick<RunEnd, 'status' | 'isInterrupted'>): number {
  if (end.isInterrupted) return EXIT.interrupted;
  if (end.status === 'done') return EXIT.done;
  return end.status === 'waiting' || end.status === 'running' ? EXIT.waiting : EXIT.failed;
}
