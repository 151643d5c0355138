// The hash chain that makes tampering visible, as pure functions. Written so that another program can verify a run
// from its rows alone:
//
//   digest = hex(SHA-256( salt bytes ‖ UTF-8 of `data` ))
//            `salt`: 16 random bytes, stored as 32 hex digits. `data`: the stored text itself, byte for byte; it need
//            not be parsed or sorted.
//   hash   = hex(SHA-256( UTF-8 of JSON.stringify([FORMAT, prev, run, seq, at, actor, type, v, step, digest]) ))
//            no spaces; `seq` and `v` are numbers; `step` is null where the event has none; `prev` is the hash of the
//            event before, 64 zeros for the first. FORMAT is 'runbook-event-1'.
//
// The hash covers the digest and not the data, so a leaked value can be erased later (with its salt, against guessing)
// and the chain still holds.
import { createHash } from 'node:crypto';

export const CHAIN_FORMAT = 'runbook-event-1';
/** What stands before the first event of every run. */
export const GENESIS_HASH = '0'.repeat(64);
export const SALT_BYTES = 16;

/** What of an event the hash covers besides its data. */
export interface EventHead {
  readonly runId: string;
  readonly seq: number;
  readonly at: string;
  readonly actor: string;
  readonly type: string;
  readonly v: number;
  readonly step: string | null;
}

/** @param saltHex 32 hex digits. @returns 64 hex digits. */
export function digestData(saltHex: string, data: string): string {
  return createHash('sha256').update(saltHex, 'hex').update(data, 'utf8').digest('hex');
}

/** @returns 64 hex digits. */
export function hashEvent(previousHash: string, head: EventHead, digest: string): string {
  const { runId, seq, at, actor, type, v, step } = head;
  const text = JSON.stringify([CHAIN_FORMAT, previousHash, runId, seq, at, actor, type, v, step, digest]);
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/** An event's row, as far as the chain is concerned. */
export interface ChainLink extends EventHead {
  readonly data: string;
  readonly salt: string;
  readonly digest: string;
  readonly hash: string;
}

/** Why an event does not follow from the one before, in words, or undefined where it does. */
export function brokenLink(
  previous: { readonly seq: number; readonly hash: string },
  link: ChainLink,
): string | undefined {
  if (link.seq !== previous.seq + 1) return `event ${previous.seq + 1} is missing`;
  if (digestData(link.salt, link.data) !== link.digest) return 'its data is not what was digested';
  if (hashEvent(previous.hash, link, link.digest) !== link.hash)
    return 'its hash does not follow from the event before';
  return undefined;
}
