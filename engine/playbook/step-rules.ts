// What must agree within one step, beyond the shape of its keys.
import type { Action, Effect } from '../action.ts';
import type { JsonObject } from '../json.ts';
import type { Collector } from './collector.ts';
import type { Path, Source } from './source.ts';
import { didYouMean, listed } from './suggest.ts';
import type { Callee } from './units.ts';

export interface RuleOptions {
  readonly step: JsonObject;
  readonly path: Path;
  readonly source: Source;
  readonly collector: Collector;
}

/** Reports an action that does not exist. */
export function checkActionName(
  { step, path, source, collector }: RuleOptions,
  actions: ReadonlyMap<string, Action>,
): void {
  const { uses } = step;
  if (typeof uses !== 'string' || actions.has(uses)) return;
  const family = uses.split('.')[0];
  const kin = [...actions.keys()].filter((name) => name.startsWith(`${family}.`));
  const known = kin.length > 0 ? `actions of this family: ${listed(kin)}` : '`runbook actions` lists them';
  collector.error(
    source.locate([...path, 'uses']),
    'E_PLAYBOOK_UNKNOWN_ACTION',
    `There is no action \`${uses}\``,
    didYouMean(uses, actions.keys(), known),
  );
}

export function checkPolling({ step, path, source, collector }: RuleOptions): void {
  if ('until' in step) {
    const missing = ['every', 'timeout'].filter((key) => !(key in step));
    if (missing.length > 0) {
      const text = missing.map((key) => `\`${key}\``).join(' and ');
      collector.error(
        source.locateKey([...path, 'until']),
        'E_PLAYBOOK_UNTIL',
        `\`until\` needs ${text}`,
        'say how often to look and when to give up: `every: 15s`, `timeout: 5m`',
      );
    }
  } else if ('every' in step) {
    collector.error(source.locateKey([...path, 'every']), 'E_PLAYBOOK_UNTIL', '`every` stands only beside `until`');
  }
}

/** What the step does to the outside; reports where step and action disagree about who says it. */
export function effectOf(options: RuleOptions, action: Action | undefined): Effect | undefined {
  const { step, path, source, collector } = options;
  const own =
    step.effect === 'read' || step.effect === 'change' || step.effect === 'destructive' ? step.effect : undefined;
  if (action === undefined) return own;
  if (action.effect !== 'playbook') {
    for (const key of ['effect', 'target']) {
      if (key in step)
        collector.error(
          source.locateKey([...path, key]),
          'E_PLAYBOOK_EFFECT',
          `\`${key}\` is known of \`${action.name}\` and cannot be set`,
          'remove it',
        );
    }
    return action.effect;
  }
  const at = source.locate([...path, 'uses']);
  if (!('effect' in step)) {
    collector.error(
      at,
      'E_PLAYBOOK_EFFECT',
      `\`${action.name}\` needs \`effect\`: what does this step do to the outside?`,
      'one of `read`, `change`, `destructive`',
    );
  } else if (own !== undefined && own !== 'read' && !('target' in step)) {
    collector.error(
      at,
      'E_PLAYBOOK_EFFECT',
      `A step that changes something needs \`target\`: what does it change?`,
      'such as `target: { kind: service, id: web-1 }`',
    );
  }
  return own;
}

export function checkApproval(options: RuleOptions, effect: Effect | undefined): void {
  const { step, path, source, collector } = options;
  if (effect === 'destructive' && !('approval' in step)) {
    const hint =
      '`approval: {}` asks the operator, `{ by: 1, role: … }` others; `{ none: REASON }` says on purpose that nobody is asked';
    collector.warn(
      source.locate([...path, 'uses']),
      'W_PLAYBOOK_NO_APPROVAL',
      `\`${String(step.uses)}\` is destructive and waits for no approval`,
      hint,
    );
  }
  if (effect === 'read' && 'approval' in step) {
    collector.warn(
      source.locateKey([...path, 'approval']),
      'W_PLAYBOOK_NEEDLESS_APPROVAL',
      `\`${String(step.uses)}\` only reads: an approval only delays it`,
      'remove it',
    );
  }
}

/** Warns of secrets an action needs that the playbook does not name: they would be missed only when it runs. */
export function checkSecretsNamed(
  { path, source, collector }: RuleOptions,
  action: Action | undefined,
  named: readonly string[],
): void {
  const missing = (action?.secrets ?? []).filter((name) => !named.includes(name));
  if (action === undefined || missing.length === 0) return;
  const hint = `add it: requires: { secrets: [${missing.join(', ')}] }; or under optionalSecrets, where not every run uses it`;
  collector.warn(
    source.locate([...path, 'uses']),
    'W_PLAYBOOK_SECRET_NOT_NAMED',
    `\`${action.name}\` reads ${listed(missing)}, which \`requires.secrets\` does not name`,
    hint,
  );
}

/** `as` and `concurrency` say how a `forEach` is done. */
export function checkLoopKeys({ step, path, source, collector }: RuleOptions): void {
  if ('forEach' in step) return;
  for (const key of ['as', 'concurrency']) {
    if (key in step)
      collector.error(
        source.locateKey([...path, key]),
        'E_PLAYBOOK_FOR_EACH',
        `\`${key}\` stands only beside \`forEach\``,
        'say over which list: `forEach: inputs.users`',
      );
  }
}

/** A `finally` runs when the outcome is fixed: nothing in it can change that, or outlast the run. */
export function checkFinally({ step, path, source, collector }: RuleOptions, callee: Callee | undefined): void {
  const report = (key: string, message: string, hint: string): void =>
    collector.error(source.locate([...path, key]), 'E_PLAYBOOK_FINALLY', message, hint);
  if (step.onFailure === 'abort')
    report('onFailure', 'In `finally` there is nothing left to abort', 'use `pause` or `continue`');
  if ('temporary' in step)
    report('temporary', 'In `finally` no change can be temporary: those are undone before', 'move the step up');
  const unfit = callee?.unfitForFinally;
  if (callee !== undefined && unfit !== undefined)
    report('playbook', `\`${callee.name}\` cannot be called in \`finally\`: ${unfit}`, 'call it in `steps`');
}

/** Only a change that something can take back can be for a time. */
export function checkTemporary(
  { step, path, source, collector }: RuleOptions,
  effect: Effect | undefined,
  action: Action | undefined,
): void {
  if (!('temporary' in step) || action === undefined || effect === undefined) return;
  const at = source.locateKey([...path, 'temporary']);
  if (effect === 'read') {
    collector.error(
      at,
      'E_PLAYBOOK_TEMPORARY',
      `\`${action.name}\` only reads: nothing in it is temporary`,
      'remove it',
    );
  } else if (!('undo' in step) && action.isUndoable !== true) {
    collector.error(
      at,
      'E_PLAYBOOK_TEMPORARY',
      `\`temporary\` without an undo: \`${action.name}\` records none`,
      'say how it is taken back: `undo: { uses: …, with: … }`',
    );
  }
}
