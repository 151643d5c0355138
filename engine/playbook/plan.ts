// The Plan: a playbook after parsing, schema and type checks, as plain immutable data. The pure core (run/) and the
// shell read it; nothing in it touches the outside.

import type { SourceLocation } from '../errors.ts';
import type { Json, JsonObject, Schema } from '../json.ts';

/** Everything an expression may read. Absent values are absent keys. */
export interface Scope {
  readonly inputs: JsonObject;
  readonly vars: JsonObject;
  /** By step id: `status` always; `output` only when done; `error` only when failed. */
  readonly steps: { readonly [id: string]: StepView };
  readonly run: JsonObject;
  readonly env: { readonly [name: string]: string };
  readonly secrets?: { readonly [name: string]: string };
  readonly contacts: JsonObject;
  /** Inside `forEach`: `item`, and the names that `as` gives. */
  readonly locals?: { readonly [name: string]: Json };
  /** In `until` and `assert`: the output of the step itself. */
  readonly output?: Json;
}
export interface StepView {
  readonly status: 'done' | 'skipped' | 'failed';
  readonly output?: Json;
  readonly error?: JsonObject;
}

/** One CEL expression, checked at compile time. */
export interface Expression {
  readonly source: string;
  readonly location: SourceLocation;
  /** Ids of the steps it reads, so that the shell loads just those outputs. */
  readonly readsSteps: readonly string[];
  /** Every name it reads as it is spelt: `inputs.users`, `steps.review.output.users`, `item`. Absent: not known. */
  readonly reads?: readonly string[];
  readonly readsSecrets: readonly string[];
  /** @throws RunbookError E_EXPRESSION with the location, where a dyn value does not fit. */
  evaluate(scope: Scope): Json;
}

/**
 * Asked for each expression of a template before it is evaluated: what it gives stands in the place of the expression's
 * value. `path`: where in the template's value.
 */
export type Instead = (
  expression: Pick<Expression, 'source' | 'reads' | 'readsSteps'>,
  path: readonly (string | number)[],
) => string | undefined;

/** A value with `${{ }}` in it: the shape of the YAML value, resolved against a scope. */
export interface Template {
  readonly location: SourceLocation;
  /** True where it holds no expression at all. */
  readonly isConstant: boolean;
  readonly readsSteps: readonly string[];
  /** As of its expressions. */
  readonly reads?: readonly string[];
  readonly readsSecrets: readonly string[];
  /** A value that is one whole expression keeps its type; inside text it becomes text. */
  resolve(scope: Scope, instead?: Instead): Json;
}

export interface RetryPolicy {
  /** How many times in all, the first included. */
  readonly attempts: number;
  readonly delayMs: number;
  readonly backoff: 'constant' | 'linear' | 'exponential';
  readonly maxDelayMs: number;
}
export interface ApprovalPolicy {
  /** People needed besides the operator; 0 = the operator's own confirmation. */
  readonly by: number;
  readonly role?: string;
  readonly reason?: string;
}
export type OnFailure = 'pause' | 'continue' | 'abort';

