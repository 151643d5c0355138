// The score of a drill: what the world says happened, what the run says of itself, and points for both. Pure.
import type { UserFacts, WorldFacts } from './inspect.ts';
import type { Success } from './scenario.ts';

/** What a run says of itself. Times are milliseconds since 1970. */
export interface RunFacts {
  readonly startedAt: number;
  /** When the run called the attack contained. */
  readonly containedAt?: number;
  readonly endedAt: number;
  /** Paths of steps that were skipped. */
  readonly stepsSkipped: readonly string[];
  /** Paths of steps that ended failed. */
  readonly failedSteps: readonly string[];
}

export interface Missed {
  readonly user: string;
  readonly liveSessions: number;
  readonly banned: boolean;
}
export interface Collateral {
  readonly user: string;
  readonly isDecoy: boolean;
  /** `banned`, `sessions-ended (3)` ... in the order in which it happened. */
  readonly effects: readonly string[];
}
export interface InEffect {
  readonly user: string;
  readonly what: 'ban' | 'lock' | 'password-compromised';
}
export interface Deduction {
  readonly points: number;
  readonly reason: string;
  /** What shows it: user ids, step paths, times. */
  readonly evidence: readonly string[];
}

export interface Score {
  readonly points: number;
  readonly passMark: number;
  readonly passed: boolean;
  readonly compromised: number;
  /** When the last live session of a compromised user ended; null while one is live, or where none ever was. */
  readonly containedAt: number | null;
  readonly timeToContainMs: number | null;
  readonly missed: readonly Missed[];
  readonly collateral: readonly Collateral[];
  /** Changes of this drill that still hold. */
  readonly stillInEffect: readonly InEffect[];
  readonly deductions: readonly Deduction[];
}

/** The most that one kind of failure can cost, and what one instance of it costs at least. */
const COSTS = {
  liveSessions: { most: 50, each: 5 },
  notBanned: { most: 25, each: 3 },
  collateral: { most: 40, each: 10 },
  skippedStep: { most: 15, each: 3 },
  failedStep: { most: 20, each: 5 },
  slow: 15,
  wrongClaim: 5,
} as const;

export function scoreDrill(world: WorldFacts, run: RunFacts, success: Success): Score {
  const compromised = world.concerned.filter((user) => user.role === 'compromised');
  const missed = compromised
    .filter((user) => user.liveSessions > 0 || !user.banned)
    .map(({ id, liveSessions, banned }) => ({ user: id, liveSessions, banned }));
  const collateral = world.concerned
    .filter((user) => user.role !== 'compromised' && user.effects.length > 0)
    .map((user) => ({ user: user.id, isDecoy: user.role === 'decoy', effects: effectTexts(user) }));
  const containedAt = containmentTime(compromised);
  const timeToContainMs = containedAt === null ? null : Math.max(0, containedAt - world.startedAt);
  const deductions = [
    ...missedDeductions(missed, compromised.length),
    ...collateralDeductions(collateral),
    ...timeDeductions(timeToContainMs, success),
    ...claimDeductions(run, containedAt, missed),
    ...stepDeductions(run),
  ];
  const points = Math.max(0, 100 - deductions.reduce((sum, deduction) => sum + deduction.points, 0));
  return {
    points,
    passMark: success.passMark,
    passed:
      points >= success.passMark && missed.length <= success.maxMissed && collateral.length <= success.maxCollateral,
    compromised: compromised.length,
    containedAt,
    timeToContainMs,
    missed,
    collateral,
    stillInEffect: world.concerned.flatMap(inEffect),
    deductions,
  };
}

/** Users without a live session at the start have nothing to contain. */
function containmentTime(compromised: readonly UserFacts[]): number | null {
  if (compromised.some((user) => user.liveSessions > 0)) return null;
  const ends = compromised.map((user) => user.lastSessionEndedAt).filter((end) => end !== null);
  return ends.length === 0 ? null : Math.max(...ends);
}

function effectTexts(user: UserFacts): readonly string[] {
  return user.effects.map(({ kind, sessions }) => (sessions === undefined ? kind : `${kind} (${sessions})`));
}

function inEffect(user: UserFacts): readonly InEffect[] {
  const held: InEffect[] = [];
  if (user.banned && !user.bannedAtStart) held.push({ user: user.id, what: 'ban' });
  if (user.locked) held.push({ user: user.id, what: 'lock' });
  if (user.passwordCompromised) held.push({ user: user.id, what: 'password-compromised' });
  return held;
}

/** A share of the most, rounded up, and never less than one instance costs. */
function share(cost: { readonly most: number; readonly each: number }, count: number, total: number): number {
  return Math.min(cost.most, Math.max(cost.each, Math.ceil((cost.most * count) / Math.max(1, total))));
}

