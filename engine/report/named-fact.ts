// One line of a report's lists.

/** A step, and what is to be said of it. */
export interface NamedFact {
  readonly title: string;
  readonly what: string;
}

/** A list of a report is for reading: what is beyond it is in the journal. */
export const MOST_FACTS = 50;

export function bounded(facts: readonly NamedFact[]): readonly NamedFact[] {
  if (facts.length <= MOST_FACTS) return facts;
  const rest = facts.length - MOST_FACTS;
  return [...facts.slice(0, MOST_FACTS), { title: `${rest} more`, what: 'they are in the journal' }];
}
