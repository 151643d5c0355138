// `runbook` alone: what is half-finished, what must not stay as it is, and what to type next.
import type { App, CommonOptions } from '../app.ts';
import { EXIT } from '../exit-codes.ts';
import { existingJournal, hasNoRunsYet } from '../keeping/existing-store.ts';
import { type HalfFinished, halfFinished, halfFinishedLines } from '../runs/half-finished.ts';
import { runsInEffect, type Temporary, temporaryJson, temporaryText } from '../runs/still-in-effect.ts';
import { isUnfinished } from '../runs/unfinished.ts';

const START = `runbook drill            rehearse a breach on this machine
runbook list             the playbooks there are
runbook run PLAYBOOK     start one
runbook --help           every command`;

export async function overview(app: App, _options: CommonOptions): Promise<number> {
  const isFirst = hasNoRunsYet(app);
  const { open, temporaries } = isFirst ? { open: [], temporaries: [] } : await look(app);
  const { print, palette } = app.terminal;
  if (app.isJson) {
    print(JSON.stringify({ unfinished: open, temporary: temporaries.map(temporaryJson) }));
    return EXIT.done;
  }
  if (open.length === 0) {
    print(`${isFirst ? 'No runs yet.' : 'No unfinished runs.'}\n\n${START}`);
    return EXIT.done;
  }
  for (const temporary of temporaries)
    print(palette.attention(`Temporary, still in effect: ${temporary.run}  ${temporaryText(temporary)}`));
  for (const line of halfFinishedLines(open)) print(line);
  return EXIT.done;
}

async function look(app: App): Promise<{ open: readonly HalfFinished[]; temporaries: readonly Temporary[] }> {
  const journal = await existingJournal(app);
  const rows = (await journal.runs()).filter(isUnfinished);
  const held = await runsInEffect(app, journal, rows);
  return { open: await halfFinished(app, journal, rows), temporaries: held.flatMap((run) => run.temporaries) };
}