function missedDeductions(missed: readonly Missed[], total: number): readonly Deduction[] {
  const live = missed.filter((user) => user.liveSessions > 0);
  const notBanned = missed.filter((user) => !user.banned);
  const deductions: Deduction[] = [];
  if (live.length > 0) {
    deductions.push({
      points: share(COSTS.liveSessions, live.length, total),
      reason: `${live.length} of ${total} compromised users still have live sessions`,
      evidence: live.map(({ user, liveSessions }) => `${user}: ${liveSessions} live`),
    });
  }
  if (notBanned.length > 0) {
    deductions.push({
      points: share(COSTS.notBanned, notBanned.length, total),
      reason: `${notBanned.length} of ${total} compromised users can still sign in`,
      evidence: notBanned.map(({ user }) => `${user}: not banned`),
    });
  }
  return deductions;
}

function collateralDeductions(collateral: readonly Collateral[]): readonly Deduction[] {
  if (collateral.length === 0) return [];
  const { most, each } = COSTS.collateral;
  return [
    {
      points: Math.min(most, each * collateral.length),
      reason: `${collateral.length} innocent ${collateral.length === 1 ? 'user was' : 'users were'} touched`,
      evidence: collateral.map(
        ({ user, isDecoy, effects }) => `${user}${isDecoy ? ' (travelling)' : ''}: ${effects.join(', ')}`,
      ),
    },
  ];
}

function timeDeductions(timeToContainMs: number | null, success: Success): readonly Deduction[] {
  if (timeToContainMs === null || timeToContainMs <= success.containWithinSeconds * 1000) return [];
  return [
    {
      points: COSTS.slow,
      reason: `Contained after ${durationText(timeToContainMs)}, later than ${durationText(success.containWithinSeconds * 1000)}`,
      evidence: [`the last compromised session ended ${durationText(timeToContainMs)} after the start`],
    },
  ];
}

function claimDeductions(run: RunFacts, containedAt: number | null, missed: readonly Missed[]): readonly Deduction[] {
  if (run.containedAt === undefined) return [];
  const stillLive = missed.some((user) => user.liveSessions > 0);
  if (!stillLive && (containedAt === null || run.containedAt >= containedAt)) return [];
  const truth = containedAt === null ? 'a session is still live' : `the last session ended at ${timeText(containedAt)}`;
  return [
    {
      points: COSTS.wrongClaim,
      reason: 'Called contained before it was',
      evidence: [`said at ${timeText(run.containedAt)}; ${truth}`],
    },
  ];
}

function stepDeductions(run: RunFacts): readonly Deduction[] {
  const deduct = (
    paths: readonly string[],
    cost: { readonly most: number; readonly each: number },
    what: string,
  ): readonly Deduction[] =>
    paths.length === 0
      ? []
      : [
          {
            points: Math.min(cost.most, cost.each * paths.length),
            reason: `${paths.length} ${paths.length === 1 ? 'step' : 'steps'} ${what}`,
            evidence: paths,
          },
        ];
  return [
    ...deduct(run.stepsSkipped, COSTS.skippedStep, 'skipped'),
    ...deduct(run.failedSteps, COSTS.failedStep, 'failed'),
  ];
}

function timeText(time: number): string {
  return new Date(time).toISOString();
}

function durationText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  return minutes === 0 ? `${seconds} s` : `${minutes} min ${seconds % 60} s`;
}

const MAX_EVIDENCE_LINES = 10;

/** The score as lines for people. */
export function renderScore(score: Score): string {
  const contained =
    score.timeToContainMs !== null
      ? `after ${durationText(score.timeToContainMs)}`
      : score.missed.some((user) => user.liveSessions > 0)
        ? 'never'
        : 'nothing was live';
  const lines = [
    `Score: ${score.points} of 100, ${score.passed ? 'passed' : 'not passed'} (pass mark ${score.passMark})`,
    `  Contained:       ${contained}`,
    `  Missed:          ${score.missed.length} of ${score.compromised} compromised users`,
    `  Collateral:      ${score.collateral.length} innocent users touched`,
    `  Still in effect: ${inEffectText(score.stillInEffect)}`,
  ];
  for (const { points, reason, evidence } of score.deductions) {
    lines.push(`  -${points}  ${reason}`);
    for (const item of evidence.slice(0, MAX_EVIDENCE_LINES)) lines.push(`        ${item}`);
    if (evidence.length > MAX_EVIDENCE_LINES) lines.push(`        and ${evidence.length - MAX_EVIDENCE_LINES} more`);
  }
  return lines.join('\n');
}

function inEffectText(held: readonly InEffect[]): string {
  if (held.length === 0) return 'nothing';
  const count = (what: InEffect['what'], one: string, many: string): readonly string[] => {
    const number = held.filter((item) => item.what === what).length;
    return number === 0 ? [] : [`${number} ${number === 1 ? one : many}`];
  };
  return [
    ...count('ban', 'ban', 'bans'),
    ...count('lock', 'lock', 'locks'),
    ...count('password-compromised', 'password to be reset', 'passwords to be reset'),
  ].join(', ');
}
