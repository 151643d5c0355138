// Whether a journal is what was written: its chain, its files, and what somebody noted of its head.
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { RunbookError } from '../../errors.ts';
import { type Anchor, anchorOfReport, parseAnchor } from '../../store/anchor.ts';
import { checkRun, isWhole, type RunCheck, storedRun } from '../../store/check-run.ts';
import { openExport } from '../../store/export.ts';
import { exportSource } from '../../store/export-source.ts';
import type { App, CommonOptions } from '../app.ts';
import { EXIT } from '../exit-codes.ts';
import { checkJson, checkLines } from '../keeping/check-lines.ts';
import { existingJournal } from '../keeping/existing-store.ts';
import { readText } from '../read-text.ts';
import { findRun } from '../runs/find-run.ts';

interface VerifyOptions extends CommonOptions {
  readonly all?: boolean;
  /** `HASH` or `SEQ:HASH`. */
  readonly head?: string;
  /** A report's file. */
  readonly report?: string;
}

interface Checked {
  readonly name: string;
  readonly check: RunCheck;
}

/** @param given a run, the file of an export, or that of a report. */
export async function verify(app: App, given: string | undefined, options: VerifyOptions): Promise<number> {
  const checked = options.all === true ? await checkAll(app, given, options) : [await checkOne(app, given, options)];
  if (app.isJson) app.terminal.print(JSON.stringify(checked.map(({ name, check }) => checkJson(name, check))));
  else
    for (const { name, check } of checked)
      for (const line of checkLines(name, check, app.terminal.palette)) app.terminal.print(line);
  if (!app.isJson && checked.length === 0) app.terminal.print('There are no runs in this store.');
  return checked.every(({ check }) => isWhole(check)) ? EXIT.done : EXIT.failed;
}

async function checkAll(app: App, given: string | undefined, options: VerifyOptions): Promise<Checked[]> {
  if (given !== undefined || options.head !== undefined || options.report !== undefined)
    throw usage('--all checks every run of the store, and takes no run, --head or --report');
  const store = await existingJournal(app);
  const checked: Checked[] = [];
  for (const { id } of await store.runs())
    checked.push({ name: id, check: await checkRun(await storedRun(store, id)) });
  return checked;
}

async function checkOne(app: App, given: string | undefined, options: VerifyOptions): Promise<Checked> {
  const isReport = given !== undefined && /\.md$/i.test(given) && isFile(app, given);
  if (isReport && options.report !== undefined) throw usage('Name one report');
  const reported = reportAnchor(app, isReport ? given : options.report);
  if (options.head !== undefined && reported !== undefined) throw usage('--head and a report exclude one another');
  const anchor = reported ?? (options.head === undefined ? undefined : headAnchor(options.head));
  if (given !== undefined && !isReport && isFile(app, given)) {
    const exported = await openExport(resolve(app.cwd, given));
    refuseOther(reported?.run, exported.header.run);
    return { name: given, check: await checkRun(exportSource(exported), anchor) };
  }
  const store = await existingJournal(app);
  const wanted = isReport || given === undefined ? reported?.run : given;
  const { id } = await findRun(store, wanted);
  refuseOther(reported?.run, id);
  return { name: id, check: await checkRun(await storedRun(store, id), anchor) };
}

function isFile(app: App, given: string): boolean {
  const path = resolve(app.cwd, given);
  return existsSync(path) && statSync(path).isFile();
}

function headAnchor(text: string): Anchor {
  const anchor = parseAnchor(text);
  if (anchor) return anchor;
  throw usage('--head takes the head as a run prints it: 64 hexadecimal digits, perhaps with SEQ: before them');
}

function reportAnchor(app: App, file: string | undefined): ReturnType<typeof anchorOfReport> | undefined {
  if (file === undefined) return undefined;
  const anchor = anchorOfReport(readText(resolve(app.cwd, file), { code: 'E_USAGE', shown: file }));
  if (anchor) return anchor;
  throw usage(`${file} does not end with the line of an incident report that names its run and head`);
}

function refuseOther(reported: string | undefined, run: string): void {
  if (reported !== undefined && reported !== run) throw usage(`The report is of the run ${reported}, not of ${run}`);
}

function usage(message: string): RunbookError {
  return new RunbookError({ code: 'E_USAGE', message, hint: 'runbook verify --help shows how' });
}
