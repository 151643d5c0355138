import { runStatus } from '../../run/state.ts';
import { changePhrases } from '../../ui/change-words.ts';
import { oneLine } from '../../ui/text.ts';
import { treeLines } from '../../ui/tree.ts';
import type { App, CommonOptions } from '../app.ts';
import { EXIT } from '../exit-codes.ts';
import { liveHolder } from '../held-by.ts';
import { openRun } from '../open-run.ts';
import { headLines } from '../run-end.ts';
import { detailLines, detailsJson, waitingDetails } from '../waiting-details.ts';

export async function status(app: App, run: string | undefined, _options: CommonOptions): Promise<number> {
  const opened = await openRun(app, run);
  const { journal, runId, state, created, plan } = opened;
  const { terminal } = app;
  const waiting = await waitingDetails(app, opened);
  const holder = await liveHolder(journal, runId, app.clock.now());
  if (app.isJson) {
    const steps = [...state.steps.values()].filter((step) => step.path !== '');
    terminal.print(
      JSON.stringify({
        run: runId,
        playbook: created.playbook.name,
        title: created.title ?? created.playbook.title,
        status: runStatus(state),
        severity: state.severity,
        operator: created.operator,
        isDrill: created.drill !== undefined,
        startedAt: state.createdAt,
        endedAt: state.endedAt,
        holder: holder && { operator: holder.operator, host: holder.host, pid: holder.pid },
        waitsFor: waiting.map(detailsJson),
        steps: steps.map((step) => ({
          path: step.path,
          title: step.title,
          phase: step.phase,
          ...(step.durationMs === undefined ? {} : { durationMs: step.durationMs }),
          ...(step.error === undefined ? {} : { error: step.error }),
          ...(step.skip === undefined ? {} : { skipped: step.skip.text }),
          changes: changePhrases(state.changes.get(step.path)?.values() ?? []),
        })),
        head: { seq: state.seq, hash: state.head },
      }),
    );
    return EXIT.done;
  }
  const frame = {
    runId,
    columns: terminal.columns(),
    rows: Number.POSITIVE_INFINITY,
    palette: terminal.palette,
    now: app.clock.now(),
    tick: null,
    isHeld: holder !== null,
  };
  for (const line of treeLines(plan, state, frame)) terminal.print(line);
  terminal.print('');
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
  else if (state.endedAt === null) terminal.print(`Nobody works on it now. Go on with: runbook resume ${runId}`);
  for (const line of headLines(runId, state)) terminal.print(terminal.palette.dim(line));
  return EXIT.done;
}
