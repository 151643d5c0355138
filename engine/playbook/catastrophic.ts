// Regular expressions that take time exponential in a text they do not match, such as `^(a+)+$`: no playbook needs
// one, and a run would hang on it. The pattern is read as an automaton of its single characters; where one text leads
// from a place back to it in two ways, a backtracking engine tries them all (known as exponential ambiguity).

/** Characters that stand for all: those of the pattern itself and their neighbours are added. */
const SAMPLES = [
  ...Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)),
  'é',
  'Ж',
  '中',
  '\u2028',
  '😀',
];
/** How often a bounded repetition is written out; more is as good as without end. */
const MOST_COPIES = 2;
const AS_GOOD_AS_ENDLESS = 10;
const MOST_PLACES = 150;

/** A part of the pattern: which places may come first and last, in how many ways (2 stands for more). */
interface Part {
  readonly isEmpty: boolean;
  readonly first: ReadonlyMap<number, number>;
  readonly last: ReadonlyMap<number, number>;
}
interface Automaton {
  /** By place, which of the samples fit. */
  readonly fits: ReadonlySet<string>[];
  /** By place, in how many ways another one follows. */
  readonly next: Map<number, number>[];
}

/** True where it is surely exponential; false for what is not understood: ajv and CEL tell what is no pattern. */
export function isCatastrophic(pattern: string): boolean {
  const automaton: Automaton = { fits: [], next: [] };
  try {
    new Reader(pattern, automaton).whole();
  } catch (error) {
    if (error instanceof NotUnderstood) return false;
    throw error;
  }
  if (automaton.fits.length > MOST_PLACES) return false;
  return hasTwoWays(automaton);
}

class NotUnderstood extends Error {}

const NOTHING: Part = { isEmpty: true, first: new Map(), last: new Map() };

/** Recursive descent over the pattern's text. */
class Reader {
  readonly #text: string;
  readonly #automaton: Automaton;
  readonly #samples: readonly string[];
  #at = 0;

  constructor(text: string, automaton: Automaton) {
    this.#text = text;
    this.#automaton = automaton;
    const own = [...text].flatMap((char) => [-1, 0, 1].map((step) => neighbour(char, step)));
    this.#samples = [...new Set([...SAMPLES, ...own])];
  }

