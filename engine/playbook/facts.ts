// What a condition says about presence: `has(a.b)` and `steps.x.status == 'done'`, through `&&`, `||` and `!`.
import type { ASTNode } from '@marcbachmann/cel-js';
import { literalOf, pathText } from './cel-tree.ts';

export type Facts = ReadonlySet<string>;
export const NO_FACTS: Facts = new Set();

/** Facts are paths known to be present: `steps.x.output`, `inputs.since`. */
export function factsWhen(node: ASTNode, outcome: boolean): Facts {
  switch (node.op) {
    case '!_':
      return factsWhen(node.args, !outcome);
    case '&&':
    case '||': {
      // A true `&&` had both sides true; a false `||` both false. Otherwise nothing is sure but what both say.
      const [left, right] = node.args;
      const sides = [factsWhen(left, outcome), factsWhen(right, outcome)] as const;
      return (node.op === '&&') === outcome ? union(...sides) : intersection(...sides);
    }
    case 'call': {
      const [name, [argument]] = node.args;
      const path = name === 'has' && argument !== undefined && outcome ? pathText(argument) : undefined;
      return path === undefined ? NO_FACTS : new Set([path]);
    }
    case '==':
    case '!=':
      return (node.op === '==') === outcome ? statusFact(node.args[0], node.args[1]) : NO_FACTS;
    default:
      return NO_FACTS;
  }
}

/** True where the fact is about what this name holds: `one.since`. */
export function isAbout(fact: string, name: string): boolean {
  return fact.startsWith(`${name}.`);
}

export function union(a: Facts, b: Facts): Facts {
  if (a.size === 0) return b;
  return b.size === 0 ? a : new Set([...a, ...b]);
}

function intersection(a: Facts, b: Facts): Facts {
  return new Set([...a].filter((fact) => b.has(fact)));
}

function statusFact(left: ASTNode, right: ASTNode): Facts {
  const [path, literal] =
    literalOf(right) === undefined ? [pathText(right), literalOf(left)] : [pathText(left), literalOf(right)];
  const match = literal === 'done' && path !== undefined ? /^(steps\.\w+)\.status$/.exec(path) : null;
  return match === null ? NO_FACTS : new Set([`${match[1]}.output`]);
}
