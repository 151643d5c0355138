// What a plan says: every step of the playbook as it would go, and the sums of it. Data only.
import type { Effect, Outcome, Target } from '../../action.ts';
import type { Json, JsonObject } from '../../json.ts';
import type { ShownRead } from '../declared-reads.ts';
import type { StepKind } from '../events.ts';

/**
 * `runs`: it would. `asks`: a person would be asked. `skipped`: it would not run. `open`: its inputs are not known, so it is
 * shown and was not tried. `fails`: it failed while planning. `unreached`: the run would have ended before.
 */
export type Verdict = 'runs' | 'asks' | 'skipped' | 'open' | 'fails' | 'unreached';

export interface PlannedStep {
  /** As in a run; `each[]` where the list of a loop is not known. */
  readonly path: string;
  readonly id: string;
  readonly kind: StepKind;
  readonly title: string;
  readonly verdict: Verdict;
  /** Whether its turn comes at all hangs on what is not known. */
  readonly isMaybe: boolean;
  /** Why it would not simply run. */
  readonly why?: string;
  readonly when?: PlannedCondition;
  readonly approval?: { readonly by: number; readonly role?: string; readonly reason?: string };
  readonly action?: PlannedAction;
  readonly manual?: PlannedManual;
  /** `count`: null where the list is not known; its body is shown once then. */
  readonly loop?: { readonly list: string; readonly count: number | null };
  readonly call?: { readonly playbook: string; readonly inputs: JsonObject };
  /** What is inside, each instance of a loop, a called playbook's `finally` last. */
  readonly steps: readonly PlannedStep[];
}

/** `holds`: null where it is not evaluated before the run. */
export interface PlannedCondition {
  readonly source: string;
  readonly holds: boolean | null;
}

export interface PlannedAction {
  readonly uses: string;
  readonly effect: Effect;
  /** Secrets as `[secret:NAME]`, what is not known as the expression that would give it. */
  readonly inputs: Json;
  /** Where the step says what it acts on. */
  readonly target?: Json;
  readonly changes: readonly PlannedChanges[];
  /**
   * Whom it would work through, one by one; what it would change of theirs is among the changes. `owners`: whose they are,
   * where a limit asks for it.
   */
  readonly expected: readonly {
    readonly verb: string;
    readonly kind: string;
    readonly ids: readonly string[];
    readonly owners?: readonly Target[];
  }[];
  /** Why it cannot be told what would change, where the action cannot. */
  readonly targetsUnknown?: string;
  /** A read after changes that are only planned: it found what is there now. */
  readonly isBeforeChanges: boolean;
  /** Absent where it is known only in the run. */
  readonly output?: Json;
  /** Requests that are no GET, and processes (`execReads`), that its action says only read. */
  readonly reads: readonly ShownRead[];
  readonly execReads?: string;
  /** Why it waits for no approval. */
  readonly approvalWaived?: string;
  readonly until?: PlannedCondition;
  readonly assert: readonly PlannedCondition[];
  /** What takes its changes back: an action by the step's `undo`, `action` for its own; absent: nothing. */
  readonly undo?: string;
  readonly temporaryMs?: number;
  /** Limits that this step would take the run over. */
  readonly limits: readonly PlannedLimit[];
}

export type PlannedTarget = Pick<Target, 'id' | 'owner' | 'before'> & { readonly error?: string };

/**
 * Of one verb and kind, and with one outcome: `planned` would be changed, `already` is so, `protected` stays. `unknown`: it
 * is so now, and an earlier change of the plan would touch it, so it may be changed in the run.
 */
export interface PlannedChanges {
  readonly verb: string;
  readonly kind: string;
  readonly outcome: Outcome;
  readonly targets: readonly PlannedTarget[];
}

export interface PlannedManual {
  /** What is not known stands as the expression that would give it. */
  readonly text: string;
  readonly fields: readonly PlannedField[];
  readonly needsEvidence: boolean;
}

/** `answers`: given beforehand. `default`: assumed. `none`: optional and left out. `unknown`: only the run will tell. */
export interface PlannedField {
  readonly name: string;
  readonly from: 'answers' | 'default' | 'none' | 'unknown';
  readonly value?: Json;
}

export interface PlannedLimit {
  readonly kind: string;
  readonly limit: number;
  /** Distinct targets and owners, those that are only possible included. */
  readonly count: number;
}

export interface PlannedTotal {
  readonly verb: string;
  readonly kind: string;
  /** Distinct targets that would be changed. */
  readonly count: number;
  /** More of them where what is not known turns out so. */
  readonly possible: number;
  /** Whose they are, those of possible targets included. */
  readonly owners: readonly { readonly kind: string; readonly count: number }[];
  readonly already: number;
  readonly protected: number;
}

export interface PlannedUnknown {
  readonly path: string;
  readonly what: string;
  readonly expression?: string;
  readonly why: string;
}

export interface PlanResult {
  readonly playbook: { readonly name: string; readonly title: string; readonly file: string };
  readonly environment: string;
  readonly isDrill: boolean;
  readonly inputs: JsonObject;
  readonly totals: readonly PlannedTotal[];
  /** Paths of steps that would change something nobody can tell yet: the sums are at least what they say. */
  readonly uncounted: readonly string[];
  readonly limits: readonly (PlannedLimit & { readonly isExceeded: boolean })[];
  readonly approvals: readonly {
    readonly path: string;
    readonly by: number;
    readonly role?: string;
    readonly reason?: string;
    readonly limits?: readonly PlannedLimit[];
  }[];
  readonly assumed: readonly { readonly path: string; readonly field: string; readonly value: Json }[];
  /** Empty: the plan is the whole truth as of now. */
  readonly unknowns: readonly PlannedUnknown[];
  readonly steps: readonly PlannedStep[];
  readonly finally?: PlannedStep;
  readonly outputs: readonly { readonly name: string; readonly value?: Json; readonly why?: string }[];
}
