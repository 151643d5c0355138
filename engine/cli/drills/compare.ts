// Past drills of this store side by side: whether practice helps.
import type { Json, JsonObject } from '../../json.ts';
import { isJsonObject } from '../../json.ts';
import { foldRun } from '../../run/session.ts';
import type { RunState } from '../../run/state.ts';
import { clean } from '../../ui/text.ts';
import type { App } from '../app.ts';
import { EXIT } from '../exit-codes.ts';
import { existingJournal, hasNoRunsYet } from '../keeping/existing-store.ts';
import { table } from '../table.ts';

/** The newest so many runs are looked through. */
const LOOKED_AT = 1000;

interface PastDrill {
  readonly run: string;
  readonly startedAt: string;
  readonly playbook: string;
  readonly scenario: string;
  readonly seed: number;
  readonly operator: string;
  readonly isUnattended: boolean;
  readonly speed: number;
  /** null: it has not ended. */
  readonly points: number | null;
  readonly passed: boolean;
  /** null: it has not ended. */
  readonly outcome: RunState['outcome'];
  readonly containMs: number | null;
  readonly restoreMs: number | null;
  /** Compromised users who were not contained. */
  readonly missed: number;
  /** What else of the attack was left: keys, addresses, wrong rows. */
  readonly left: number;
  readonly collateral: number;
  readonly skipped: number;
}

export async function compareDrills(app: App, playbook: string | undefined): Promise<number> {
  const { print } = app.terminal;
  const drills = hasNoRunsYet(app) ? [] : await pastDrills(app, playbook);
  if (app.isJson) {
    print(JSON.stringify(drills));
    return EXIT.done;
  }
  if (drills.length === 0) {
    print(`No drills${playbook === undefined ? '' : ` of ${playbook}`} yet. runbook drill shows which there are.`);
    return EXIT.done;
  }
  const cells = drills.map((drill) => [
    drill.startedAt.replace('T', ' ').slice(0, 16),
    clean(drill.scenario),
    String(drill.seed),
    clean(drill.operator) + (drill.isUnattended ? ' (unattended)' : ''),
    pointsText(drill),
    seconds(drill.containMs),
    seconds(drill.restoreMs),
    ...(drill.points === null
      ? ['', '', '', '']
      : [drill.missed, drill.left, drill.collateral, drill.skipped].map(String)),
  ]);
  const head = [
    'STARTED (UTC)',
    'DRILL',
    'SEED',
    'BY',
    'POINTS',
    'CONTAINED',
    'RESTORED',
    'MISSED',
    'LEFT',
    'TOUCHED',
    'SKIPPED',
  ];
  for (const line of table(head, cells)) print(line);
  return EXIT.done;
}

/** Newest first. */
async function pastDrills(app: App, playbook: string | undefined): Promise<readonly PastDrill[]> {
  const journal = await existingJournal(app);
  const rows = await journal.runs({ limit: LOOKED_AT, ...(playbook === undefined ? {} : { playbook }) });
  const found: PastDrill[] = [];
  for (const row of rows) {
    if (!row.isDrill) continue;
    const state = await foldRun({ journal, runId: row.id, clock: app.clock });
    const past = pastDrill(row.id, row.playbook, state);
    if (past !== null) found.push(past);
  }
  return found;
}

function pastDrill(run: string, playbook: string, state: RunState): PastDrill | null {
  const { created, score, outcome } = state;
  if (!created?.drill) return null;
  const { scenario, seed, isUnattended, speed = 1 } = created.drill;
  return {
    run,
    startedAt: state.createdAt,
    playbook,
    scenario,
    seed,
    operator: created.operator,
    isUnattended,
    speed,
    points: number(score?.points),
    // Scores of before an abort counted may say that one passed.
    passed: score?.passed === true && outcome === 'done',
    outcome,
    containMs: number(score?.timeToContainMs),
    restoreMs: number(score?.timeToRestoreMs),
    missed: length(score?.missed),
    // Scores of before an attacker's keys and addresses counted have no such list.
    left: leftOf(score?.left),
    collateral: length(score?.collateral),
    skipped: length(score?.skipped),
  };
}

function pointsText({ points, passed, outcome }: PastDrill): string {
  if (points === null) return 'open';
  return passed ? String(points) : `${points} ${outcome === 'aborted' ? 'aborted' : 'failed'}`;
}

function number(value: Json | undefined): number | null {
  return typeof value === 'number' ? value : null;
}

function length(value: Json | undefined): number {
  return Array.isArray(value) ? value.length : 0;
}

function leftOf(value: Json | undefined): number {
  return isJsonObject(value)
    ? Object.values(value satisfies JsonObject).reduce<number>((sum, one) => sum + length(one), 0)
    : 0;
}

function seconds(ms: number | null): string {
  return ms === null ? '' : `${Math.round(ms / 1000)} s`;
}
