// What somebody noted of a run's head outside the store. Whoever can write the store can recompute a whole chain, or cut it
// off; only a hash that lies elsewhere shows that.

export interface Anchor {
  /** Absent: of any event. */
  readonly seq?: number;
  readonly hash: string;
}

/** `HASH` or `SEQ:HASH`, as a run prints it at its pauses and end. @returns null where it is neither. */
export function parseAnchor(text: string): Anchor | null {
  const [, seq, hash] = /^(?:(\d{1,15})[:\s]+)?([0-9a-f]{64})$/i.exec(text.trim()) ?? [];
  if (hash === undefined) return null;
  return { hash: hash.toLowerCase(), ...(seq === undefined ? {} : { seq: Number(seq) }) };
}

/** The run and the head that an incident report ends with. @returns null where it says neither. */
export function anchorOfReport(markdown: string): (Required<Anchor> & { readonly run: string }) | null {
  // The last one: a report may quote another.
  const lines = [...markdown.matchAll(/^Run (\S+) of .*Journal: (\d+) events, head ([0-9a-f]{64})\.\s*$/gm)];
  const [, run, seq, hash] = lines.at(-1) ?? [];
  if (run === undefined || hash === undefined) return null;
  return { run, seq: Number(seq), hash };
}