interface NodeBase {
  readonly id: string;
  /**
   * From the root: `contain/revoke`; what is inside `forEach` stands under `each[]`, a called playbook's steps under the
   * call. A run's instance has its number there (`each[3]/revoke`): `nodeAt` (run/paths.ts) gives a node with that path.
   */
  readonly path: string;
  /** Path of the playbook call around it, whose ids, inputs and vars its expressions mean; '' for the run's own playbook. */
  readonly unit: string;
  /** Position among its siblings. */
  readonly index: number;
  readonly title: string;
  readonly tags: readonly string[];
  readonly location: SourceLocation;
  readonly when?: Expression;
  readonly onFailure: OnFailure;
  /** True where some later expression reads its output: only then does the state keep it in memory. */
  readonly isOutputRead: boolean;
  /** True where a later expression reads its output without a guard: whoever skips it must give it. */
  readonly isOutputNeeded: boolean;
  /** What its output must fit; absent where it has none (groups). */
  readonly output?: Schema;
}
export interface ActionStep extends NodeBase {
  readonly kind: 'uses';
  readonly uses: string;
  readonly with: Template;
  readonly retry?: RetryPolicy;
  readonly timeoutMs?: number;
  /** Absent: no approval asked. `waived` holds the reason of `approval: { none: REASON }`. */
  readonly approval?: ApprovalPolicy;
  readonly approvalWaived?: string;
  readonly until?: Expression;
  readonly everyMs?: number;
  readonly assert: readonly Expression[];
  /** Only where the action leaves its target to the playbook (shell.run). */
  readonly effect?: 'read' | 'change' | 'destructive';
  readonly target?: Template;
  /** The action that takes this step's changes back, instead of what the action itself records. */
  readonly undo?: { readonly uses: string; readonly with: Template };
  /** Its changes must be taken back before the run ends, and are announced as due after this long. */
  readonly temporaryMs?: number;
}
export interface ManualField {
  readonly name: string;
  readonly schema: Schema;
  readonly required: boolean;
  readonly default?: Template;
}
export interface ManualStep extends NodeBase {
  readonly kind: 'manual';
  readonly text: Template;
  readonly fields: readonly ManualField[];
  readonly evidence: 'optional' | 'required';
  readonly assert: readonly Expression[];
  readonly approval?: ApprovalPolicy;
}
export interface GroupStep extends NodeBase {
  readonly kind: 'group';
  readonly steps: readonly PlanNode[];
  /** How many of its steps may be under way at once; 1 = in order. */
  readonly parallel: number;
  readonly timeoutMs?: number;
}
/** `forEach`: its body once an item. `when` stands here, everything else of the written step on the body. */
export interface LoopStep extends NodeBase {
  readonly kind: 'loop';
  /** A list; evaluated once, into the journal. */
  readonly list: Expression;
  /** The item's name beside `item`; `item` where the playbook gives none. */
  readonly as: string;
  /** How many instances may be under way at once; 1 = in order. */
  readonly concurrency: number;
  /** At `<path>[]`. */
  readonly body: PlanNode;
}
/** `playbook:` another playbook, its steps mounted under this path. Only its outputs are seen outside. */
export interface CallStep extends NodeBase {
  readonly kind: 'call';
  readonly playbook: string;
  readonly with: Template;
  readonly steps: readonly PlanNode[];
  readonly parallel: 1;
  readonly timeoutMs?: number;
  /** At `<path>/finally`; runs after its steps, also where they are cut short. */
  readonly finally?: GroupStep;
}
export type PlanNode = ActionStep | ManualStep | GroupStep | LoopStep | CallStep;

export interface PlanInput {
  readonly name: string;
  readonly schema: Schema;
  readonly required: boolean;
  readonly default?: Json;
  readonly description?: string;
}
export interface NamedTemplate {
  readonly name: string;
  readonly value: Template;
}
/** A playbook within the plan: the run's own, or one that is called. Ids are unique within it. */
export interface PlanUnit {
  /** Of its call; '' for the run's own. */
  readonly path: string;
  readonly name: string;
  readonly inputs: readonly PlanInput[];
  /** In the order of the file; each may read those before it. */
  readonly vars: readonly NamedTemplate[];
  readonly outputs: readonly NamedTemplate[];
  /** From step id to static path. */
  readonly paths: ReadonlyMap<string, string>;
  /** As written, for those who read them: the file and its whole text. */
  readonly file: string;
  readonly text: string;
}
export interface Plan {
  readonly name: string;
  readonly title: string;
  /** When to use it, and what it does not do. */
  readonly description?: string;
  readonly category: string;
  readonly severity: string;
  readonly symptoms: readonly string[];
  readonly tags: readonly string[];
  readonly inputs: readonly PlanInput[];
  /** Of this playbook and of all it calls. */
  readonly requires: {
    readonly secrets: readonly string[];
    /** A run starts without them. */
    readonly optionalSecrets: readonly string[];
    readonly env: readonly string[];
  };
  /** By kind of target: how many distinct ones the whole run may touch before somebody must approve. */
  readonly limits: { readonly [kind: string]: number };
  /** `one`: a second run while another is unfinished is refused. */
  readonly concurrency: 'one' | 'many';
  /** The whole run as one in-order group with path ''. Its `timeoutMs` is the playbook's. */
  readonly root: GroupStep;
  /** At `finally`; runs once when the outcome is fixed. */
  readonly finally?: GroupStep;
  /** Some group, call or the run itself has a `timeout`. */
  readonly hasGroupTimeouts: boolean;
  /** Every node by its static path, `each[]` and `finally` included. */
  readonly nodes: ReadonlyMap<string, PlanNode>;
  /** By path: '' is the run's own. */
  readonly units: ReadonlyMap<string, PlanUnit>;
  readonly outputs: readonly NamedTemplate[];
  /** The playbook's whole text, pinned by a run. */
  readonly text: string;
  readonly file: string;
}

/** The nodes directly inside: a loop's body, a call's `finally` last. */
export function nodesInside(node: PlanNode): readonly PlanNode[] {
  if (node.kind === 'group') return node.steps;
  if (node.kind === 'loop') return [node.body];
  if (node.kind === 'call') return node.finally ? [...node.steps, node.finally] : node.steps;
  return [];
}
