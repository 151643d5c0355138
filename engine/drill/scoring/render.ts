// A score as lines for people.
import { durationText } from './costs.ts';
import type { InEffect, Score } from './facts.ts';

const MAX_EVIDENCE_LINES = 10;

export function renderScore(score: Score): string {
  const contained =
    score.timeToContainMs !== null
      ? `after ${durationText(score.timeToContainMs)}`
      : score.missed.some((user) => user.liveSessions > 0)
        ? 'never'
        : 'nothing was live';
  const lines = [
    `Score: ${score.points} of 100, ${resultText(score)} (pass mark ${score.passMark})`,
    `  Contained:       ${contained}`,
    ...(score.timeToRestoreMs === null ? [] : [`  Restored:        after ${durationText(score.timeToRestoreMs)}`]),
    `  Missed:          ${score.missed.length} of ${score.compromised} compromised users`,
    `  Collateral:      ${score.collateral.length} users touched without need`,
    `  Still in effect: ${inEffectText(score.stillInEffect)}`,
  ];
  for (const { points, reason, evidence, read } of score.deductions) {
    lines.push(`  -${points}  ${reason}`);
    for (const item of evidence.slice(0, MAX_EVIDENCE_LINES)) lines.push(`        ${item}`);
    if (evidence.length > MAX_EVIDENCE_LINES) lines.push(`        and ${evidence.length - MAX_EVIDENCE_LINES} more`);
    lines.push(`        Read ${read}`);
  }
  return lines.join('\n');
}

function resultText({ passed, outcome }: Score): string {
  if (outcome === 'aborted') return 'not passed: the run was aborted';
  return passed ? 'passed' : 'not passed';
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
