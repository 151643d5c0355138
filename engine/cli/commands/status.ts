import { openChangesOf } from '../../run/change-views.ts';
import { runStatus, type StepState } from '../../run/state.ts';
import { changePhrases } from '../../ui/change-words.ts';
import { oneLine, shellWord } from '../../ui/text.ts';
import { treeLines } from '../../ui/tree.ts';
import { badVerdict } from '../../ui/verdict.ts';
import type { App, CommonOptions } from '../app.ts';
import { EXIT } from '../exit-codes.ts';
import { existingJournal } from '../keeping/existing-store.ts';
import { changeJson } from '../runs/change-cells.ts';
import { halfFinished, halfFinishedLines } from '../runs/half-finished.ts';
import { liveHolder } from '../runs/held-by.ts';
import { type OpenedRun, openRun } from '../runs/open-run.ts';
import { headLines } from '../runs/run-end.ts';
import {
  changesText,
  longestOverDueFirst,
  type RunInEffect,
  runsInEffect,
  type Temporary,
  temporariesOf,
  temporaryCommand,
  temporaryJson,
  temporaryText,
} from '../runs/still-in-effect.ts';
import { detailLines, detailsJson, type WaitingDetails, waitingDetails } from '../runs/waiting-details.ts';
import { table } from '../table.ts';

const MOST_NAMED = 5;

/** How one run stands; without one, everything still in effect and what is half-finished, across runs. */
export async function status(app: App, run: string | undefined, _options: CommonOptions): Promise<number> {
  if (run === undefined) return statusOfAll(app);
  const opened = await openRun(app, run);
  return app.isJson ? printJson(app, opened) : printText(app, opened);
}

async function printJson(app: App, opened: OpenedRun): Promise<number> {
  const { journal, runId, state, created } = opened;
  const holder = await liveHolder(journal, runId, app.clock.now());
  const steps = [...state.steps.values()].filter((step) => step.path !== '');
  app.terminal.print(
    JSON.stringify({
      run: runId,
      playbook: created.playbook.name,
      title: created.title ?? created.playbook.title,
      status: runStatus(state),
      severity: state.severity,
      operator: created.operator,
      environment: created.environment ?? null,
      isDrill: created.drill !== undefined,
      startedAt: state.createdAt,
      endedAt: state.endedAt,
      isUndoing: state.undo !== null,
      holder: holder && { operator: holder.operator, host: holder.host, pid: holder.pid },
      waitsFor: (await waitingDetails(app, opened)).map(detailsJson),
      temporary: temporariesOf(state, runId, app.clock.now()).map(temporaryJson),
      uncertain: openChangesOf(state).map(changeJson),
      steps: steps.map((step) => stepJson(opened, step)),
      head: { seq: state.seq, hash: state.head },
    }),
  );
  return EXIT.done;
}

function stepJson({ state }: OpenedRun, step: StepState): object {
  const verdict = badVerdict(step.output);
  return {
    path: step.path,
    title: step.title,
    phase: step.phase,
    ...(step.durationMs === undefined ? {} : { durationMs: step.durationMs }),
    ...(step.error === undefined ? {} : { error: step.error }),
    ...(step.skip === undefined ? {} : { skipped: step.skip.text }),
    // What it found is bad news, however well it went.
    ...(verdict === null ? {} : { verdict }),
    changes: changePhrases(state.changes.get(step.path)?.values() ?? []),
  };
}

