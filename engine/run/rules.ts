// What a run may not do whatever its playbook says: limits and protection, as the project and its environment set them.
import type { Json } from '../json.ts';

/** What no action may touch, neither by itself nor through what belongs to it. */
export interface ProtectRules {
  /** Of targets of whatever kind. */
  readonly ids: readonly string[];
  /** In small letters. */
  readonly emails: readonly string[];
  /** Of e-mail addresses; in small letters, without `@`. */
  readonly domains: readonly string[];
  /** `path`: into the target's attributes, with dots. A list there matches where it holds the value. */
  readonly metadata: readonly { readonly path: string; readonly equals: Json }[];
  /**
   * Kinds of target, besides `user`, that addresses and metadata are about: one of these whose attributes cannot be read
   * counts as protected. A kind that nothing reads and that is not named here is judged by ids and owners alone.
   */
  readonly kinds?: readonly string[];
  /** The accounts of those who operate runs. */
  readonly operator?: { readonly ids: readonly string[]; readonly emails: readonly string[] };
}

export interface RunRules {
  /** By kind of target: how many distinct ones a run may touch before somebody must approve more. */
  readonly limits: { readonly [kind: string]: number };
  readonly protect: ProtectRules;
}

/** The smaller number of either. */
export function stricterLimits(a: RunRules['limits'], b: RunRules['limits']): ReadonlyMap<string, number> {
  const limits = new Map(Object.entries(a));
  for (const [kind, limit] of Object.entries(b)) limits.set(kind, Math.min(limit, limits.get(kind) ?? limit));
  return limits;
}
