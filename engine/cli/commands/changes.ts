import { RunbookError } from '../../errors.ts';
import type { Change } from '../../run/state.ts';
import { leftOpen, openOutcomeLines } from '../../ui/open-outcomes.ts';
import type { App, CommonOptions } from '../app.ts';
import { EXIT } from '../exit-codes.ts';
import { CHANGE_COLUMNS, changeCells, changeJson, csvLine } from '../runs/change-cells.ts';
import { openRun } from '../runs/open-run.ts';
import { rowFormat } from '../table.ts';

/** Lines a write: one of each line would be slow, one of all would be large. */
const LINES_AT_ONCE = 500;

/** The ledger of a run, a line a change, in the order of the steps. JSON is one object a line. */
export async function changes(
  app: App,
  run: string | undefined,
  options: CommonOptions & { readonly csv?: boolean },
): Promise<number> {
  if (options.csv === true && app.isJson)
    throw new RunbookError({ code: 'E_USAGE', message: '--csv and --json exclude one another', hint: 'Leave one out' });
  const { state, runId } = await openRun(app, run);
  const all = function* (): Generator<Change> {
    for (const ledger of state.changes.values()) yield* ledger.values();
  };
  if (app.isJson)
    printInBulk(
      app,
      lines(all(), (change) => JSON.stringify(changeJson(change))),
    );
  else if (options.csv === true) {
    app.terminal.print(csvLine(CHANGE_COLUMNS.map((name) => name.toLowerCase())));
    printInBulk(
      app,
      lines(all(), (change) => csvLine(changeCells(change))),
    );
  } else if (state.changes.size === 0) app.terminal.print('The run has changed nothing.');
  else {
    const format = rowFormat(CHANGE_COLUMNS, lines(all(), changeCells));
    app.terminal.print(format(CHANGE_COLUMNS));
    printInBulk(
      app,
      lines(all(), (change) => format(changeCells(change))),
    );
    for (const line of openOutcomeLines(runId, leftOpen(state))) app.terminal.print(line);
  }
  return EXIT.done;
}

function* lines<T>(all: Iterable<Change>, line: (change: Change) => T): Generator<T> {
  for (const change of all) yield line(change);
}

function printInBulk(app: App, all: Iterable<string>): void {
  let bulk: string[] = [];
  for (const line of all) {
    bulk.push(line);
    if (bulk.length < LINES_AT_ONCE) continue;
    app.terminal.print(bulk.join('\n'));
    bulk = [];
  }
  if (bulk.length > 0) app.terminal.print(bulk.join('\n'));
}
