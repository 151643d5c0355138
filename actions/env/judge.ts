// What is wrong with a set of variables: each by itself, and those that contradict each other. Pure.

import type { VariableKind } from './variables.ts';
import { type Finding, fault, fine, hostOf, isExposed, judgeValue, type KeyMode, kindOf, modeOf } from './variables.ts';

export interface Values {
  readonly [name: string]: string | undefined;
}

export interface Variable {
  readonly name: string;
  readonly kind?: VariableKind;
  readonly required?: boolean;
}

export interface Question {
  readonly variables: readonly Variable[];
  readonly values: Values;
  /** Names that are set although no value can be read (Vercel's sensitive variables). */
  readonly unreadable: ReadonlySet<string>;
  readonly expect: KeyMode | undefined;
  /** Looks also for secrets that browsers would load under any other name. */
  readonly looksAtAll: boolean;
}

/** The first finding of a variable is of itself; what contradicts another one comes after. */
export function judgeAll({ variables, values, unreadable, expect, looksAtAll }: Question): Finding[] {
  const named = new Set(variables.map(({ name }) => name));
  return [
    ...variables.flatMap((variable) => judge(variable, values[variable.name], unreadable.has(variable.name))),
    ...(looksAtAll ? exposedBeyond(values, named) : []),
    ...modeMismatches(variables, values, expect),
    ...hostMismatches(variables, values),
  ];
}

export function kindOfVariable({ name, kind }: Variable): VariableKind {
  return kind ?? kindOf(name);
}

function judge(variable: Variable, value: string | undefined, isUnreadable: boolean): Finding[] {
  const { name, required } = variable;
  if (value !== undefined && value !== '') return [judgeValue(name, kindOfVariable(variable), value)];
  if (isUnreadable) {
    const text = 'listed, but its value cannot be read: a sensitive variable, or set to nothing';
    return [{ name, verdict: 'unreadable', severity: 'warning', text }];
  }
  const how = value === undefined ? 'not set' : 'set to nothing';
  return [required === false ? fine(name, `${how}, and optional`) : fault(name, 'missing', how)];
}

function exposedBeyond(values: Values, named: ReadonlySet<string>): Finding[] {
  return Object.entries(values).flatMap(([name, value]) =>
    value !== undefined && !named.has(name) && isExposed(name, value) ? [judgeValue(name, kindOf(name), value)] : [],
  );
}

/** Keys that contradict the expected mode or, where none is expected, each other. */
function modeMismatches(variables: readonly Variable[], values: Values, expect: KeyMode | undefined): Finding[] {
  const keys = variables.flatMap(({ name }) => {
    const mode = modeOf(values[name]?.trim() ?? '');
    return mode === undefined ? [] : [{ name, mode }];
  });
  const first = keys[0];
  if (first === undefined) return [];
  const wanted = expect ?? first.mode;
  const reason = expect === undefined ? `and ${first.name} is a ${first.mode} key` : `and ${expect} keys are expected`;
  return keys.flatMap(({ name, mode }) =>
    mode === wanted ? [] : [fault(name, 'mismatch', `a ${mode} key, ${reason}`)],
  );
}

/** Publishable keys of two instances: the server and the browser would each ask another one. */
function hostMismatches(variables: readonly Variable[], values: Values): Finding[] {
  const keys = variables.flatMap(({ name }) => {
    const host = hostOf(values[name]?.trim() ?? '');
    return host === undefined ? [] : [{ name, host }];
  });
  const first = keys[0];
  return keys.flatMap(({ name, host }) =>
    first === undefined || host === first.host
      ? []
      : [fault(name, 'mismatch', `of ${host}, and ${first.name} is of ${first.host}: two instances`)],
  );
}