async function printText(app: App, opened: OpenedRun): Promise<number> {
  const { journal, runId, state, plan } = opened;
  const { terminal } = app;
  const now = app.clock.now();
  const waiting = await waitingDetails(app, opened);
  const holder = await liveHolder(journal, runId, now);
  const frame = {
    runId,
    columns: terminal.columns(),
    rows: Number.POSITIVE_INFINITY,
    palette: terminal.palette,
    now,
    tick: null,
    isHeld: holder !== null,
  };
  for (const line of treeLines(plan, state, frame)) terminal.print(line);
  terminal.print('');
  for (const temporary of temporariesOf(state, runId, now))
    printTemporary(app, temporary, 'Temporary, still in effect: ');
  for (const line of uncertainLines(opened, waiting)) terminal.print(line);
  for (const item of waiting) {
    terminal.print(terminal.palette.attention(`◆ ${item.title}: ${item.text}`));
    for (const line of detailLines(item, Math.min(terminal.columns() - 4, 100))) terminal.print(`  ${line}`.trimEnd());
    terminal.print('');
    for (const command of item.commands) terminal.print(`    ${command}`);
  }
  if (holder)
    terminal.print(
      `${oneLine(holder.operator)} works on it: process ${holder.pid} on ${oneLine(holder.host)}, since ${holder.acquiredAt}`,
    );
  else if (state.undo !== null)
    terminal.print(`Taking its changes back is not finished. Go on with: runbook undo ${runId}`);
  else if (state.endedAt === null) terminal.print(`Nobody works on it now. Go on with: runbook resume ${runId}`);
  for (const line of headLines(runId, state)) terminal.print(terminal.palette.dim(line));
  return EXIT.done;
}

function printTemporary({ terminal }: App, temporary: Temporary, lead: string): void {
  const isUrgent = temporary.kept === undefined && (temporary.overdueMs ?? -1) >= 0;
  const paint = isUrgent ? terminal.palette.bad : terminal.palette.attention;
  terminal.print(paint(`${lead}${temporaryText(temporary)}`));
  terminal.print(`    ${temporaryCommand(temporary)}`);
}

/** What a waiting step asks about is shown with it. */
function uncertainLines({ runId, state }: OpenedRun, waiting: readonly WaitingDetails[]): string[] {
  const asked = new Set(waiting.flatMap(({ changes = [] }) => changes));
  const open = openChangesOf(state).filter((change) => !asked.has(change));
  if (open.length === 0) return [];
  const names = open.slice(0, MOST_NAMED).map(({ verb, kind, id, step }) => oneLine(`${verb} ${kind} ${id} (${step})`));
  const rest = open.length > MOST_NAMED ? `, and ${open.length - MOST_NAMED} more` : '';
  const count = open.length === 1 ? '1 change has' : `${open.length} changes have`;
  return [
    `${count} no known outcome: ${names.join(', ')}${rest}`,
    `    runbook settle ${shellWord(runId)}      to say what became of them`,
    `    runbook undo ${shellWord(runId)}        looks, and takes back what happened`,
  ];
}

async function statusOfAll(app: App): Promise<number> {
  const journal = await existingJournal(app);
  const rows = await journal.runs();
  const open = await halfFinished(app, journal, rows);
  const held = await runsInEffect(app, journal, rows);
  const temporaries = held.flatMap((run) => run.temporaries);
  const { print, palette } = app.terminal;
  if (app.isJson) {
    const inEffect = held.map((one) => ({ ...one, temporaries: one.temporaries.map(temporaryJson) }));
    print(JSON.stringify({ temporary: temporaries.map(temporaryJson), unfinished: open, inEffect }));
    return EXIT.done;
  }
  const byDue = temporaries.toSorted(longestOverDueFirst);
  if (byDue.length > 0) print(palette.bold('Temporary changes still in effect'));
  for (const temporary of byDue) printTemporary(app, temporary, `  ${temporary.run}  `);
  if (byDue.length > 0) print('');
  for (const line of heldLines(held)) print(line);
  if (held.length > 0) print('');
  if (open.length === 0) print('No unfinished runs.');
  else for (const line of halfFinishedLines(open)) print(line);
  return EXIT.done;
}

function heldLines(held: readonly RunInEffect[]): string[] {
  if (held.length === 0) return ['No run has changes in effect.'];
  const rows = held.map((run) => [
    run.run,
    run.playbook + (run.isDrill ? ' (drill)' : ''),
    run.status,
    changesText(run),
  ]);
  return table(['IN EFFECT', 'PLAYBOOK', 'STATUS', 'NOT TAKEN BACK'], rows);
}
