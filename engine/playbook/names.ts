// Ids of steps, inputs, vars, fields, outputs and loop items: names that CEL can read after a dot and nobody confuses.
import type { Collector, Span } from './collector.ts';

const ID = /^[a-z][a-z0-9_]*$/;
const MAX_ID_LENGTH = 64;
const KEBAB = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/** CEL's reserved words, cel-js's types and function names, and the names of our own scope. */
const RESERVED = new Set(
  (
    'as break const continue else false for function if import in let loop namespace null package prototype return true var void while ' +
    'bool bytes cel double duration dyn google has int list map null_type optional size string timestamp type uint ' +
    'all bind exists exists_one filter matches ' +
    'contacts env finally inputs item output run secrets steps vars'
  ).split(' '),
);

/** Reports an id that cannot be used. `what` names its kind: "step". */
export function checkId(id: string, what: string, at: Span, collector: Collector): void {
  if (!ID.test(id) || id.length > MAX_ID_LENGTH) {
    const repaired = id
      .toLowerCase()
      .replace(/[^a-z0-9_]+/g, '_')
      .replace(/^[^a-z]+/, '')
      .slice(0, MAX_ID_LENGTH);
    const why = id.includes('-') ? '; in expressions a `-` would subtract' : '';
    const hint = repaired === '' ? 'use lower-case letters, digits and `_`' : `write \`${repaired}\``;
    collector.error(
      at,
      'E_PLAYBOOK_ID',
      `\`${id}\` is no ${what} id: lower-case letters, digits and \`_\`, a letter first${why}`,
      hint,
    );
  } else if (RESERVED.has(id)) {
    collector.error(
      at,
      'E_PLAYBOOK_ID',
      `The ${what} id \`${id}\` is taken by the expression language`,
      `write \`${id}_\` or a fuller name`,
    );
  }
}

/** Reports a playbook's name that is no kebab-case or not that of its file. */
export function checkName(name: string, file: string, at: Span, collector: Collector): void {
  const base = file
    .split(/[/\\]/)
    .at(-1)
    ?.replace(/\.ya?ml$/, '');
  if (!KEBAB.test(name)) {
    collector.error(
      at,
      'E_PLAYBOOK_NAME',
      `The name \`${name}\` is not kebab-case`,
      'lower-case words with `-` between them, such as `breach-response`',
    );
  } else if (/\.ya?ml$/.test(file) && base !== name) {
    collector.error(
      at,
      'E_PLAYBOOK_NAME',
      `The name \`${name}\` is not that of its file, \`${base ?? ''}\``,
      `rename one of the two`,
    );
  }
}