  whole(): Part {
    const part = this.#choice();
    if (this.#at < this.#text.length) throw new NotUnderstood();
    return part;
  }

  #choice(): Part {
    let part = this.#sequence();
    while (this.#take('|')) part = either(part, this.#sequence());
    return part;
  }

  #sequence(): Part {
    let part = NOTHING;
    while (this.#at < this.#text.length && !'|)'.includes(this.#text[this.#at] ?? ''))
      part = this.#then(part, this.#repeated());
    return part;
  }

  #repeated(): Part {
    const start = this.#at;
    const one = this.#atom();
    const end = this.#at;
    const bounds = this.#quantifier();
    if (bounds === undefined) return one;
    this.#take('?');
    const again = (): Part => {
      const after = this.#at;
      this.#at = start;
      const part = this.#atom();
      if (this.#at !== end) throw new NotUnderstood();
      this.#at = after;
      return part;
    };
    return this.#times(one, again, bounds);
  }

  #times(one: Part, again: () => Part, { least, most }: { readonly least: number; readonly most: number }): Part {
    const isEndless = most - least >= AS_GOOD_AS_ENDLESS || most === Number.POSITIVE_INFINITY;
    let part = least === 0 ? optional(one) : one;
    // What must be there several times and then without end repeats its last copy.
    let last = one;
    for (let copy = 1; copy < Math.min(least, MOST_COPIES); copy += 1) {
      last = again();
      part = this.#then(part, last);
    }
    if (isEndless) {
      this.#follow(last.last, last.first);
      return part;
    }
    const more = Math.min(most - Math.max(1, least), MOST_COPIES);
    // `a{1,3}` is `a(a(a)?)?`: each text is made in one way.
    let rest: Part | undefined;
    for (let copy = 0; copy < more; copy += 1)
      rest = optional(rest === undefined ? again() : this.#then(again(), rest));
    if (rest === undefined) return part;
    return least === 0 ? optional(this.#then(one, rest)) : this.#then(part, rest);
  }

  #quantifier(): { readonly least: number; readonly most: number } | undefined {
    if (this.#take('*')) return { least: 0, most: Number.POSITIVE_INFINITY };
    if (this.#take('+')) return { least: 1, most: Number.POSITIVE_INFINITY };
    if (this.#take('?')) return { least: 0, most: 1 };
    const match = /^\{(\d+)(,(\d*))?\}/.exec(this.#text.slice(this.#at));
    if (match === null) return undefined;
    this.#at += match[0].length;
    const least = Number(match[1]);
    const most = match[2] === undefined ? least : match[3] === '' ? Number.POSITIVE_INFINITY : Number(match[3]);
    return { least, most };
  }

  #atom(): Part {
    const rest = this.#text.slice(this.#at);
    const group = /^\((\?:|\?<[A-Za-z_]\w*>|\?=|\?!|\?<=|\?<!)?/.exec(rest);
    if (group !== null) {
      this.#at += group[0].length;
      const isLook = /^\?<?[=!]$/.test(group[1] ?? '');
      const inside = this.#choice();
      if (!this.#take(')')) throw new NotUnderstood();
      return isLook ? NOTHING : inside;
    }
    const nothing = /^(?:[\^$]|\\[bB])/.exec(rest);
    if (nothing !== null) {
      this.#at += nothing[0].length;
      return NOTHING;
    }
    const source =
      /^(?:\[(?:\\[\s\S]|[^\]\\])*\]|\\[pP]\{[^}]*\}|\\u\{[^}]*\}|\\u[\da-fA-F]{4}|\\x[\da-fA-F]{2}|\\c[A-Za-z]|\\[^1-9k]|[^\\*+?{])/u.exec(
        rest,
      )?.[0];
    if (source === undefined) throw new NotUnderstood();
    this.#at += source.length;
    return this.#place(source);
  }

  /** One character of the pattern: which samples it fits, the engine itself says. */
  #place(source: string): Part {
    const { fits, next } = this.#automaton;
    if (fits.length > MOST_PLACES) throw new NotUnderstood();
    const one = regexOf(source);
    const id = fits.push(new Set(this.#samples.filter((sample) => one.test(sample)))) - 1;
    next.push(new Map());
    return { isEmpty: false, first: new Map([[id, 1]]), last: new Map([[id, 1]]) };
  }

  #then(a: Part, b: Part): Part {
    this.#follow(a.last, b.first);
    return {
      isEmpty: a.isEmpty && b.isEmpty,
      first: a.isEmpty ? sum(a.first, b.first) : a.first,
      last: b.isEmpty ? sum(a.last, b.last) : b.last,
    };
  }

  #follow(from: ReadonlyMap<number, number>, to: ReadonlyMap<number, number>): void {
    for (const [a, ways] of from)
      for (const [b, more] of to) {
        const next = this.#automaton.next[a];
        next?.set(b, Math.min(2, (next.get(b) ?? 0) + ways * more));
      }
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at += 1;
    return true;
  }
}

function regexOf(source: string): RegExp {
  try {
    return new RegExp(`^(?:${source})$`, 'u');
  } catch {
    throw new NotUnderstood();
  }
}

function neighbour(char: string, step: number): string {
  const code = (char.codePointAt(0) ?? 0) + step;
  return String.fromCodePoint(Math.min(0x10ffff, Math.max(0, code)));
}

function optional(part: Part): Part {
  return { ...part, isEmpty: true };
}

function either(a: Part, b: Part): Part {
  return { isEmpty: a.isEmpty || b.isEmpty, first: sum(a.first, b.first), last: sum(a.last, b.last) };
}

function sum(a: ReadonlyMap<number, number>, b: ReadonlyMap<number, number>): ReadonlyMap<number, number> {
  const all = new Map(a);
  for (const [place, ways] of b) all.set(place, Math.min(2, (all.get(place) ?? 0) + ways));
  return all;
}

/** Is there a text that leads from a place back to it in two ways? Looks at pairs of places that one text leads to. */
function hasTwoWays({ fits, next }: Automaton): boolean {
  const count = fits.length;
  const loops = next.map((_, place) => returning(place, (from) => [...(next[from]?.keys() ?? [])]));
  const alike = fits.map((own) => fits.map((other) => overlap(own, other)));
  return loops.some((loop, place) => {
    // What is not on a way back to the place leads to nothing that counts.
    const following = (from: number): readonly number[] => [...(next[from]?.keys() ?? [])].filter((to) => loop.has(to));
    const pairsAfter = (pair: number): readonly number[] =>
      following(Math.floor(pair / count)).flatMap((a) =>
        following(pair % count).flatMap((b) => (alike[a]?.[b] === true ? [a * count + b] : [])),
      );
    const isDouble = [...loop].some((from) => following(from).some((to) => (next[from]?.get(to) ?? 0) > 1));
    if (isDouble) return true;
    return [...returning(place * count + place, pairsAfter)].some((pair) => Math.floor(pair / count) !== pair % count);
  });
}

/** All that lies on a way from a place back to it; empty where there is none. */
function returning(start: number, after: (place: number) => readonly number[]): ReadonlySet<number> {
  const before = new Map<number, number[]>();
  const seen = new Set([start]);
  for (const place of seen) {
    for (const to of after(place)) {
      const from = before.get(to);
      if (from === undefined) before.set(to, [place]);
      else from.push(place);
      seen.add(to);
    }
  }
  const found = new Set<number>();
  const queue = [start];
  for (let place = queue.pop(); place !== undefined; place = queue.pop())
    for (const from of before.get(place) ?? []) {
      if (found.has(from)) continue;
      found.add(from);
      queue.push(from);
    }
  return found;
}

function overlap(a: ReadonlySet<string> | undefined, b: ReadonlySet<string> | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  for (const char of a) if (b.has(char)) return true;
  return false;
}
