// Playbooks that call others: each read and compiled once, whoever calls it and however often; rings, chains that are
// too long and plans that are too large found.
import type { Action } from '../action.ts';
import type { JsonObject } from '../json.ts';
import { type Collector, createCollector } from './collector.ts';
import { compileUnit } from './compile-unit.ts';
import type { Diagnostic } from './diagnostics.ts';
import type { ShapeCheck } from './schema.ts';
import type { Path } from './source.ts';
import { parseSource, type Source } from './source.ts';
import { didYouMean, listed } from './suggest.ts';
import { type Callee, MOST_NESTED_CALLS, MOST_NODES } from './units.ts';
import type { ValueValidator } from './validate-value.ts';

/** Where called playbooks come from. Answers the same for as long as a compile takes. */
export interface PlaybookPort {
  names(): readonly string[];
  read(name: string): { readonly text: string; readonly file: string } | undefined;
}
export interface CalleesOptions {
  readonly playbooks: PlaybookPort | undefined;
  readonly actions: ReadonlyMap<string, Action>;
  readonly validator: ValueValidator;
  readonly checkShape: ShapeCheck;
  readonly maxBytes: number | undefined;
  readonly contacts: JsonObject | undefined;
}
export interface Compiled {
  readonly callee: Callee | undefined;
  /** Of all files, the first one's before those it calls. */
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: ReadonlyMap<string, string>;
}

/** A chain of files that never ends is cut off here, long before the stack is. */
const MOST_DESCENTS = 4 * MOST_NESTED_CALLS;

export function compileWithCallees(
  main: { readonly text: string; readonly file: string },
  options: CalleesOptions,
): Compiled {
  const known = new Map<string, Callee | undefined>();
  const collectors: Collector[] = [];
  const sources = new Map<string, string>();
  const under: string[] = [];

  const compileFile = (
    { text, file }: { readonly text: string; readonly file: string },
    isCalled: boolean,
  ): Callee | undefined => {
    const collector = createCollector();
    collectors.push(collector);
    sources.set(file, text);
    const { maxBytes, actions, validator, checkShape, contacts } = options;
    const source = parseSource({ text, file, ...(maxBytes === undefined ? {} : { maxBytes }) }, collector);
    if (source === undefined) return undefined;
    const name = nameIn(source);
    under.push(name);
    let size = 0;
    const callee = (called: string, at: Path): Callee | undefined => {
      const found = call(called, { source, collector, at });
      size += found?.size ?? 0;
      if (size <= MOST_NODES || found === undefined) return found;
      collector.error(
        source.locate(at),
        'E_PLAYBOOK_TOO_LARGE',
        `With \`${called}\` the playbook has more than ${MOST_NODES} steps in all`,
        'call it less often, such as by `forEach`',
      );
      // Told once: what comes after would be told the same.
      size = Number.NEGATIVE_INFINITY;
      return found;
    };
    const compiled = compileUnit(source, { actions, collector, validator, checkShape, contacts, isCalled, callee });
    under.pop();
    // Without a call that is too much: its own steps alone, or with them.
    if (size >= 0 && compiled !== undefined && compiled.size > MOST_NODES) {
      const message = `The playbook has ${compiled.size} steps in all; the most is ${MOST_NODES}`;
      collector.error(source.locateKey(['steps']), 'E_PLAYBOOK_TOO_LARGE', message, 'split it into several playbooks');
    }
    return collector.hasErrors ? undefined : compiled;
  };

  const call = (
    name: string,
    { source, collector, at }: { readonly source: Source; readonly collector: Collector; readonly at: Path },
  ): Callee | undefined => {
    const report = (code: string, message: string, hint?: string): undefined =>
      void collector.error(source.locate(at), code, message, hint);
    const start = under.indexOf(name);
    if (start !== -1) {
      const ring = [...under.slice(start), name].map((one) => `\`${one}\``).join(' → ');
      return report('E_PLAYBOOK_CYCLE', `Playbooks call each other in a ring: ${ring}`, 'a call must come to an end');
    }
    if (!known.has(name)) {
      if (under.length > MOST_DESCENTS) return report('E_PLAYBOOK_DEPTH', tooDeep(under), 'call fewer in one another');
      const text = options.playbooks?.read(name);
      if (text === undefined) {
        const names = options.playbooks?.names() ?? [];
        const hint = didYouMean(name, names, names.length === 0 ? undefined : `playbooks: ${listed(names)}`);
        return report('E_PLAYBOOK_UNKNOWN_PLAYBOOK', `There is no playbook \`${name}\``, hint);
      }
      known.set(name, compileFile(text, true));
    }
    const callee = known.get(name);
    if (callee === undefined) {
      const hint = 'its own errors are listed with it';
      return report('E_PLAYBOOK_CALL', `The playbook \`${name}\`, which is called here, is not valid`, hint);
    }
    if (callee.height + 1 > MOST_NESTED_CALLS) {
      const message = `With \`${name}\`, playbooks call one another over more than ${MOST_NESTED_CALLS} levels`;
      report('E_PLAYBOOK_DEPTH', message, 'call fewer in one another');
    }
    return callee;
  };

  const callee = compileFile(main, false);
  return { callee, diagnostics: collectors.flatMap((collector) => collector.list()), sources };
}

function tooDeep(under: readonly string[]): string {
  return `Playbooks call one another over more than ${MOST_NESTED_CALLS} levels, from \`${under[0] ?? ''}\` on`;
}

function nameIn({ value, file }: Source): string {
  const name = typeof value === 'object' && value !== null && 'name' in value ? value.name : undefined;
  return typeof name === 'string' ? name : file;
}
