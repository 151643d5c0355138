// Settings of the instance: the blocklist, restrictions, attack protection.
import { type At, type Folds, noteRepeat } from './fold.ts';

/** PATCH /instance/restrictions: five booleans. */
export const RESTRICTIONS = [
  'allowlist',
  'blocklist',
  'allowlist_blocklist_disabled_on_sign_in',
  'block_email_subaddresses',
  'block_disposable_email_domains',
] as const;
export type Restriction = (typeof RESTRICTIONS)[number];
export const PROTECTIONS = ['rules_enabled', 'specter_enabled'] as const;
export type Protection = (typeof PROTECTIONS)[number];

export type InstanceMutation = At &
  (
    | { readonly type: 'blocklist.add'; readonly id: string; readonly identifier: string }
    | { readonly type: 'blocklist.remove'; readonly id: string }
    | { readonly type: 'restrictions.set'; readonly values: { readonly [name in Restriction]?: boolean } }
    | { readonly type: 'protect.set'; readonly values: { readonly [name in Protection]?: boolean } }
  );

export interface BlockedIdentifier {
  readonly id: string;
  readonly identifier: string;
  readonly at: number;
}

export interface InstanceState {
  /** By id, in the order in which they were added. */
  readonly blocklist: Map<string, BlockedIdentifier>;
  /** How many were ever added: the next one's id follows from it. */
  blocklistAdded: number;
  /** What is absent is off: the instance starts with everything off. */
  readonly restrictions: { [name in Restriction]?: boolean };
  readonly protect: { [name in Protection]?: boolean };
}

export function emptyInstance(): InstanceState {
  return { blocklist: new Map(), blocklistAdded: 0, restrictions: {}, protect: {} };
}

export const instanceFolds: Folds<InstanceMutation, InstanceState> = {
  'blocklist.add': (slice, { id, identifier, at }) => {
    slice.blocklist.set(id, { id, identifier, at });
    slice.blocklistAdded += 1;
  },
  'blocklist.remove': ({ blocklist }, mutation, context) => {
    if (!blocklist.delete(mutation.id)) noteRepeat(context, mutation, mutation.id);
  },
  'restrictions.set': ({ restrictions }, { values }) => {
    Object.assign(restrictions, values);
  },
  'protect.set': ({ protect }, { values }) => {
    Object.assign(protect, values);
  },
};
