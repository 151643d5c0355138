// What a check of a run's journal found, for people and for machines.
import { isWhole, type RunCheck } from '../../store/check-run.ts';
import type { Palette } from '../../ui/palette.ts';
import { oneLine } from '../../ui/text.ts';

/** @param name of the run, or of the file it lies in. */
export function checkLines(name: string, check: RunCheck, palette: Palette): string[] {
  const { chain, blobs } = check;
  const verdict = isWhole(check) ? palette.good(verdictOf(check)) : palette.bad(verdictOf(check));
  const lines = [`${name}: ${verdict} (${counted(chain.events, 'event')}, ${counted(blobs.whole, 'blob')})`];
  if (chain.brokenAt !== undefined)
    lines.push(`  event ${chain.brokenAt}: ${chain.reason ?? ''}`, `  ${lastGood(chain.events)}`);
  for (const { blob, seq, reason } of blobs.problems)
    lines.push(`  blob ${blob.slice(0, 12)}… ${seq === null ? 'of no event' : `of event ${seq}`}: ${reason}`);
  if (check.anchor?.holds === false)
    lines.push(
      `  ${check.anchor.seq === undefined ? 'no event' : `event ${check.anchor.seq}`} has the head that was noted, ${check.anchor.hash}: events are missing, or the whole chain was computed anew`,
    );
  for (const { seqs, by, at, reason } of erasuresOf(check.redactions))
    lines.push(`  values erased from ${eventsText(seqs)} by ${oneLine(by)} at ${at}: ${oneLine(reason)}`);
  lines.push(palette.dim(`  head ${chain.events}:${chain.head}`));
  return lines;
}

export function checkJson(name: string, check: RunCheck): object {
  const { chain, blobs, anchor, redactions } = check;
  return {
    run: name,
    ok: isWhole(check),
    verdict: verdictOf(check),
    events: chain.events,
    head: chain.head,
    ...(chain.brokenAt === undefined ? {} : { brokenAt: chain.brokenAt, reason: chain.reason }),
    anchor: anchor ?? null,
    redactions,
    blobs,
  };
}

function verdictOf(check: RunCheck): string {
  if (check.chain.brokenAt !== undefined) return 'broken';
  if (check.anchor?.holds === false) return 'not what was noted';
  if (check.blobs.problems.length > 0) return 'its files are not whole';
  if (check.anchor === undefined) return 'consistent, not anchored';
  return check.anchor.seq === check.chain.events || check.anchor.hash === check.chain.head
    ? 'consistent, and as it was noted'
    : 'consistent, and as it was noted up to there';
}

interface ToldErasure {
  readonly by: string;
  readonly at: string;
  readonly reason: string;
  readonly seqs: number[];
}

/** What one command erased is one line. */
function erasuresOf(redactions: RunCheck['redactions']): ToldErasure[] {
  const told: ToldErasure[] = [];
  for (const { seq, by, at, reason } of redactions) {
    const last = told.at(-1);
    if (last !== undefined && last.by === by && last.at === at && last.reason === reason) last.seqs.push(seq);
    else told.push({ by, at, reason, seqs: [seq] });
  }
  return told;
}

/** All of them: whoever checks a journal must be able to look at each. */
function eventsText(seqs: readonly number[]): string {
  return seqs.length === 1 ? `event ${seqs[0]}` : `${seqs.length} events (${seqs.join(', ')})`;
}

function lastGood(events: number): string {
  return events === 0 ? 'no event before it' : `the ${counted(events, 'event')} before it follow from one another`;
}

/** `1 event`, `2 events`. */
export function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
