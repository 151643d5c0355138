// A person at the real prompts: what is asked is answered with keys, in the order of a script. Used with
// `vi.mock('@inquirer/prompts', …)`, which puts the prompts on streams of their own.
import { PassThrough } from 'node:stream';

/** Text is typed; of several texts each is entered; `choose` goes to the choice that begins so; `mark` toggles choices of a list. All end with Enter. */
export type Keys = string | readonly string[] | { readonly choose: string } | { readonly mark: readonly string[] };
/** What the question's message must hold, and what is pressed. */
export type Turn = readonly [message: string, keys: Keys];

interface Choice {
  readonly name: string;
  readonly value?: unknown;
  readonly disabled?: boolean | string;
}
interface Config {
  readonly message: string;
  readonly choices?: readonly Choice[];
  /** The value of the choice that the cursor begins at. */
  readonly default?: unknown;
}
type Prompt = (config: never, context?: object) => Promise<unknown>;

const UP = '\u001b[A';
const DOWN = '\u001b[B';
const ENTER = '\r';

export class Keyboard {
  #turns: readonly Turn[] = [];
  #next = 0;
  /** What the prompts of this script drew. */
  #drawn = '';

  press(...turns: Turn[]): void {
    this.#turns = turns;
    this.#next = 0;
    this.#drawn = '';
  }

  /** Questions of the script that were not asked. */
  get left(): readonly Turn[] {
    return this.#turns.slice(this.#next);
  }

  get drawn(): string {
    return this.#drawn;
  }

  /** The module's prompts, each on this keyboard. */
  wrap(prompts: { readonly [name: string]: unknown }): { [name: string]: unknown } {
    return Object.fromEntries(
      Object.entries(prompts).map(([name, prompt]) => [
        name,
        typeof prompt === 'function'
          ? // A prompt's own types do not matter here: it is given what it was given.
            (config: Config, context?: object) => this.#ask(prompt as Prompt, config, context)
          : prompt,
      ]),
    );
  }

  async #ask(prompt: Prompt, config: Config, context?: object): Promise<unknown> {
    const [message, keys] = this.#turns[this.#next] ?? [];
    this.#next += 1;
    if (message === undefined || keys === undefined || !config.message.includes(message))
      throw new Error(`not in the script: ${config.message} (expected: ${message ?? 'nothing more'})`);
    const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined });
    const output = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 });
    output.on('data', (part: Buffer) => {
      this.#drawn += part.toString();
    });
    const answer = prompt(config as never, { ...context, input, output });
    for (const key of keysFor(keys, config)) {
      await new Promise((resolve) => setImmediate(resolve));
      input.write(key);
    }
    return answer;
  }
}

function keysFor(keys: Keys, config: Config): string[] {
  if (typeof keys === 'string') return [...(keys === '' ? [] : [keys]), ENTER];
  if (!('choose' in keys || 'mark' in keys)) return keys.flatMap((text) => keysFor(text, config));
  // The cursor passes over disabled choices too.
  const choices = config.choices ?? [];
  const place = (name: string): number => {
    const index = choices.findIndex((choice) => !choice.disabled && choice.name.startsWith(name));
    if (index === -1) throw new Error(`no choice ${name} among ${choices.map((choice) => choice.name).join(', ')}`);
    return index;
  };
  if ('choose' in keys) {
    const begin = config.default === undefined ? -1 : choices.findIndex(({ value }) => value === config.default);
    const moves = place(keys.choose) - Math.max(0, begin);
    return [...Array<string>(Math.abs(moves)).fill(moves < 0 ? UP : DOWN), ENTER];
  }
  const marked = new Set(keys.mark.map(place));
  return [...choices.flatMap((_, index) => (marked.has(index) ? [' ', DOWN] : [DOWN])).slice(0, -1), ENTER];
}
